// Fp in eight lanes: N = P::LIMBS52 limbs of 52 bits, Montgomery form for R = 2^(52 N).
//
// Ranges. An `Fp` holds a value below 1.25 p with limbs below 2^52; sums and differences come out below 1.001 p, products below
// p + a b / R. What `add_loose` returns is below 2.5 p and goes into products alone. Since 84 p < R for N = 5 and a modulus of 254 bits,
// 35 p < R for 255 bits and 2^35 p < R for N = 8, a product of two loose operands is below 1.18 p.
// An `FpWide` is 2N signed uncarried columns of a value within WIDE_MARGIN p^2 of zero.
#pragma once
#include "field/fp.hpp"
#include "field/limbs52.hpp"

#if COPROC_LANES
COPROC_BEGIN

template <class P> struct Arithmetic8 {
  static constexpr int N = P::LIMBS52;
  static COPROC_INLINE void finish(Vec8 *r, Vec8 *c) {
    reduce_columns<P>(c);
    propagate<N>(c + N);
    for (int i = 0; i < N; i++) r[i] = c[N + i];
  }
  static COPROC_NOINLINE void mul(Vec8 *r, const Vec8 *a, const Vec8 *b) {
    Vec8 c[2 * N];
    product_columns<N>(c, a, b);
    finish(r, c);
  }
  static COPROC_NOINLINE void sqr(Vec8 *r, const Vec8 *a) {
    Vec8 c[2 * N];
    square_columns<N>(c, a);
    finish(r, c);
  }
  static COPROC_NOINLINE void mul_wide(Vec8 *r, const Vec8 *a, const Vec8 *b) {
    Vec8 c[2 * N];
    product_columns<N>(c, a, b);
    for (int i = 0; i < 2 * N; i++) r[i] = c[i];
  }
  static COPROC_NOINLINE void sqr_wide(Vec8 *r, const Vec8 *a) {
    Vec8 c[2 * N];
    square_columns<N>(c, a);
    for (int i = 0; i < 2 * N; i++) r[i] = c[i];
  }
  static COPROC_NOINLINE void redc(Vec8 *r, const Vec8 *w) {
    Vec8 c[2 * N];
    for (int i = 0; i < N - 1; i++) c[i] = w[i];
    for (int i = 0; i <= N; i++) c[N - 1 + i] = _mm512_add_epi64(w[N - 1 + i], splat(Radix52<P>::WIDE_OFFSET.v[i]));
    reduce_columns<P>(c);
    if constexpr (N == 5) reduce_top<P>(c + N);
    else propagate<N>(c + N);
    for (int i = 0; i < N; i++) r[i] = c[N + i];
  }
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
    for (int i = 0; i < N; i++) r.v[i] = _mm512_add_epi64(a.v[i], b.v[i]);
    reduce_top<P>(r.v);
    return r;
  }
  // a - b + 2p
  friend COPROC_INLINE Fp operator-(const Fp &a, const Fp &b) {
    Fp r;
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
  for (int i = 0; i < P::LIMBS52; i++) r.v[i] = _mm512_add_epi64(a.v[i], b.v[i]);
  propagate<P::LIMBS52>(r.v);
  return r;
}
template <class P> COPROC_INLINE Fp<P, Lane8> mul_loose(const Fp<P, Lane8> &a, const Fp<P, Lane8> &b) { return a * b; }
template <class P>
COPROC_INLINE FpWide<P, Lane8> karatsuba_cross(const Fp<P, Lane8> &a0, const Fp<P, Lane8> &a1, const Fp<P, Lane8> &b0,
                                               const Fp<P, Lane8> &b1, const FpWide<P, Lane8> &x, const FpWide<P, Lane8> &y) {
  return mul_wide(add_loose(a0, a1), add_loose(b0, b1)) - x - y;
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
