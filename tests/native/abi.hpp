// What the tests of the C ABI share: the tables of this machine, groups by number, numbers of 256 bits, random points.
#pragma once
#include <cstring>
#include <initializer_list>
#include <vector>

#include "check.hpp"
#include "constants.hpp"
#include "coproc.h"

namespace native {

namespace constants = coproc::constants;

using Words = std::vector<u64>;
using Bytes = std::vector<u8>;
using Kernels = coproc_kernels_table;

// The instruction sets that were built and that this machine runs; the portable one first.
inline std::vector<const Kernels *> tables() {
  std::vector<const Kernels *> out;
  for (const char *name : {"portable", "adx", "ifma"})
    if (const Kernels *table = coproc_kernels(name)) out.push_back(table);
  return out;
}

inline int point_words(int group) {
  constexpr int WORDS[4] = {12, 24, 8, 16};
  return WORDS[group];
}
inline int gt_words(int curve) { return curve == COPROC_BLS12_381 ? 72 : 48; }
inline int g1_of(int curve) { return curve == COPROC_BLS12_381 ? COPROC_BLS12_381_G1 : COPROC_BN254_G1; }
inline int g2_of(int curve) { return g1_of(curve) + 1; }
inline int curve_of(int group) { return group < 2 ? COPROC_BLS12_381 : COPROC_BN254; }
inline const u64 *order_of(int curve) {
  return curve == COPROC_BLS12_381 ? constants::bls12_381::Fr::MODULUS : constants::bn254::Fr::MODULUS;
}
constexpr int GROUPS[4] = {COPROC_BLS12_381_G1, COPROC_BLS12_381_G2, COPROC_BN254_G1, COPROC_BN254_G2};
constexpr int CURVES[2] = {COPROC_BLS12_381, COPROC_BN254};

template <class E> void append(Words &out, const E &e) { out.insert(out.end(), e.r64, e.r64 + sizeof(e.r64) / 8); }
template <class E> void append(Words &out, const E (&e)[2]) {
  append(out, e[0]);
  append(out, e[1]);
}

inline Words generator(int group) {
  Words out;
  switch (group) {
  case COPROC_BLS12_381_G1:
    append(out, constants::bls12_381::G1_X), append(out, constants::bls12_381::G1_Y);
    break;
  case COPROC_BLS12_381_G2:
    append(out, constants::bls12_381::G2_X), append(out, constants::bls12_381::G2_Y);
    break;
  case COPROC_BN254_G1:
    append(out, constants::bn254::G1_X), append(out, constants::bn254::G1_Y);
    break;
  default:
    append(out, constants::bn254::G2_X), append(out, constants::bn254::G2_Y);
    break;
  }
  return out;
}

// ---- numbers of 256 bits ----------------------------------------------------------------------------------------------

inline bool below(const Words &a, const u64 *b) {
  for (int i = 4; i-- > 0;)
    if (a[i] != b[i]) return a[i] < b[i];
  return false;
}
inline Words subtracted(const u64 *a, const Words &b) { // mod 2^256
  Words out(4);
  u64 borrow = 0;
  for (int i = 0; i < 4; i++) {
    out[i] = a[i] - b[i] - borrow;
    borrow = a[i] < b[i] || (a[i] == b[i] && borrow != 0) ? 1 : 0;
  }
  return out;
}
inline Words small(u64 value) { return {value, 0, 0, 0}; }

// Sums and products modulo the order of a curve, through the scalar field of a table.
inline Words modular(const Kernels *k, int curve, int op, const Words &a, const Words &b) {
  const int field = curve == COPROC_BLS12_381 ? COPROC_BLS12_381_FR : COPROC_BN254_FR;
  Words x(4), y(4), out(4);
  k->field(field, COPROC_TO_MONT, 1, a.data(), nullptr, x.data());
  k->field(field, COPROC_TO_MONT, 1, b.data(), nullptr, y.data());
  k->field(field, op, 1, x.data(), y.data(), out.data());
  k->field(field, COPROC_FROM_MONT, 1, out.data(), nullptr, x.data());
  return x;
}

// Scalars on which digits, signs and lattices turn, then random ones; any value below 2^256.
inline Words scalar(Random &random, int curve, u64 i) {
  const u64 *r = order_of(curve);
  constexpr u64 X = constants::bls12_381::X_ABS, ONES = ~u64{0};
  switch (i) {
  case 0:
    return small(0);
  case 1:
    return small(1);
  case 2:
    return small(2);
  case 3:
    return subtracted(r, small(1));
  case 4:
    return subtracted(r, small(2));
  case 5:
    return {r[0], r[1], r[2], r[3]};
  case 6:
    return subtracted(r, {ONES, ONES, ONES, ONES}); // r + 1
  case 7:
    return {ONES, ONES, ONES, ONES};
  case 8:
    return {0, 0, 0, u64{1} << 63};
  case 9:
    return {0, 1, 0, 0};
  case 10:
    return {0, 0, 1, 0};
  case 11:
    return {ONES, ONES, 0, 0};
  case 12:
    return small(X);
  case 13:
    return small(X - 1);
  case 14:
    return {0, X, 0, 0};
  case 15:
    return {0x5555555555555555, 0x5555555555555555, 0x5555555555555555, 0x5555555555555555};
  case 16:
    return {0, 0, 0, 1};
  case 17:
    return {ONES, 0, ONES, 0};
  default:
    break;
  }
  Words out(4);
  random.fill(out.data(), 4);
  if (random.chance(4))
    for (u64 &word : out)
      if (random.chance(2)) word = random.chance(2) ? 0 : ONES;
  return out;
}
constexpr u64 EDGE_SCALARS = 18;

// ---- points -------------------------------------------------------------------------------------------------------------

inline Words times(const Kernels *k, int group, const Words &point, const Words &by) {
  Words out(point.size());
  k->scalar_mul(group, 1, point.data(), by.data(), out.data());
  return out;
}
inline Words plus(const Kernels *k, int group, const Words &a, const Words &b) {
  Words out(a.size());
  k->add(group, 1, a.data(), b.data(), out.data());
  return out;
}
inline Words infinity(int group) { return Words(point_words(group)); }
inline Words negated(const Kernels *k, int group, const Words &p) {
  const int words = point_words(group), limbs = group < 2 ? 6 : 4, field = group < 2 ? COPROC_BLS12_381_FP : COPROC_BN254_FP;
  Words out = p;
  k->field(field, COPROC_NEG, words / 2 / limbs, p.data() + words / 2, nullptr, out.data() + words / 2);
  return out;
}
inline Words random_point(const Kernels *k, int group, Random &random) {
  Words by(4);
  random.fill(by.data(), 4);
  return times(k, group, generator(group), by);
}

} // namespace native
