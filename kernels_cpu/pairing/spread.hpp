// One element of Fp12 across the lanes, where one element is all there is.
//
// A vector holds an element of Fp6 as (c0.0, c0.1, c1.0, c1.1, c2.0, c2.1, -, -). A product a b in Fp6 is the sum over i of a_i (v^i b):
// with v^i b at hand every coordinate is a sum of six products of Fp, the real parts of a times v^i b, the imaginary ones times u v^i b;
// nothing is reduced before the sum.
#pragma once
#include "pairing/cyclotomic_lanes.hpp"
#if COPROC_LANES

COPROC_BEGIN

template <class P> struct Spread6 {
  using F = Fp<P, Lane8>;
  static constexpr int N = P::LIMBS52, XI = TowerOf<P>::XI_RE;
  F z;

  friend COPROC_INLINE Spread6 operator+(const Spread6 &a, const Spread6 &b) { return {a.z + b.z}; }
  friend COPROC_INLINE Spread6 operator-(const Spread6 &a, const Spread6 &b) { return {a.z - b.z}; }

  // v (c0, c1, c2) = (xi c2, c0, c1)
  friend COPROC_INLINE Spread6 mul_by_v(const Spread6 &a) {
    Spread6 r;
    for (int i = 0; i < N; i++) {
      const Vec8 x = _mm512_shuffle_i64x2(a.z.v[i], a.z.v[i], 0xd2), y = _mm512_permutex_epi64(x, 0xb1);
      const Vec8 k = XI == 1 ? x : _mm512_add_epi64(_mm512_slli_epi64(x, 3), x);
      const Vec8 real = _mm512_sub_epi64(_mm512_add_epi64(k, splat(Radix52<P>::TWICE.v[i])), y);
      r.z.v[i] = _mm512_mask_mov_epi64(_mm512_mask_mov_epi64(x, 0x01, real), 0x02, _mm512_add_epi64(k, y));
    }
    reduce_top<P, XI == 1 ? 8 : 16>(r.z.v);
    return r;
  }
  // u (a.0 + a.1 u) = -a.1 + a.0 u, for products alone
  friend COPROC_INLINE Spread6 mul_by_u(const Spread6 &a) {
    Spread6 r;
    for (int i = 0; i < N; i++) {
      const Vec8 x = _mm512_permutex_epi64(a.z.v[i], 0xb1);
      r.z.v[i] = _mm512_mask_sub_epi64(x, 0x55, splat(Radix52<P>::TWICE.v[i]), x);
    }
    propagate<N>(r.z.v);
    return r;
  }
  COPROC_INLINE F lane(int i) const {
    F r;
    const Vec8 index = splat(static_cast<u64>(i));
    for (int j = 0; j < N; j++) r.v[j] = _mm512_permutexvar_epi64(index, z.v[j]);
    return r;
  }
  // the real part of every coordinate twice, and the imaginary one
  COPROC_INLINE F real() const {
    F r;
    for (int j = 0; j < N; j++) r.v[j] = _mm512_unpacklo_epi64(z.v[j], z.v[j]);
    return r;
  }
  COPROC_INLINE F imaginary() const {
    F r;
    for (int j = 0; j < N; j++) r.v[j] = _mm512_unpackhi_epi64(z.v[j], z.v[j]);
    return r;
  }
};

// b, v b, ..., and u times these.
template <class P, int K> struct Multiples6 {
  Spread6<P> b[K], ub[K];
  explicit Multiples6(const Spread6<P> &a) {
    b[0] = a;
    for (int i = 1; i < K; i++) b[i] = mul_by_v(b[i - 1]);
    for (int i = 0; i < K; i++) {
      ub[i] = mul_by_u(b[i]);
      check_range<P>(b[i].z.v, 5), check_range<P>(ub[i].z.v, 9); // 2p where b is 0
    }
  }
};

template <class P> struct Spread12 {
  using Params = P;
  using F = Fp<P, Lane8>;
  using One = Fp12<Fp6<Fp2<Fp<P, Lane1>>>>;
  static constexpr int N = P::LIMBS52;
  using Columns = Vec8[2 * N];
  Spread6<P> c0, c1;

  static Spread12 load(const One &f) {
    const u64 *w = f.c0.c0.c0.v, *first[8], *second[8];
    for (int i = 0; i < 8; i++) first[i] = w + (i < 6 ? i : 0) * P::LIMBS, second[i] = w + (6 + (i < 6 ? i : 0)) * P::LIMBS;
    return {{gather<F>(first)}, {gather<F>(second)}};
  }
  One value() const {
    One f;
    u64 *w = f.c0.c0.c0.v, *first[8], *second[8];
    for (int i = 0; i < 8; i++) first[i] = w + (i < 6 ? i : 0) * P::LIMBS, second[i] = w + (6 + (i < 6 ? i : 0)) * P::LIMBS;
    scatter(c0.z, first, Mask8::first(6));
    scatter(c1.z, second, Mask8::first(6));
    return f;
  }
  friend COPROC_INLINE Spread12 conj(const Spread12 &a) { return {a.c0, {-a.c1.z}}; }

  // c += a (v^shift b)
  template <int K> static COPROC_INLINE void add(Vec8 *c, const Spread6<P> &a, const Multiples6<P, K> &b, int shift) {
    for (int i = 0; i < 3; i++) {
      add_product<N>(c, a.lane(2 * i).v, b.b[i + shift].z.v);
      add_product<N>(c, a.lane(2 * i + 1).v, b.ub[i + shift].z.v);
    }
  }
  static COPROC_INLINE void clear(Columns (&c)[2]) {
    for (int k = 0; k < 2; k++)
      for (int i = 0; i < 2 * N; i++) c[k][i] = _mm512_setzero_si512();
  }
  static COPROC_INLINE Spread12 reduced(Columns (&c)[2]) {
    Spread12 r;
    reduce_columns<P, 2>(c);
    for (int k = 0; k < 2; k++) {
      if constexpr (N == 5) reduce_top<P>(c[k] + N);
      else propagate<N>(c[k] + N);
    }
    for (int i = 0; i < N; i++) r.c0.z.v[i] = c[0][N + i], r.c1.z.v[i] = c[1][N + i];
    check_range<P>(r.c0.z.v, 5), check_range<P>(r.c1.z.v, 5);
    return r;
  }

  // What a factor brings to products.
  struct Factor {
    Multiples6<P, 3> b0;
    Multiples6<P, 4> b1;
    explicit Factor(const Spread12 &a) : b0(a.c0), b1(a.c1) {}
  };
  friend COPROC_NOINLINE Spread12 operator*(const Spread12 &a, const Factor &b) {
    Columns c[2];
    clear(c);
    add(c[0], a.c0, b.b0, 0), add(c[0], a.c1, b.b1, 1);
    add(c[1], a.c0, b.b1, 0), add(c[1], a.c1, b.b0, 0);
    return reduced(c);
  }
  friend COPROC_INLINE Spread12 operator*(const Spread12 &a, const Spread12 &b) { return a * Factor(b); }
  // t = a0 a1; (a0 + a1)(a0 + v a1) - t - v t, 2 t
  friend COPROC_NOINLINE Spread12 sqr(const Spread12 &a) {
    Columns c[2];
    clear(c);
    const Multiples6<P, 3> m(a.c1);
    add(c[0], a.c0, m, 0);
    add(c[1], Spread6<P>{add_loose(a.c0.z, a.c1.z)}, Multiples6<P, 3>(a.c0 + m.b[1]), 0);
    const Spread12 r = reduced(c);
    const Spread6<P> &t = r.c0, &s = r.c1;
    return {{minus_both(s.z, t.z, mul_by_v(t).z)}, t + t};
  }
  friend COPROC_NOINLINE Spread12 cyclotomic_sqr(const Spread12 &a) {
    // (z2 z3 z4 z5), (z0 z1 z0 z1) from c0 = (z0, z4, z3), c1 = (z2, z1, z5), and back
    static constexpr LaneOrder FIRST = {{8, 9, 4, 5, 2, 3, 12, 13}}, SECOND = {{0, 1, 10, 11, 0, 1, 10, 11}};
    static constexpr LaneOrder C0 = {{12, 13, 4, 5, 2, 3, 12, 13}}, C1 = {{0, 1, 14, 15, 6, 7, 0, 1}};
    F v[2];
    for (int i = 0; i < N; i++) v[0].v[i] = FIRST(a.c0.z.v[i], a.c1.z.v[i]), v[1].v[i] = SECOND(a.c0.z.v[i], a.c1.z.v[i]);
    CyclotomicLanes<P>::square(v);
    Spread12 r;
    for (int i = 0; i < N; i++) r.c0.z.v[i] = C0(v[0].v[i], v[1].v[i]), r.c1.z.v[i] = C1(v[0].v[i], v[1].v[i]);
    return r;
  }

  // times the line with coefficients a and b (see mul_by_normalised_line), each in every coordinate
  COPROC_NOINLINE void mul_by_line(const Spread6<P> &a, const Spread6<P> &b) {
    const Spread6<P> ua = mul_by_u(a), ub = mul_by_u(b), v0 = mul_by_v(c0), v1 = mul_by_v(c1);
    Columns c[2];
    clear(c);
    check_range<P>(a.z.v, 5), check_range<P>(b.z.v, 5), check_range<P>(ua.z.v, 9), check_range<P>(ub.z.v, 9);
    const auto product = [&](Vec8 *to, const Spread6<P> &x, const Spread6<P> &y, const Spread6<P> &uy) {
      add_product<N>(to, x.real().v, y.z.v);
      add_product<N>(to, x.imaginary().v, uy.z.v);
    };
    if constexpr (XI_IS_ONE) {
      // f0 (b + a v) + v^2 f1, f1 (b + a v) + v f0
      product(c[0], c0, b, ub), product(c[0], v0, a, ua);
      product(c[1], c1, b, ub), product(c[1], v1, a, ua);
      const Spread12 r = reduced(c);
      c0 = r.c0 + mul_by_v(v1), c1 = r.c1 + v0;
    } else {
      // f0 + v f1 (a + b v), f1 + f0 (a + b v)
      product(c[0], v1, a, ua), product(c[0], mul_by_v(v1), b, ub);
      product(c[1], c0, a, ua), product(c[1], v0, b, ub);
      const Spread12 r = reduced(c);
      c0 = c0 + r.c0, c1 = c1 + r.c1;
    }
  }
  static constexpr bool XI_IS_ONE = TowerOf<P>::XI_RE == 1;
};

// a^(p^k), in one lane: it is rare.
template <class C, int k, class P> COPROC_NOINLINE Spread12<P> frobenius(const Spread12<P> &a) {
  return Spread12<P>::load(frobenius<C, k>(a.value()));
}

COPROC_END
#endif
