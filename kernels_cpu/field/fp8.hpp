// Fp in eight lanes: N = P::LIMBS52 limbs of 52 bits, Montgomery form for R = 2^(52 N).
//
// Ranges. An `Fp` holds a value below 1.25 p with limbs below 2^52; sums and differences come out below 1.001 p, products below
// p + a b / R. What `add_loose` returns is below 2.5 p, what `sub_loose` (fused.hpp) returns below 3.25 p, and both go into products
// alone. 84.6 p < R for N = 5 and a modulus of 254 bits, 35 p < R for 255 bits and 2^35 p < R for N = 8: products of loose operands
// (without `sub_loose` for 255 bits) are below 1.25 p.
// An `FpWide` is 2N signed uncarried columns of a value within WIDE_MARGIN p^2 of zero.
#pragma once
#include "field/fp2.hpp"
#include "field/ranges.hpp"

#if COPROC_LANES
COPROC_BEGIN

template <class P> struct Arithmetic8 {
  static constexpr int N = P::LIMBS52;
  static constexpr int TIGHT = 5, LOOSE = 13; // ranges in quarters of p

  template <int K> static COPROC_INLINE void finish(Vec8 *const (&r)[K], Vec8 (*c)[2 * N]) {
    reduce_columns<P, K>(c);
    for (int k = 0; k < K; k++) propagate<N>(c[k] + N);
    for (int k = 0; k < K; k++)
      for (int i = 0; i < N; i++) r[k][i] = c[k][N + i];
  }
  static COPROC_INLINE void mul_any(Vec8 *r, const Vec8 *a, const Vec8 *b) {
    Vec8 c[2 * N];
    mul_reduce<P>(c, a, b);
    propagate<N>(c + N);
    for (int i = 0; i < N; i++) r[i] = c[N + i];
  }
  static COPROC_NOINLINE void mul(Vec8 *r, const Vec8 *a, const Vec8 *b) {
    check_product<P>(a, b);
    mul_any(r, a, b);
  }
  static COPROC_NOINLINE void sqr(Vec8 *r, const Vec8 *a) {
    check_product<P>(a, a);
    Vec8 c[1][2 * N];
    square_columns<N>(c[0], a);
    finish<1>({r}, c);
  }
  // Two independent squares: eight limbs leave a single one waiting, five do not.
  static COPROC_NOINLINE void sqr_two(Vec8 *r0, Vec8 *r1, const Vec8 *a0, const Vec8 *a1) {
    check_product<P>(a0, a0), check_product<P>(a1, a1);
    Vec8 c[2][2 * N];
    square_columns<N>(c[0], a0);
    square_columns<N>(c[1], a1);
    finish<2>({r0, r1}, c);
  }
  // Two independent products.
  static COPROC_NOINLINE void mul_two(Vec8 *r0, Vec8 *r1, const Vec8 *a0, const Vec8 *b0, const Vec8 *a1, const Vec8 *b1) {
    check_product<P>(a0, b0), check_product<P>(a1, b1);
    Vec8 c[2][2 * N];
    product_columns<N>(c[0], a0, b0);
    product_columns<N>(c[1], a1, b1);
    finish<2>({r0, r1}, c);
  }
  static COPROC_NOINLINE void mul_wide(Vec8 *r, const Vec8 *a, const Vec8 *b) {
    check_range<P>(a, LOOSE), check_range<P>(b, LOOSE);
    Vec8 c[2 * N];
    product_columns<N>(c, a, b);
    for (int i = 0; i < 2 * N; i++) r[i] = c[i];
  }
  static COPROC_NOINLINE void sqr_wide(Vec8 *r, const Vec8 *a) {
    check_range<P>(a, LOOSE);
    Vec8 c[2 * N];
    square_columns<N>(c, a);
    for (int i = 0; i < 2 * N; i++) r[i] = c[i];
  }
  // (a0 + a1 u)(b0 + b1 u) - s by Karatsuba, columns: with x = a0 b0, y = a1 b1: c0 = x - y - s0, c1 = (a0 + a1)(b0 + b1) - x - y - s1.
  // What is subtracted is where the accumulators start.
  template <bool SUBTRACT>
  static COPROC_INLINE void mul_fp2(Vec8 *c0, Vec8 *c1, const Vec8 *a0, const Vec8 *a1, const Vec8 *b0, const Vec8 *b1, const Vec8 *s0,
                                    const Vec8 *s1) {
    check_range<P>(a0, LOOSE), check_range<P>(a1, LOOSE), check_range<P>(b0, LOOSE), check_range<P>(b1, LOOSE);
    Vec8 a[N], b[N], t[2 * N], y[2 * N], n[2 * N];
    for (int i = 0; i < N; i++) a[i] = _mm512_add_epi64(a0[i], a1[i]), b[i] = _mm512_add_epi64(b0[i], b1[i]);
    propagate<N>(a);
    propagate<N>(b);
    product_columns<N>(t, a1, b1);
    for (int i = 0; i < 2 * N; i++) {
      y[i] = SUBTRACT ? _mm512_add_epi64(t[i], s0[i]) : t[i]; // y + s0
      n[i] = SUBTRACT ? _mm512_add_epi64(t[i], s1[i]) : t[i]; // y + s1
    }
    product_columns<N>(t, a0, b0);
    for (int i = 0; i < 2 * N; i++) {
      c0[i] = _mm512_sub_epi64(t[i], y[i]);
      t[i] = _mm512_sub_epi64(_mm512_sub_epi64(_mm512_setzero_si512(), t[i]), n[i]);
    }
    add_product<N>(t, a, b);
    for (int i = 0; i < 2 * N; i++) c1[i] = t[i];
  }
  static COPROC_NOINLINE void mul_fp2_wide(Vec8 *c0, Vec8 *c1, const Vec8 *a0, const Vec8 *a1, const Vec8 *b0, const Vec8 *b1) {
    mul_fp2<false>(c0, c1, a0, a1, b0, b1, nullptr, nullptr);
  }
  static COPROC_NOINLINE void mul_fp2_wide_sub(Vec8 *c0, Vec8 *c1, const Vec8 *a0, const Vec8 *a1, const Vec8 *b0, const Vec8 *b1,
                                               const Vec8 *s0, const Vec8 *s1) {
    mul_fp2<true>(c0, c1, a0, a1, b0, b1, s0, s1);
  }

  template <int K> static COPROC_INLINE void reduce_wide(Vec8 *const (&r)[K], const Vec8 *const (&w)[K]) {
    Vec8 c[K][2 * N];
    for (int k = 0; k < K; k++) {
      check_wide<P>(w[k]);
      for (int i = 0; i < N - 1; i++) c[k][i] = w[k][i];
      for (int i = 0; i <= N; i++) c[k][N - 1 + i] = _mm512_add_epi64(w[k][N - 1 + i], splat(Radix52<P>::WIDE_OFFSET.v[i]));
    }
    reduce_columns<P, K>(c);
    for (int k = 0; k < K; k++) {
      if constexpr (N == 5) reduce_top<P>(c[k] + N);
      else propagate<N>(c[k] + N);
    }
    for (int k = 0; k < K; k++)
      for (int i = 0; i < N; i++) r[k][i] = c[k][N + i];
  }
  static COPROC_NOINLINE void redc(Vec8 *r, const Vec8 *w) { reduce_wide<1>({r}, {w}); }
  static COPROC_NOINLINE void redc_two(Vec8 *r0, Vec8 *r1, const Vec8 *w0, const Vec8 *w1) { reduce_wide<2>({r0, r1}, {w0, w1}); }
};

template <class P> struct Fp<P, Lane8> {
  using Params = P;
  using Lane = Lane8;
  using Mask = Mask8;
  using R52 = Radix52<P>;
  static constexpr int LIMBS = P::LIMBS, N = P::LIMBS52;

  Vec8 v[N];

  static COPROC_INLINE Fp words(const u64 *limbs) {
    Fp r;
    for (int i = 0; i < N; i++) r.v[i] = splat(limbs[i]);
    return r;
  }
  static COPROC_INLINE Fp zero() {
    Fp r;
    for (int i = 0; i < N; i++) r.v[i] = _mm512_setzero_si512();
    return r;
  }
  static COPROC_INLINE Fp one() { return words(P::ONE52); }
  template <int N64> static COPROC_INLINE Fp constant(const constants::Element<N64, N> &e) { return words(e.r52); }

  friend COPROC_INLINE Fp operator+(const Fp &a, const Fp &b) {
    Fp r;
    check_range<P>(a.v, Arithmetic8<P>::TIGHT), check_range<P>(b.v, Arithmetic8<P>::TIGHT);
    for (int i = 0; i < N; i++) r.v[i] = _mm512_add_epi64(a.v[i], b.v[i]);
    reduce_top<P>(r.v);
    return r;
  }
  // a - b + 2p
  friend COPROC_INLINE Fp operator-(const Fp &a, const Fp &b) {
    Fp r;
    check_range<P>(a.v, Arithmetic8<P>::TIGHT), check_range<P>(b.v, Arithmetic8<P>::TIGHT);
    for (int i = 0; i < N; i++) r.v[i] = _mm512_add_epi64(_mm512_sub_epi64(a.v[i], b.v[i]), splat(R52::TWICE.v[i]));
    reduce_top<P>(r.v);
    return r;
  }
  friend COPROC_INLINE Fp operator*(const Fp &a, const Fp &b) {
    Fp r;
    Arithmetic8<P>::mul(r.v, a.v, b.v);
    return r;
  }
  COPROC_INLINE Fp operator-() const { return zero() - *this; }
  COPROC_INLINE Fp &operator+=(const Fp &b) { return *this = *this + b; }
  COPROC_INLINE Fp &operator-=(const Fp &b) { return *this = *this - b; }
  COPROC_INLINE Fp &operator*=(const Fp &b) {
    Arithmetic8<P>::mul(v, v, b.v);
    return *this;
  }
  // this^(2^n), n >= 1
  COPROC_INLINE void square_times(int n) {
    for (; n > 0; n--) Arithmetic8<P>::sqr(v, v);
  }

  static COPROC_INLINE void square_two(Fp &a, Fp &b) {
    if constexpr (N == 8) {
      Arithmetic8<P>::sqr_two(a.v, b.v, a.v, b.v);
    } else {
      Arithmetic8<P>::sqr(a.v, a.v);
      Arithmetic8<P>::sqr(b.v, b.v);
    }
  }

  friend COPROC_INLINE Fp sqr(const Fp &a) {
    Fp r;
    Arithmetic8<P>::sqr(r.v, a.v);
    return r;
  }
  friend COPROC_INLINE Fp dbl(const Fp &a) { return a + a; }
  // a / 2: a or a + p is even.
  friend COPROC_INLINE Fp half(const Fp &a) {
    Fp r;
    const __mmask8 odd = _mm512_test_epi64_mask(a.v[0], splat(1));
    for (int i = 0; i < N; i++) r.v[i] = _mm512_mask_add_epi64(a.v[i], odd, a.v[i], splat(P::MODULUS52[i]));
    propagate<N>(r.v);
    for (int i = 0; i < N - 1; i++) r.v[i] = _mm512_or_si512(_mm512_srli_epi64(r.v[i], 1), low52(_mm512_slli_epi64(r.v[i + 1], 51)));
    r.v[N - 1] = _mm512_srli_epi64(r.v[N - 1], 1);
    return r;
  }

  // The value below p, in place.
  COPROC_INLINE void canonicalise() {
    Vec8 d[N];
    for (int i = 0; i < N; i++) d[i] = _mm512_sub_epi64(v[i], splat(P::MODULUS52[i]));
    propagate<N>(d);
    const __mmask8 below = _mm512_movepi64_mask(d[N - 1]);
    for (int i = 0; i < N; i++) v[i] = _mm512_mask_blend_epi64(below, d[i], v[i]);
  }
  // 0 or p
  friend COPROC_INLINE Mask is_zero(const Fp &a) {
    Vec8 x = a.v[0], y = _mm512_xor_si512(a.v[0], splat(P::MODULUS52[0]));
    for (int i = 1; i < N; i++) {
      x = _mm512_or_si512(x, a.v[i]);
      y = _mm512_or_si512(y, _mm512_xor_si512(a.v[i], splat(P::MODULUS52[i])));
    }
    return {static_cast<__mmask8>(_mm512_testn_epi64_mask(x, x) | _mm512_testn_epi64_mask(y, y))};
  }
  friend COPROC_INLINE Mask operator==(const Fp &a, const Fp &b) { return is_zero(a - b); }
  friend COPROC_INLINE Fp select(Mask m, const Fp &a, const Fp &b) {
    Fp r;
    for (int i = 0; i < N; i++) r.v[i] = _mm512_mask_blend_epi64(m.bits, b.v[i], a.v[i]);
    return r;
  }
};

template <class P> struct FpWide<P, Lane8> {
  using Element = Fp<P, Lane8>;
  static constexpr int N = P::LIMBS52;
  Vec8 v[2 * N];

  friend COPROC_INLINE FpWide operator+(const FpWide &a, const FpWide &b) {
    FpWide r;
    for (int i = 0; i < 2 * N; i++) r.v[i] = _mm512_add_epi64(a.v[i], b.v[i]);
    return r;
  }
  friend COPROC_INLINE FpWide operator-(const FpWide &a, const FpWide &b) {
    FpWide r;
    for (int i = 0; i < 2 * N; i++) r.v[i] = _mm512_sub_epi64(a.v[i], b.v[i]);
    return r;
  }
  friend COPROC_INLINE Element redc(const FpWide &a) {
    Element r;
    Arithmetic8<P>::redc(r.v, a.v);
    return r;
  }
};

template <class P> COPROC_INLINE FpWide<P, Lane8> mul_wide(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b) {
  FpWide<P, Lane8> r;
  Arithmetic8<P>::mul_wide(r.v, a.v, b.v);
  return r;
}
template <class P> COPROC_INLINE FpWide<P, Lane8> sqr_wide(const Fp<P, Lane8> &a) {
  FpWide<P, Lane8> r;
  Arithmetic8<P>::sqr_wide(r.v, a.v);
  return r;
}
template <class P> COPROC_INLINE Fp<P, Lane8> add_loose(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b) {
  Fp<P, Lane8> r;
  check_range<P>(a.v, Arithmetic8<P>::TIGHT), check_range<P>(b.v, Arithmetic8<P>::TIGHT);
  for (int i = 0; i < P::LIMBS52; i++) r.v[i] = _mm512_add_epi64(a.v[i], b.v[i]);
  propagate<P::LIMBS52>(r.v);
  return r;
}
template <class P> COPROC_INLINE Fp<P, Lane8> mul_loose(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b) { return a * b; }
// Both coordinates of an element of Fp2, interleaved: a0 b0, a1 b1 (loose operands), and reductions.
template <class P>
COPROC_INLINE Fp2<Fp<P, Lane8>> mul_two(const Fp<P, Lane8> &a0, const Fp<P, Lane8> &b0, const Fp<P, Lane8> &a1, const Fp<P, Lane8> &b1) {
  Fp2<Fp<P, Lane8>> r;
  Arithmetic8<P>::mul_two(r.c0.v, r.c1.v, a0.v, b0.v, a1.v, b1.v);
  return r;
}
template <class P> COPROC_INLINE Fp2<Fp<P, Lane8>> redc_two(const FpWide<P, Lane8> &a, const FpWide<P, Lane8> &b) {
  Fp2<Fp<P, Lane8>> r;
  Arithmetic8<P>::redc_two(r.c0.v, r.c1.v, a.v, b.v);
  return r;
}
// a b and a b - s in Fp2, unreduced.
template <class P> COPROC_INLINE Fp2Wide<Fp<P, Lane8>> mul_wide(const Fp2<Fp<P, Lane8>> &a, const Fp2<Fp<P, Lane8>> &b) {
  Fp2Wide<Fp<P, Lane8>> r;
  Arithmetic8<P>::mul_fp2_wide(r.c0.v, r.c1.v, a.c0.v, a.c1.v, b.c0.v, b.c1.v);
  return r;
}
template <class P>
COPROC_INLINE Fp2Wide<Fp<P, Lane8>> mul_wide_sub(const Fp2<Fp<P, Lane8>> &a, const Fp2<Fp<P, Lane8>> &b, const Fp2Wide<Fp<P, Lane8>> &s) {
  Fp2Wide<Fp<P, Lane8>> r;
  Arithmetic8<P>::mul_fp2_wide_sub(r.c0.v, r.c1.v, a.c0.v, a.c1.v, b.c0.v, b.c1.v, s.c0.v, s.c1.v);
  return r;
}
// k a - b and k a + b for k = 9: the non-residue 9 + u.
template <class P> COPROC_INLINE Fp2<Fp<P, Lane8>> mul_by_nine_plus_u(const Fp2<Fp<P, Lane8>> &a) {
  Fp2<Fp<P, Lane8>> r;
  for (int i = 0; i < P::LIMBS52; i++) {
    const Vec8 x = a.c0.v[i], y = a.c1.v[i];
    r.c0.v[i] = _mm512_sub_epi64(_mm512_add_epi64(_mm512_add_epi64(_mm512_slli_epi64(x, 3), x), splat(Radix52<P>::TWICE.v[i])), y);
    r.c1.v[i] = _mm512_add_epi64(_mm512_add_epi64(_mm512_slli_epi64(y, 3), y), x);
  }
  reduce_top<P, 16>(r.c0.v);
  reduce_top<P, 16>(r.c1.v);
  return r;
}
template <class P> COPROC_INLINE Fp2Wide<Fp<P, Lane8>> mul_by_nine_plus_u(const Fp2Wide<Fp<P, Lane8>> &a) {
  Fp2Wide<Fp<P, Lane8>> r;
  for (int i = 0; i < 2 * P::LIMBS52; i++) {
    const Vec8 x = a.c0.v[i], y = a.c1.v[i];
    r.c0.v[i] = _mm512_sub_epi64(_mm512_add_epi64(_mm512_slli_epi64(x, 3), x), y);
    r.c1.v[i] = _mm512_add_epi64(_mm512_add_epi64(_mm512_slli_epi64(y, 3), y), x);
  }
  return r;
}
template <class P> COPROC_INLINE Fp<P, Lane8> three_minus_two(const Fp<P, Lane8> &t, const Fp<P, Lane8> &z) {
  Fp<P, Lane8> r; // 3 t - 2 z + 3p
  for (int i = 0; i < P::LIMBS52; i++) {
    const Vec8 d = _mm512_sub_epi64(t.v[i], z.v[i]);
    r.v[i] = _mm512_add_epi64(_mm512_add_epi64(_mm512_add_epi64(d, d), t.v[i]), splat(Radix52<P>::THRICE.v[i]));
  }
  reduce_top<P>(r.v);
  return r;
}
template <class P> COPROC_INLINE Fp<P, Lane8> three_plus_two(const Fp<P, Lane8> &t, const Fp<P, Lane8> &z) {
  Fp<P, Lane8> r;
  for (int i = 0; i < P::LIMBS52; i++) {
    const Vec8 s = _mm512_add_epi64(t.v[i], z.v[i]);
    r.v[i] = _mm512_add_epi64(_mm512_add_epi64(s, s), t.v[i]);
  }
  reduce_top<P>(r.v);
  return r;
}

COPROC_END
#endif
