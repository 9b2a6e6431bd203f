// Sums and differences of several terms, reduced once, and differences that are not reduced at all.
//
// In eight lanes a reduction costs more than the additions before it. What is called loose here goes into products alone, like the
// result of add_loose, and stays below 3.25 p: products of two such numbers are below 1.25 p again (84.6 p < R for BN254), also in the
// sums of Fp2's formulas.
#pragma once
#include "field/lanes.hpp"

COPROC_BEGIN

// a^2 of a loose a.
template <class P, class L> COPROC_INLINE Fp<P, L> sqr_loose(const Fp<P, L> &a) { return sqr(a); }
// a - b, loose.
template <class P> COPROC_INLINE Fp<P, Lane1> sub_loose(const Fp<P, Lane1> &a, const Fp<P, Lane1> &b) { return a - b; }
// 3 a / 2, loose.
template <class P> COPROC_INLINE Fp<P, Lane1> three_halves(const Fp<P, Lane1> &a) { return half(dbl(a) + a); }
// a - b - c, a - 2 b and a - b - 2 c.
template <class P> COPROC_INLINE Fp<P, Lane1> minus_both(const Fp<P, Lane1> &a, const Fp<P, Lane1> &b, const Fp<P, Lane1> &c) {
  return a - b - c;
}
template <class P> COPROC_INLINE Fp<P, Lane1> minus_two(const Fp<P, Lane1> &a, const Fp<P, Lane1> &b) { return a - dbl(b); }
template <class P> COPROC_INLINE Fp<P, Lane1> minus_two(const Fp<P, Lane1> &a, const Fp<P, Lane1> &b, const Fp<P, Lane1> &c) {
  return a - b - dbl(c);
}

// a^2 and b^2, at once where that is faster (Fp of eight lanes and eight limbs); of loose numbers.
template <class F> struct Two {
  F a, b;
};
template <class F> COPROC_INLINE Two<F> squares(const F &a, const F &b) { return {sqr(a), sqr(b)}; }
template <class F> COPROC_INLINE Two<F> squares_loose(const F &a, const F &b) { return {sqr_loose(a), sqr_loose(b)}; }
// a b - s^2, a b - c d and a b + c d for loose a and b.
template <class F> COPROC_INLINE F mul_minus_sqr(const F &a, const F &b, const F &s) { return redc(mul_wide(a, b) - sqr_wide(s)); }
template <class F> COPROC_INLINE F mul_minus_mul(const F &a, const F &b, const F &c, const F &d) {
  return redc(mul_wide(a, b) - mul_wide(c, d));
}

template <class F> COPROC_INLINE F mul_plus_mul(const F &a, const F &b, const F &c, const F &d) { return a * b + c * d; }

#if COPROC_LANES
template <class P> inline constexpr auto FOUR_TIMES = Radix52<P>::multiple(4);

template <class P> COPROC_INLINE Fp<P, Lane8> sub_loose(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b) {
  Fp<P, Lane8> r; // + 2p
  for (int i = 0; i < P::LIMBS52; i++) r.v[i] = _mm512_add_epi64(_mm512_sub_epi64(a.v[i], b.v[i]), splat(Radix52<P>::TWICE.v[i]));
  propagate<P::LIMBS52>(r.v);
  return r;
}
// 3 a or 3 a + p is even: below 2.4 p.
template <class P> COPROC_INLINE Fp<P, Lane8> three_halves(const Fp<P, Lane8> &a) {
  constexpr int N = P::LIMBS52;
  Fp<P, Lane8> r;
  const __mmask8 odd = _mm512_test_epi64_mask(a.v[0], splat(1));
  for (int i = 0; i < N; i++) {
    const Vec8 t = _mm512_add_epi64(_mm512_add_epi64(a.v[i], a.v[i]), a.v[i]);
    r.v[i] = _mm512_mask_add_epi64(t, odd, t, splat(P::MODULUS52[i]));
  }
  propagate<N>(r.v);
  for (int i = 0; i < N - 1; i++) r.v[i] = _mm512_or_si512(_mm512_srli_epi64(r.v[i], 1), low52(_mm512_slli_epi64(r.v[i + 1], 51)));
  r.v[N - 1] = _mm512_srli_epi64(r.v[N - 1], 1);
  return r;
}
template <class P> COPROC_INLINE Fp<P, Lane8> minus_both(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b, const Fp<P, Lane8> &c) {
  Fp<P, Lane8> r; // + 3p
  for (int i = 0; i < P::LIMBS52; i++)
    r.v[i] = _mm512_sub_epi64(_mm512_add_epi64(a.v[i], splat(Radix52<P>::THRICE.v[i])), _mm512_add_epi64(b.v[i], c.v[i]));
  reduce_top<P>(r.v);
  return r;
}
template <class P> COPROC_INLINE Fp<P, Lane8> minus_two(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b) {
  Fp<P, Lane8> r; // + 3p
  for (int i = 0; i < P::LIMBS52; i++)
    r.v[i] = _mm512_sub_epi64(_mm512_add_epi64(a.v[i], splat(Radix52<P>::THRICE.v[i])), _mm512_add_epi64(b.v[i], b.v[i]));
  reduce_top<P>(r.v);
  return r;
}
template <class P> COPROC_INLINE Fp<P, Lane8> minus_two(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b, const Fp<P, Lane8> &c) {
  Fp<P, Lane8> r; // + 4p
  for (int i = 0; i < P::LIMBS52; i++)
    r.v[i] =
        _mm512_sub_epi64(_mm512_sub_epi64(_mm512_add_epi64(a.v[i], splat(FOUR_TIMES<P>.v[i])), b.v[i]), _mm512_add_epi64(c.v[i], c.v[i]));
  reduce_top<P>(r.v);
  return r;
}
template <class P>
  requires(P::LIMBS52 == 8)
COPROC_INLINE Two<Fp<P, Lane8>> squares(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b) {
  Two<Fp<P, Lane8>> r;
  Arithmetic8<P>::sqr_two(r.a.v, r.b.v, a.v, b.v);
  return r;
}
template <class P>
  requires(P::LIMBS52 == 8)
COPROC_INLINE Two<Fp<P, Lane8>> squares_loose(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b) {
  return squares(a, b);
}
// (a b - c) / R in place of the columns c.
template <class P> COPROC_INLINE void mul_minus_columns(Vec8 *r, Vec8 (&c)[1][2 * P::LIMBS52], const Vec8 *a, const Vec8 *b) {
  constexpr int N = P::LIMBS52;
  for (int i = 0; i < 2 * N; i++)
    c[0][i] = _mm512_sub_epi64(i < N - 1 ? _mm512_setzero_si512() : splat(Radix52<P>::WIDE_OFFSET.v[i < N - 1 ? 0 : i - N + 1]), c[0][i]);
  add_product<N>(c[0], a, b);
  reduce_columns<P, 1>(c);
  if constexpr (N == 5) reduce_top<P>(c[0] + N);
  else propagate<N>(c[0] + N);
  for (int i = 0; i < N; i++) r[i] = c[0][N + i];
}
template <class P> COPROC_NOINLINE Fp<P, Lane8> mul_minus_sqr(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b, const Fp<P, Lane8> &s) {
  Fp<P, Lane8> r;
  Vec8 c[1][2 * P::LIMBS52];
  check_range<P>(a.v, Arithmetic8<P>::LOOSE), check_range<P>(b.v, Arithmetic8<P>::LOOSE), check_range<P>(s.v, Arithmetic8<P>::LOOSE);
  square_columns<P::LIMBS52>(c[0], s.v);
  mul_minus_columns<P>(r.v, c, a.v, b.v);
  return r;
}
template <class P>
COPROC_NOINLINE Fp<P, Lane8> mul_minus_mul(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b, const Fp<P, Lane8> &x, const Fp<P, Lane8> &y) {
  Fp<P, Lane8> r;
  Vec8 c[1][2 * P::LIMBS52];
  check_range<P>(a.v, Arithmetic8<P>::LOOSE), check_range<P>(b.v, Arithmetic8<P>::LOOSE);
  check_range<P>(x.v, Arithmetic8<P>::LOOSE), check_range<P>(y.v, Arithmetic8<P>::LOOSE);
  product_columns<P::LIMBS52>(c[0], x.v, y.v);
  mul_minus_columns<P>(r.v, c, a.v, b.v);
  return r;
}
template <class P>
COPROC_NOINLINE Fp<P, Lane8> mul_plus_mul(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b, const Fp<P, Lane8> &x, const Fp<P, Lane8> &y) {
  constexpr int N = P::LIMBS52;
  static_assert(N == 8); // two products stay far below p R
  Fp<P, Lane8> r;
  Vec8 c[1][2 * N];
  check_range<P>(a.v, Arithmetic8<P>::LOOSE), check_range<P>(b.v, Arithmetic8<P>::LOOSE);
  check_range<P>(x.v, Arithmetic8<P>::LOOSE), check_range<P>(y.v, Arithmetic8<P>::LOOSE);
  product_columns<N>(c[0], x.v, y.v);
  add_product<N>(c[0], a.v, b.v);
  Arithmetic8<P>::template finish<1>({r.v}, c);
  return r;
}
template <class P>
COPROC_INLINE Fp2<Fp<P, Lane8>> mul_minus_sqr(const Fp2<Fp<P, Lane8>> &a, const Fp2<Fp<P, Lane8>> &b, const Fp2<Fp<P, Lane8>> &s) {
  return redc(mul_wide_sub(a, b, sqr_wide(s)));
}
template <class P>
COPROC_INLINE Fp2<Fp<P, Lane8>> mul_minus_mul(const Fp2<Fp<P, Lane8>> &a, const Fp2<Fp<P, Lane8>> &b, const Fp2<Fp<P, Lane8>> &c,
                                              const Fp2<Fp<P, Lane8>> &d) {
  return redc(mul_wide_sub(a, b, mul_wide(c, d)));
}
// As sqr of Fp2: (a0 + a1)(a0 - a1) + 2 a0 a1 u, but the difference of loose numbers needs 4p to be positive, and their sums are
// below 6.5 p.
template <class P> COPROC_NOINLINE Fp2<Fp<P, Lane8>> sqr_loose(const Fp2<Fp<P, Lane8>> &a) {
  constexpr int N = P::LIMBS52;
  Fp<P, Lane8> sum, difference, twice;
  for (int i = 0; i < N; i++) {
    sum.v[i] = _mm512_add_epi64(a.c0.v[i], a.c1.v[i]);
    difference.v[i] = _mm512_sub_epi64(_mm512_add_epi64(a.c0.v[i], splat(FOUR_TIMES<P>.v[i])), a.c1.v[i]);
    twice.v[i] = _mm512_add_epi64(a.c0.v[i], a.c0.v[i]);
  }
  propagate<N>(sum.v);
  reduce_top<P>(difference.v);
  propagate<N>(twice.v);
  return mul_two(difference, sum, a.c1, twice);
}
#endif
template <class P> COPROC_INLINE Fp2<Fp<P, Lane1>> sqr_loose(const Fp2<Fp<P, Lane1>> &a) { return sqr(a); }

template <class F> COPROC_INLINE Fp2<F> sub_loose(const Fp2<F> &a, const Fp2<F> &b) {
  return {sub_loose(a.c0, b.c0), sub_loose(a.c1, b.c1)};
}
template <class F> COPROC_INLINE Fp2<F> three_halves(const Fp2<F> &a) { return {three_halves(a.c0), three_halves(a.c1)}; }
template <class F> COPROC_INLINE Fp2<F> minus_both(const Fp2<F> &a, const Fp2<F> &b, const Fp2<F> &c) {
  return {minus_both(a.c0, b.c0, c.c0), minus_both(a.c1, b.c1, c.c1)};
}
template <class F> COPROC_INLINE Fp2<F> minus_two(const Fp2<F> &a, const Fp2<F> &b) {
  return {minus_two(a.c0, b.c0), minus_two(a.c1, b.c1)};
}
template <class F> COPROC_INLINE Fp2<F> minus_two(const Fp2<F> &a, const Fp2<F> &b, const Fp2<F> &c) {
  return {minus_two(a.c0, b.c0, c.c0), minus_two(a.c1, b.c1, c.c1)};
}

COPROC_END
