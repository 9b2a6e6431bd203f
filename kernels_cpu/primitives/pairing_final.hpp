// Final exponentiations of many values: eight at a time where there are lanes.
#pragma once
#include "pairing/final_exponentiation.hpp"
#include "pairing/values.hpp"

COPROC_BEGIN

#if COPROC_LANES
// From here on eight values in lanes are faster than one after the other, each across the lanes.
template <class C> inline constexpr usize FEW_VALUES = C::M_TWIST ? 4 : 5;

// The values in[index[i]], i < n <= 8, none of them 0 or 1: these have no compressed squares.
template <class C> COPROC_NOINLINE void final_exponentiation_lanes(const u64 *in, u64 *gt, const usize *index, usize n) {
  constexpr usize WORDS = 12 * C::F::LIMBS;
  const u64 *from[8];
  u64 *to[8];
  for (usize i = 0; i < 8; i++) {
    const usize at = index[i < n ? i : 0] * WORDS;
    from[i] = in + at, to[i] = gt + at;
  }
  store_lanes(final_exponentiation<C>(load_gt_lanes<typename C::F12>(from)), to, Mask8::first(n));
}
#endif

// gt[i] = final exponentiation of in[i], 0 for 0; the two may be the same memory.
template <class C> void final_exponentiations(usize n, const u64 *in, u64 *gt) {
  using F12 = typename C::F12;
  constexpr usize WORDS = 12 * C::F::LIMBS;
  const F12 one = F12::one();
  usize waiting[8], many = 0;
  const auto finish = [&] {
#if COPROC_LANES
    if (many >= FEW_VALUES<C>) {
      final_exponentiation_lanes<typename C::template In<Lane8>>(in, gt, waiting, many);
      many = 0;
    }
#endif
    for (usize i = 0; i < many; i++) final_exponentiation<C>(F12::load(in + waiting[i] * WORDS)).store(gt + waiting[i] * WORDS);
    many = 0;
  };
  for (usize i = 0; i < n; i++) {
    const F12 f = F12::load(in + i * WORDS);
    if (is_zero(f) || f == one) {
      f.store(gt + i * WORDS);
      continue;
    }
    waiting[many++] = i;
    if (many == 8) finish();
  }
  finish();
}

COPROC_END
