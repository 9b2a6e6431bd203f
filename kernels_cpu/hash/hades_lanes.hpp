// Hades252 on eight states at once, in the scaled form of coproc/params/hades_scaled.py (its schedule LANES).
//
// A row of the matrix is a sum of five numbers times integers below 2^17, six uncarried words; one step of Montgomery's reduction takes
// the lowest away and divides by 2^52, for which the constants of the schedule make up. The words of y are below 1.18 p, so that a sum
// is below 2^19 p and a reduced one below p + 2^-33 p, below 2.01 p with a round's constant: an operand for products.
#pragma once
#include "hash/hades.hpp"

#if COPROC_LANES
#include "field/lanes.hpp"

COPROC_BEGIN

namespace hades {

// The sum of one row before its reduction.
template <class P> struct RowSum {
  static_assert(P::LIMBS52 == 5);
  Vec8 low[5], high[5]; // words 0..4 and 1..5

  // 2^52 times the constant, so that the reduced sum has the constant itself.
  template <class E> COPROC_INLINE void start(const E &constant) {
    for (int i = 0; i < 5; i++) low[i] = _mm512_setzero_si512(), high[i] = splat(constant.r52[i]);
  }
  COPROC_INLINE void start() {
    for (int i = 0; i < 5; i++) low[i] = high[i] = _mm512_setzero_si512();
  }
  template <int ROW, int J> COPROC_INLINE void add(const Fp<P, Lane8> &y) {
    const Vec8 m = splat(small_mds(ROW, J));
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) low[i] = madd_low(low[i], y.v[i], m), high[i] = madd_high(high[i], y.v[i], m);
  }
  template <int ROW> COPROC_INLINE void add_four(const Fp<P, Lane8> *y) {
    add<ROW, 0>(y[0]), add<ROW, 1>(y[1]), add<ROW, 2>(y[2]), add<ROW, 3>(y[3]);
  }
  COPROC_INLINE Fp<P, Lane8> reduced() const {
    const Vec8 q = madd_low(_mm512_setzero_si512(), low[0], splat(P::N052));
    const Vec8 carry = carry52(madd_low(low[0], q, splat(P::MODULUS52[0])));
    Fp<P, Lane8> r;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
      const Vec8 t = madd_high(high[i], q, splat(P::MODULUS52[i]));
      r.v[i] = i < 4 ? _mm512_add_epi64(t, madd_low(low[i + 1], q, splat(P::MODULUS52[i + 1]))) : t;
    }
    r.v[0] = _mm512_add_epi64(r.v[0], carry);
    propagate<5>(r.v);
    return r;
  }
};

template <int ROW, class P, class E> COPROC_INLINE Fp<P, Lane8> small_row(const Fp<P, Lane8> *y, const E *constants) {
  RowSum<P> sum;
  if (constants) sum.start(constants[ROW]);
  else sum.start();
  sum.template add_four<ROW>(y);
  sum.template add<ROW, 4>(y[4]);
  return sum.reduced();
}
// y = SMALL_MDS y / 2^52, plus the constants that the next round begins with (null: none).
template <class P, class E> COPROC_NOINLINE void mix_lanes(Fp<P, Lane8> *y, const E *constants) {
  const Fp<P, Lane8> r0 = small_row<0>(y, constants), r1 = small_row<1>(y, constants), r2 = small_row<2>(y, constants);
  const Fp<P, Lane8> r3 = small_row<3>(y, constants), r4 = small_row<4>(y, constants);
  y[0] = r0, y[1] = r1, y[2] = r2, y[3] = r3, y[4] = r4;
}

// The S-boxes of a full round, word by word: five chains of products at once.
template <class F> COPROC_NOINLINE void quintic_five(F *y) {
  F s[WIDTH];
  for (int i = 0; i < WIDTH; i++) s[i] = sqr(y[i]);
  for (int i = 0; i < WIDTH; i++) s[i] = sqr(s[i]);
  for (int i = 0; i < WIDTH; i++) y[i] = s[i] * y[i];
}

// The permutation without its last factor: the states are LANES_OUTPUT y.
template <class P> COPROC_NOINLINE void permute_scaled(Fp<P, Lane8> *y) {
  namespace C = constants::hades;
  using F = Fp<P, Lane8>;
  using E = constants::Element<4, 5>;
  for (int i = 0; i < WIDTH; i++) y[i] += F::constant(C::LANES_FIRST[0][i]);
  for (int r = 1; r < HALF_FULL; r++) {
    quintic_five(y);
    mix_lanes(y, C::LANES_FIRST[r]);
  }
  quintic_five(y);
  for (int r = 0; r < PARTIAL; r++) {
    // What words 0..3 give to the rows is added up while the S-box of word 4 waits for its products.
    RowSum<P> sum[WIDTH];
    sum[4].start(C::LANES_PARTIAL[r]);
    sum[4].template add_four<4>(y);
    sum[4].template add<4, 4>(y[4]);
    const F x = sum[4].reduced(), xx = sqr(x);
    sum[0].start(), sum[0].template add_four<0>(y);
    const F x4 = sqr(xx);
    sum[1].start(), sum[1].template add_four<1>(y);
    const F fx = x * F::constant(C::LANES_FACTORS[r]);
    sum[2].start(), sum[2].template add_four<2>(y);
    const F s = x4 * fx;
    sum[3].start(), sum[3].template add_four<3>(y);
    sum[0].template add<0, 4>(y[4]), sum[1].template add<1, 4>(y[4]), sum[2].template add<2, 4>(y[4]), sum[3].template add<3, 4>(y[4]);
    y[0] = sum[0].reduced(), y[1] = sum[1].reduced(), y[2] = sum[2].reduced(), y[3] = sum[3].reduced();
    y[4] = s;
  }
  for (int r = 0; r < HALF_FULL; r++) {
    mix_lanes(y, C::LANES_LAST[r]);
    quintic_five(y);
  }
  mix_lanes(y, static_cast<const E *>(nullptr));
}

template <class P> inline void permute(Fp<P, Lane8> *state) {
  permute_scaled(state);
  for (int i = 0; i < WIDTH; i++) state[i] *= Fp<P, Lane8>::constant(constants::hades::LANES_OUTPUT);
}

}
// namespace hades

COPROC_END
#endif
