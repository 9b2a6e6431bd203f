// Compressed elements of the cyclotomic subgroup; squarings of one element with its coefficients across the lanes, where one element
// is all there is.
//
// A vector holds z2 .. z5 of an element (see Compressed), real and imaginary parts alternating. Each coordinate of their squares
//   z2' = 2 z2 + 6 xi z4 z5      z3' = 3 (z4^2 + xi z5^2) - 2 z3      z4' = 3 (z2^2 + xi z3^2) - 2 z4      z5' = 2 z5 + 6 z2 z3
// is a sum of at most three products of Fp, so all eight of them cost three products of vectors and one reduction. A second vector
// (z0, z1, z0, z1) yields z0' and z1', which depend on z0 and z1 as z4' and z5' on z2 and z3, in its upper half.
#pragma once
#include "field/fused.hpp"
#include "pairing/curves.hpp"

COPROC_BEGIN

// Compressed squaring (Karabina, eprint 2010/542): with f = (z0 + z1 s) + (z2 + z3 s) t + (z4 + z5 s) t^2, t^3 = s, s^2 = xi, the
// coordinates z2 .. z5 of a square depend on z2 .. z5 alone: two squarings in Fp4 instead of three.
template <class F2> struct Compressed {
  F2 z2, z3, z4, z5;
};

#if COPROC_LANES
// Words of `a` (0 .. 7) and of `b` (8 .. 15) into the lanes.
struct LaneOrder {
  alignas(64) u64 at[8];
  COPROC_INLINE Vec8 operator()(Vec8 a, Vec8 b) const { return _mm512_permutex2var_epi64(a, _mm512_load_si512(at), b); }
};

template <class P> struct CyclotomicLanes {
  using F = Fp<P, Lane8>;
  static constexpr int N = P::LIMBS52, XI = TowerOf<P>::XI_RE;
  // factors of the three products: words of z and of (z.0 - z.1, z.0 + z.1); those of xi z where it says so
  static constexpr LaneOrder A1 = {{4, 4, 12, 4, 8, 0, 0, 0}}, B1 = {{6, 6, 13, 5, 9, 1, 2, 3}}, XI_B1 = {{6, 7, 0, 0, 0, 0, 0, 0}};
  static constexpr LaneOrder A2 = {{5, 5, 7, 7, 3, 3, 1, 1}}, B2 = {{15, 14, 15, 14, 11, 10, 3, 2}};
  static constexpr LaneOrder A3 = {{6, 6, 6, 6, 2, 2, 2, 2}}, B3 = {{14, 15, 14, 15, 10, 11, 10, 11}};
  static constexpr __mmask8 EVEN = 0x55, DOUBLED = 0x28, THIRD = 0x3c; // lanes

  // v[k] <- the vector of the square, k < K
  template <int K> static COPROC_NOINLINE void square(F *v) {
    Vec8 c[K][2 * N];
    for (int k = 0; k < K; k++) {
      const Vec8 *z = v[k].v;
      Vec8 sum[N], xi[N], a[N], b[N];
      const auto swapped = [](Vec8 x) { return _mm512_permutex_epi64(x, 0xb1); };
      for (int i = 0; i < N; i++) { // even lanes z.0 - z.1 + 2p, odd lanes z.0 + z.1
        const Vec8 d = _mm512_add_epi64(z[i], splat(Radix52<P>::TWICE.v[i]));
        sum[i] = _mm512_mask_sub_epi64(_mm512_add_epi64(z[i], swapped(z[i])), EVEN, d, swapped(z[i]));
      }
      propagate<N>(sum);
      if constexpr (XI == 1) {
        for (int i = 0; i < N; i++) xi[i] = sum[i];
      } else {
        static_assert(XI == 9);
        for (int i = 0; i < N; i++) {
          const Vec8 nine = _mm512_add_epi64(_mm512_slli_epi64(z[i], 3), z[i]);
          xi[i] = _mm512_mask_sub_epi64(_mm512_add_epi64(nine, swapped(z[i])), EVEN, _mm512_add_epi64(nine, splat(Radix52<P>::TWICE.v[i])),
                                        swapped(z[i]));
        }
        reduce_top<P, 16>(xi);
      }

      for (int i = 0; i < N; i++) {
        const Vec8 x = A1(z[i], sum[i]);
        a[i] = _mm512_mask_add_epi64(x, DOUBLED, x, x);
        b[i] = _mm512_mask_blend_epi64(0x03, B1(z[i], sum[i]), XI_B1(xi[i], xi[i]));
      }
      propagate<N>(a);
      product_columns<N>(c[k], a, b);
      for (int i = 0; i < N; i++) {
        a[i] = A2(z[i], z[i]);
        const Vec8 x = B2(z[i], xi[i]);
        b[i] = _mm512_mask_sub_epi64(x, EVEN, splat(FOUR_TIMES<P>.v[i]), x);
      }
      propagate<N>(b);
      add_product<N>(c[k], a, b);
      for (int i = 0; i < N; i++) {
        a[i] = _mm512_maskz_mov_epi64(THIRD, A3(z[i], z[i]));
        b[i] = B3(z[i], xi[i]);
      }
      add_product<N>(c[k], a, b);
    }
    reduce_columns<P, K>(c);
    for (int k = 0; k < K; k++) {
      Vec8 *t = c[k] + N, *z = v[k].v;
      propagate<N>(t);
      for (int i = 0; i < N; i++) { // 6 t + 2 z, 3 t - 2 z + 3p in the lanes of THIRD
        const Vec8 three = _mm512_add_epi64(_mm512_add_epi64(t[i], t[i]), t[i]), two = _mm512_add_epi64(z[i], z[i]);
        const Vec8 minus = _mm512_sub_epi64(_mm512_add_epi64(three, splat(Radix52<P>::THRICE.v[i])), two);
        z[i] = _mm512_mask_mov_epi64(_mm512_add_epi64(_mm512_add_epi64(three, three), two), THIRD, minus);
      }
      reduce_top<P, 16>(z);
    }
  }
};

// z2 .. z5 of an element of one lane, squared again and again.
template <class P> class CompressedLanes {
  using F2 = Fp2<Fp<P, Lane1>>;
  Fp<P, Lane8> z_;

 public:
  explicit CompressedLanes(const Compressed<F2> &c) {
    const u64 *at[8] = {c.z2.c0.v, c.z2.c1.v, c.z3.c0.v, c.z3.c1.v, c.z4.c0.v, c.z4.c1.v, c.z5.c0.v, c.z5.c1.v};
    z_ = gather<Fp<P, Lane8>>(at);
  }
  void square_times(int n) {
    for (; n > 0; n--) CyclotomicLanes<P>::template square<1>(&z_);
  }
  Compressed<F2> value() const {
    Compressed<F2> c;
    u64 *at[8] = {c.z2.c0.v, c.z2.c1.v, c.z3.c0.v, c.z3.c1.v, c.z4.c0.v, c.z4.c1.v, c.z5.c0.v, c.z5.c1.v};
    scatter(z_, at, Mask8::every());
    return c;
  }
};

// f^(2^n) for an element of one lane.
template <class P> COPROC_NOINLINE Fp12<Fp6<Fp2<Fp<P, Lane1>>>> cyclotomic_sqr_lanes(const Fp12<Fp6<Fp2<Fp<P, Lane1>>>> &f, int n) {
  using F = Fp<P, Lane8>;
  const auto &z0 = f.c0.c0, &z1 = f.c1.c1, &z2 = f.c1.c0, &z3 = f.c0.c2, &z4 = f.c0.c1, &z5 = f.c1.c2;
  const u64 *first[8] = {z2.c0.v, z2.c1.v, z3.c0.v, z3.c1.v, z4.c0.v, z4.c1.v, z5.c0.v, z5.c1.v};
  const u64 *second[8] = {z0.c0.v, z0.c1.v, z1.c0.v, z1.c1.v, z0.c0.v, z0.c1.v, z1.c0.v, z1.c1.v};
  F v[2] = {gather<F>(first), gather<F>(second)};
  for (; n > 0; n--) {
    CyclotomicLanes<P>::template square<2>(v);
    for (Vec8 &limb : v[1].v) limb = _mm512_shuffle_i64x2(limb, limb, 0xee); // the upper half twice
  }
  Fp12<Fp6<Fp2<Fp<P, Lane1>>>> r;
  auto &y0 = r.c0.c0, &y1 = r.c1.c1, &y2 = r.c1.c0, &y3 = r.c0.c2, &y4 = r.c0.c1, &y5 = r.c1.c2;
  u64 *to[8] = {y2.c0.v, y2.c1.v, y3.c0.v, y3.c1.v, y4.c0.v, y4.c1.v, y5.c0.v, y5.c1.v};
  u64 *upper[8] = {y0.c0.v, y0.c1.v, y1.c0.v, y1.c1.v, y0.c0.v, y0.c1.v, y1.c0.v, y1.c1.v};
  scatter(v[0], to, Mask8::every());
  scatter(v[1], upper, Mask8::first(4));
  return r;
}
#endif

COPROC_END
