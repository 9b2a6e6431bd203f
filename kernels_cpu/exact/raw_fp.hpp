// RawFp and RawFp2: the base field of BLS12-381 and its quadratic extension on limbs as given, reduced or not.
#pragma once
#include "constants.hpp"
#include "exact/raw_limbs.hpp"

COPROC_BEGIN

// Six little-endian limbs, Montgomery form with R = 2^384, any value below 2^384. Equality and is_zero compare limbs: p is not 0.
struct RawFp {
  using P = constants::bls12_381::Fp;
  u64 v[6];

  static RawFp zero() { return {{0, 0, 0, 0, 0, 0}}; }
  static RawFp one() { return load(P::ONE); }
  static RawFp load(const u64 *limbs) {
    RawFp a;
    std::memcpy(a.v, limbs, sizeof a.v);
    return a;
  }
  static RawFp load_bytes(const u8 *bytes) {
    RawFp a;
    std::memcpy(a.v, bytes, sizeof a.v);
    return a;
  }
  template <class E> static RawFp constant(const E &e) { return load(e.r64); }
  void store(u64 *limbs) const { std::memcpy(limbs, v, sizeof v); }
};

inline RawFp operator+(const RawFp &a, const RawFp &b) {
  RawFp out;
  exact::add_mod_limbs<6>(out.v, a.v, b.v, RawFp::P::MODULUS);
  return out;
}

inline RawFp operator-(const RawFp &a) {
  RawFp out;
  exact::negate_limbs<6>(out.v, a.v, RawFp::P::MODULUS);
  return out;
}

// Not the formula of RawFr: the negative is taken first, and is wrong (mod p) for b > p unless the sum wraps back.
inline RawFp operator-(const RawFp &a, const RawFp &b) { return -b + a; }

inline RawFp operator*(const RawFp &a, const RawFp &b) {
  RawFp out;
  exact::multiply_limbs<6>(out.v, a.v, b.v, RawFp::P::MODULUS, RawFp::P::N0);
  return out;
}

inline RawFp sqr(const RawFp &a) { return a * a; }
inline RawFp dbl(const RawFp &a) { return a + a; }
inline bool operator==(const RawFp &a, const RawFp &b) { return exact::equal_limbs<6>(a.v, b.v); }
inline bool is_zero(const RawFp &a) { return exact::is_zero_limbs<6>(a.v); }
inline bool is_reduced(const RawFp &a) { return exact::below_limbs<6>(a.v, RawFp::P::MODULUS); }

// The plain value, always below the modulus: a Montgomery reduction of the limbs alone.
inline void to_plain(const RawFp &a, u64 *out) {
  u64 t[12] = {};
  std::memcpy(t, a.v, sizeof a.v);
  exact::reduce_limbs<6>(out, t, RawFp::P::MODULUS, RawFp::P::N0);
}

// The same element with reduced limbs.
inline RawFp reduce(const RawFp &a) { return a * RawFp::one(); }

// a^(p-2), bits downwards from one: each product has a reduced operand, so this is exact mod p for any limbs; 0 for 0.
inline RawFp invert(const RawFp &a) {
  RawFp out = RawFp::one();
  for (int i = 383; i >= 0; i--) {
    out = sqr(out);
    if ((RawFp::P::P_MINUS_2[i / 64] >> (i % 64) & 1) != 0) out = out * a;
  }
  return out;
}

// sum of a[i] * b[i] over 7 limbs, one Montgomery step after each limb of the a[i]: the two lists are not interchangeable. What
// carries beyond 448 bits is lost; one conditional subtraction at the end.
template <int T> inline RawFp sum_of_products(const RawFp (&a)[T], const RawFp (&b)[T]) {
  u64 u[7] = {};
  for (int j = 0; j < 6; j++) {
    u[6] = 0;
    for (int i = 0; i < T; i++) exact::multiply_accumulate<6>(u, a[i].v[j], b[i].v);
    exact::multiply_accumulate<6>(u, u[0] * RawFp::P::N0, RawFp::P::MODULUS);
    for (int i = 0; i < 6; i++) u[i] = u[i + 1];
  }
  RawFp out = RawFp::load(u);
  exact::subtract_once<6>(out.v, RawFp::P::MODULUS);
  return out;
}

// c0 + c1 u, u^2 = -1.
struct RawFp2 {
  RawFp c0, c1;

  static RawFp2 zero() { return {RawFp::zero(), RawFp::zero()}; }
  static RawFp2 one() { return {RawFp::one(), RawFp::zero()}; }
  static RawFp2 load_bytes(const u8 *bytes) { return {RawFp::load_bytes(bytes), RawFp::load_bytes(bytes + 48)}; }
  template <class E> static RawFp2 constant(const E (&e)[2]) { return {RawFp::constant(e[0]), RawFp::constant(e[1])}; }
};

inline RawFp2 operator+(const RawFp2 &a, const RawFp2 &b) { return {a.c0 + b.c0, a.c1 + b.c1}; }
inline RawFp2 operator-(const RawFp2 &a, const RawFp2 &b) { return {a.c0 - b.c0, a.c1 - b.c1}; }
inline RawFp2 operator-(const RawFp2 &a) { return {-a.c0, -a.c1}; }
inline RawFp2 dbl(const RawFp2 &a) { return a + a; }
inline RawFp2 conj(const RawFp2 &a) { return {a.c0, -a.c1}; }
inline bool operator==(const RawFp2 &a, const RawFp2 &b) { return a.c0 == b.c0 && a.c1 == b.c1; }
inline bool is_zero(const RawFp2 &a) { return is_zero(a.c0) && is_zero(a.c1); }
inline bool is_reduced(const RawFp2 &a) { return is_reduced(a.c0) && is_reduced(a.c1); }

inline RawFp2 operator*(const RawFp2 &a, const RawFp2 &b) {
  return {sum_of_products<2>({a.c0, -a.c1}, {b.c0, b.c1}), sum_of_products<2>({a.c0, a.c1}, {b.c1, b.c0})};
}

// (c0 + c1)(c0 - c1) + 2 c0 c1 u
inline RawFp2 sqr(const RawFp2 &a) { return {(a.c0 + a.c1) * (a.c0 - a.c1), dbl(a.c0) * a.c1}; }

inline RawFp2 mul_by_fp(const RawFp2 &a, const RawFp &f) { return {a.c0 * f, a.c1 * f}; }

// a (1 + u)
inline RawFp2 mul_by_nonresidue(const RawFp2 &a) { return {a.c0 - a.c1, a.c0 + a.c1}; }

// conj(a) / (c0^2 + c1^2); 0 for 0.
inline RawFp2 invert(const RawFp2 &a) {
  const RawFp t = invert(sqr(a.c0) + sqr(a.c1));
  return {a.c0 * t, a.c1 * -t};
}

COPROC_END
