// The square of one element of the cyclotomic subgroup with its coefficients across the lanes.
//
// With f = (z0 + z1 s) + (z2 + z3 s) t + (z4 + z5 s) t^2, t^3 = s, s^2 = xi, a vector holds z2 .. z5, real and imaginary parts alternating.
// Each coordinate of their squares
//   z2' = 2 z2 + 6 xi z4 z5      z3' = 3 (z4^2 + xi z5^2) - 2 z3      z4' = 3 (z2^2 + xi z3^2) - 2 z4      z5' = 2 z5 + 6 z2 z3
// is a sum of at most three products of Fp, so all eight of them cost three products of vectors and one reduction. A second vector
// (z0, z1, z0, z1) yields z0' and z1', which depend on z0 and z1 as z4' and z5' on z2 and z3, in its upper half.
#pragma once
#include "field/fused.hpp"
#include "pairing/curves.hpp"
#if COPROC_LANES

COPROC_BEGIN

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

  // v <- both vectors of the square
  static COPROC_NOINLINE void square(F (&v)[2]) {
    constexpr int K = 2;
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
      check_range<P>(a, 14), check_range<P>(b, 14);
      product_columns<N>(c[k], a, b);
      for (int i = 0; i < N; i++) {
        a[i] = A2(z[i], z[i]);
        const Vec8 x = B2(z[i], xi[i]);
        b[i] = _mm512_mask_sub_epi64(x, EVEN, splat(FOUR_TIMES<P>.v[i]), x);
      }
      propagate<N>(b);
      check_range<P>(b, 17); // 4p where x is 0
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
      check_range<P>(z, 5);
    }
  }
};

COPROC_END
#endif
