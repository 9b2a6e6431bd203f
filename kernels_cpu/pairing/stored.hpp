// Miller loops on stored lines, a product a lane.
#pragma once
#include "pairing/affine.hpp"
#include "pairing/values.hpp"

COPROC_BEGIN

#if COPROC_LANES
template <class F2> COPROC_INLINE F2 raw_lanes(const u64 *const *at) {
  using F = typename F2::Base;
  LaneAddresses<F> a;
  for (int i = 0; i < 8; i++) a.at[i] = at[i];
  return {gather_raw<F>(a.at), gather_raw<F>((a + F::LIMBS).at)};
}

// A pair a lane with stored lines. xy = x / y and iy = 1 / y times what converts the stored form. `normalised`: every l0 of every lane
// is 1. A lane that is not live multiplies by w^3 (BLS12-381) or 1 (BN254).
template <class C> struct StoredPair {
  using F = typename C::F;
  F x, y, xy, iy;
  const u64 *lines[8];
  typename F::Mask live;
  bool normalised;
  usize accumulator;
};

template <class C> COPROC_NOINLINE void multiply_by_stored(typename C::F12 *f, const StoredPair<C> &p, int line) {
  using F = typename C::F;
  using F2 = typename C::F2;
  constexpr int k = 2 * F::LIMBS;
  LaneAddresses<F> at;
  for (int i = 0; i < 8; i++) {
    at.at[i] = p.lines[i] + static_cast<usize>(line) * C::LINE_WORDS;
    // the next line, read when all other pairs had this one: no stream that a processor would foresee
    for (int word = 0; word < C::LINE_WORDS; word += 8) __builtin_prefetch(at.at[i] + C::LINE_WORDS + word, 0, 2);
  }
  typename C::F12 &to = f[p.accumulator];
  if constexpr (C::M_TWIST) {
    mul_by_normalised_line<C>(to, mul_by_fp(raw_lanes<F2>(at.at), p.xy), mul_by_fp(raw_lanes<F2>((at + k).at), p.iy));
  } else {
    if (p.normalised) {
      mul_by_normalised_line<C>(to, mul_by_fp(raw_lanes<F2>((at + k).at), p.xy), mul_by_fp(raw_lanes<F2>((at + 2 * k).at), p.iy));
    } else {
      const F2 l0 = mul_by_fp(gather<F2>(at.at), p.y), l1 = mul_by_fp(gather<F2>((at + k).at), p.x), l2 = gather<F2>((at + 2 * k).at);
      mul_by_line<C>(to, {select(p.live, l0, F2::one()), select(p.live, l1, F2::zero()), select(p.live, l2, F2::zero())});
    }
  }
}

// The Miller products of n pairs (n >= 1) into their accumulators.
template <class C> COPROC_NOINLINE void miller_loop(const StoredPair<C> *pairs, usize n, typename C::F12 *f, usize accumulators) {
  for (usize i = 0; i < accumulators; i++) f[i] = C::F12::one();
  int line = 0;
  const auto multiply = [&](int lines) {
    for (usize i = 0; i < n; i++)
      for (int j = 0; j < lines; j++) multiply_by_stored<C>(f, pairs[i], line + j);
    line += lines;
  };
  for (int step = 0; step < C::STEPS; step++) {
    if (step)
      for (usize i = 0; i < accumulators; i++) f[i] = sqr(f[i]);
    multiply(C::digit(step) ? 2 : 1);
  }
  if constexpr (C::M_TWIST) {
    for (usize i = 0; i < accumulators; i++) f[i] = conj(f[i]); // x < 0
  } else {
    multiply(2);
  }
}
#endif

COPROC_END
