// Random inputs of the benches, made through the C ABI itself: points of prime order, their encodings, scalars.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "constants.hpp"
#include "coproc.h"

namespace coproc::bench {

using u8 = std::uint8_t;
using u64 = std::uint64_t;
using Words = std::vector<u64>;

// splitmix64: fixed seed, so that every run times the same inputs.
class Random {
  u64 state_;

 public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 next() {
    u64 z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
};

// One group: its name in coproc.h, words a point, bytes of a compressed point and the encoding that is timed.
struct Group {
  int id, encoding;
  std::size_t words, bytes;
  Words generator;
};

struct Curve {
  int id;
  const char *name;
  const u64 *order; // 4 limbs
  std::size_t gt_words;
  Group g1, g2;
};

template <class... E> Words concatenate(const E &...elements) {
  Words w;
  auto append = [&w](const auto &element) {
    for (const u64 limb : element.r64) w.push_back(limb);
  };
  (append(elements), ...);
  return w;
}

inline Curve bls12_381() {
  namespace k = constants::bls12_381;
  return {COPROC_BLS12_381,
          "bls12-381",
          k::Fr::MODULUS,
          72,
          {COPROC_BLS12_381_G1, COPROC_ZCASH, 12, 48, concatenate(k::G1_X, k::G1_Y)},
          {COPROC_BLS12_381_G2, COPROC_ZCASH, 24, 96, concatenate(k::G2_X[0], k::G2_X[1], k::G2_Y[0], k::G2_Y[1])}};
}

inline Curve bn254() {
  namespace k = constants::bn254;
  return {COPROC_BN254,
          "bn254",
          k::Fr::MODULUS,
          48,
          {COPROC_BN254_G1, COPROC_ARK_COMPRESSED, 8, 32, concatenate(k::G1_X, k::G1_Y)},
          {COPROC_BN254_G2, COPROC_ARK_COMPRESSED, 16, 64, concatenate(k::G2_X[0], k::G2_X[1], k::G2_Y[0], k::G2_Y[1])}};
}

// n scalars below the order (4 limbs each), or n scalars of 128 bits.
inline Words scalars(Random &random, const Curve &curve, std::size_t n) {
  Words out;
  while (out.size() < 4 * n) {
    u64 s[4];
    for (u64 &limb : s) limb = random.next();
    s[3] >>= 1;
    bool below = false;
    for (int i = 3; i >= 0; i--) {
      if (s[i] == curve.order[i]) continue;
      below = s[i] < curve.order[i];
      break;
    }
    if (below) out.insert(out.end(), s, s + 4);
  }
  return out;
}
// n coefficients of a fold: a + b m with a, b of 64 bits, where the endomorphism of G1 multiplies by m (BN254) or by -m (BLS12-381: m =
// x^2).
inline Words coefficients(const coproc_kernels_table &t, Random &random, const Curve &curve, std::size_t n) {
  const bool bls = curve.id == COPROC_BLS12_381;
  const int field = bls ? COPROC_BLS12_381_FR : COPROC_BN254_FR;
  Words a(4 * n), b(4 * n), m(4 * n);
  for (std::size_t i = 0; i < n; i++) {
    a[4 * i] = random.next(), b[4 * i] = random.next();
    if (bls) m[4 * i] = constants::bls12_381::X_ABS;
    else std::copy_n(constants::bn254::LAMBDA, 4, &m[4 * i]);
  }
  for (Words *w : {&a, &b, &m}) t.field(field, COPROC_TO_MONT, n, w->data(), nullptr, w->data());
  if (bls) t.field(field, COPROC_SQR, n, m.data(), nullptr, m.data());
  t.field(field, COPROC_MUL, n, b.data(), m.data(), b.data());
  t.field(field, COPROC_ADD, n, a.data(), b.data(), a.data());
  t.field(field, COPROC_FROM_MONT, n, a.data(), nullptr, a.data());
  return a;
}
inline Words scalars_128(Random &random, std::size_t n) {
  Words out(4 * n);
  for (std::size_t i = 0; i < n; i++) out[4 * i] = random.next(), out[4 * i + 1] = random.next();
  return out;
}

// An arithmetic progression of n points from a random one, with a random step: distinct, no two alike in their discrete logarithms.
inline Words points(const coproc_kernels_table &t, Random &random, const Curve &curve, const Group &group, std::size_t n) {
  const Words k = scalars(random, curve, 2);
  Words g(group.generator);
  g.insert(g.end(), group.generator.begin(), group.generator.end());
  Words ends(2 * group.words), out(n * group.words);
  t.scalar_mul(group.id, 2, g.data(), k.data(), ends.data());
  std::copy_n(ends.data(), group.words, out.data());
  for (std::size_t i = 1; i < n; i++) t.add(group.id, 1, &out[(i - 1) * group.words], &ends[group.words], &out[i * group.words]);
  return out;
}

// Pointers to n pieces of `stride` elements.
template <class T> std::vector<const T *> pieces(const std::vector<T> &data, std::size_t n, std::size_t stride) {
  std::vector<const T *> out(n);
  for (std::size_t i = 0; i < n; i++) out[i] = data.data() + i * stride;
  return out;
}

} // namespace coproc::bench
