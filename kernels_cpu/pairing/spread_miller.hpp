// A Miller loop over few pairs with stored lines, the accumulator across the lanes.
#pragma once
#include "pairing/miller.hpp"
#include "pairing/stored.hpp"
#if COPROC_LANES

COPROC_BEGIN

// Lines of two pairs, evaluated by one product: (l1 xy, l2 iy) of the first, then of the second.
template <class C> struct TwoLines {
  using P = typename C::F::Params;
  using F = Fp<P, Lane8>;
  static constexpr int K = C::F::LIMBS, FIRST = C::LINE_WORDS - 4 * K; // where l1 begins: l0 is 1
  F factors;
  const u64 *at[8];

  void set(const PreparedPair<C> &p, const PreparedPair<C> &q) {
    const u64 *from[8] = {p.xy.v, p.xy.v, p.iy.v, p.iy.v, q.xy.v, q.xy.v, q.iy.v, q.iy.v};
    factors = gather<F>(from) * gather_factor<F>();
    for (int i = 0; i < 4; i++) at[i] = p.lines + FIRST + i * K, at[4 + i] = q.lines + FIRST + i * K;
  }
  COPROC_INLINE F line(int n) const {
    const u64 *from[8];
    for (int i = 0; i < 8; i++) from[i] = at[i] + static_cast<usize>(n) * C::LINE_WORDS;
    return gather_raw<F>(from) * factors;
  }
  // words 2 i, 2 i + 1 in every coordinate
  template <int i> static COPROC_INLINE Spread6<P> everywhere(const F &a) {
    Spread6<P> r;
    for (int j = 0; j < F::N; j++) r.z.v[j] = _mm512_shuffle_i64x2(a.v[j], a.v[j], i * 0x55);
    return r;
  }
};

// Product of the Miller functions of n pairs, 1 <= n <= MOST, all of them normalised.
template <class C, usize MOST> COPROC_NOINLINE typename C::F12 miller_loop_spread(const PreparedPair<C> *pairs, usize n) {
  using Two = TwoLines<C>;
  Two twos[(MOST + 1) / 2];
  for (usize i = 0; i < n; i += 2) twos[i / 2].set(pairs[i], pairs[i + 1 < n ? i + 1 : i]);
  auto f = Spread12<typename C::F::Params>::load(C::F12::one());
  int line = 0;
  const auto multiply = [&](int lines) {
    for (int end = line + lines; line < end; line++)
      for (usize i = 0; i < n; i += 2) {
        const auto l = twos[i / 2].line(line);
        f.mul_by_line(Two::template everywhere<0>(l), Two::template everywhere<1>(l));
        if (i + 1 < n) f.mul_by_line(Two::template everywhere<2>(l), Two::template everywhere<3>(l));
      }
  };
  for (int step = 0; step < C::STEPS; step++) {
    if (step) f = sqr(f);
    multiply(C::digit(step) ? 2 : 1);
  }
  if constexpr (C::M_TWIST) {
    return conj(f.value()); // x < 0
  } else {
    multiply(2);
    return f.value();
  }
}

COPROC_END
#endif
