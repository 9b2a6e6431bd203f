// RawFr: the scalar field of BLS12-381 (= base field of JubJub) on limbs as given, reduced or not.
#pragma once
#include "constants.hpp"
#include "exact/raw_limbs.hpp"

COPROC_BEGIN

// Four little-endian limbs, Montgomery form with R = 2^256, any value below 2^256. Equality and is_zero compare limbs: p is not 0.
struct RawFr {
  using P = constants::bls12_381::Fr;
  u64 v[4];

  static RawFr zero() { return {{0, 0, 0, 0}}; }
  static RawFr one() { return load(P::ONE); }
  static RawFr load(const u64 *limbs) { return {{limbs[0], limbs[1], limbs[2], limbs[3]}}; }
  static RawFr load_bytes(const u8 *bytes) {
    RawFr a;
    std::memcpy(a.v, bytes, sizeof a.v);
    return a;
  }
  template <class E> static RawFr constant(const E &e) { return load(e.r64); }
  void store(u64 *limbs) const { std::memcpy(limbs, v, sizeof v); }
};

inline RawFr operator+(const RawFr &a, const RawFr &b) {
  RawFr out;
  exact::add_mod_limbs<4>(out.v, a.v, b.v, RawFr::P::MODULUS);
  return out;
}

inline RawFr operator-(const RawFr &a, const RawFr &b) {
  RawFr out;
  if (exact::sub_limbs<4>(out.v, a.v, b.v) != 0) exact::add_limbs<4>(out.v, out.v, RawFr::P::MODULUS);
  return out;
}

inline RawFr operator-(const RawFr &a) {
  RawFr out;
  exact::negate_limbs<4>(out.v, a.v, RawFr::P::MODULUS);
  return out;
}

inline RawFr operator*(const RawFr &a, const RawFr &b) {
  RawFr out;
  exact::multiply_limbs<4>(out.v, a.v, b.v, RawFr::P::MODULUS, RawFr::P::N0);
  return out;
}

inline RawFr sqr(const RawFr &a) { return a * a; }
inline RawFr dbl(const RawFr &a) { return a + a; }
inline bool operator==(const RawFr &a, const RawFr &b) { return exact::equal_limbs<4>(a.v, b.v); }
inline bool is_zero(const RawFr &a) { return exact::is_zero_limbs<4>(a.v); }
inline bool is_reduced(const RawFr &a) { return exact::below_limbs<4>(a.v, RawFr::P::MODULUS); }

// The plain value, always below the modulus: a Montgomery reduction of the limbs alone.
inline void to_plain(const RawFr &a, u64 *out) {
  u64 t[8] = {a.v[0], a.v[1], a.v[2], a.v[3], 0, 0, 0, 0};
  exact::reduce_limbs<4>(out, t, RawFr::P::MODULUS, RawFr::P::N0);
}

// a^(p-2) through upstream's own addition chain; one and minus one are answered as they are. a must not be zero (limbs).
//
// The chain is followed to the letter because in its first products, a^2 and a^2 a, both operands may be unreduced: a carry out of
// 2^256 is then lost and the result is not a^-1 (it happens for a above 0.74 * 2^256 only). From (a^2)^2 on nothing overflows.
// Source: dusk-bls12_381 0.14.2, Scalar::invert.
inline RawFr invert(const RawFr &a) {
  if (a == RawFr::one() || a == -RawFr::one()) return a;
  RawFr t[18];
  t[0] = sqr(a);
  t[1] = t[0] * a;

  // t[to] = t[left] * t[right]: the powers that the windows below pick from.
  struct Product {
    u8 to, left, right;
  };
  constexpr Product PRODUCTS[] = {{16, 0, 0},   {6, 16, 16},  {5, 6, 0},   {0, 6, 16},  {12, 5, 16},  {2, 6, 6},    {7, 5, 6},
                                  {15, 0, 5},   {17, 12, 12}, {1, 1, 17},  {3, 7, 2},   {8, 1, 17},   {4, 8, 2},    {9, 8, 7},
                                  {7, 4, 5},    {11, 4, 17},  {5, 9, 17},  {14, 7, 15}, {13, 11, 12}, {12, 11, 17}, {15, 15, 12},
                                  {16, 16, 15}, {3, 3, 16},   {17, 17, 3}, {0, 0, 17},  {6, 6, 0},    {2, 2, 6}};
  for (const Product &m : PRODUCTS) t[m.to] = t[m.left] * t[m.right];

  // t[0] = t[0]^(2^squarings) * t[by]; by = SELF stands for a.
  constexpr u8 SELF = 18;
  struct Window {
    u8 squarings, by;
  };
  constexpr Window WINDOWS[] = {{8, 17}, {9, 16}, {9, 15}, {9, 15}, {7, 14}, {7, 13}, {10, 12}, {9, 11}, {8, 8}, {8, SELF},
                                {14, 9}, {10, 8}, {15, 7}, {10, 6}, {8, 5},  {16, 3}, {8, 2},   {7, 4},  {9, 2}, {8, 3},
                                {8, 2},  {8, 2},  {8, 2},  {8, 3},  {8, 2},  {8, 2},  {5, 1},   {5, 1}};
  for (const Window &w : WINDOWS) {
    for (int i = 0; i < w.squarings; i++) t[0] = sqr(t[0]);
    t[0] = t[0] * (w.by == SELF ? a : t[w.by]);
  }
  return t[0];
}

COPROC_END
