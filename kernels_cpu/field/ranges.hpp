// Ranges of the eight-lane fields, checked where COPROC_CHECK_RANGES is defined (the sanitised build).
#pragma once
#include "field/limbs52.hpp"

#if COPROC_LANES
COPROC_BEGIN

#ifdef COPROC_CHECK_RANGES
// Every limb below 2^52, every value below quarters p / 4.
template <class P> COPROC_NOINLINE void check_range(const Vec8 *v, int quarters) {
  constexpr int N = P::LIMBS52;
  alignas(64) u64 w[N][8];
  for (int i = 0; i < N; i++) _mm512_store_si512(w[i], v[i]);
  for (int lane = 0; lane < 8; lane++) {
    i128 sign = 0; // of 4 value - quarters p, from the lowest limb up
    for (int i = 0; i < N; i++) {
      if (w[i][lane] >> 52) __builtin_trap();
      sign = (sign >> 52) + 4 * static_cast<i128>(w[i][lane]) - static_cast<i128>(quarters) * static_cast<i128>(P::MODULUS52[i]);
    }
    if (sign >= 0) __builtin_trap();
  }
}
// The least number of quarters of p that every value is below.
template <class P> COPROC_NOINLINE int quarters(const Vec8 *v) {
  constexpr int N = P::LIMBS52;
  alignas(64) u64 w[N][8];
  for (int i = 0; i < N; i++) _mm512_store_si512(w[i], v[i]);
  int most = 1;
  for (int lane = 0; lane < 8; lane++)
    for (;; most++) {
      i128 sign = 0; // of 4 value - most p
      for (int i = 0; i < N; i++) {
        if (w[i][lane] >> 52) __builtin_trap();
        sign = (sign >> 52) + 4 * static_cast<i128>(w[i][lane]) - static_cast<i128>(most) * static_cast<i128>(P::MODULUS52[i]);
      }
      if (sign < 0) break;
      if (most == 64) __builtin_trap();
    }
  return most;
}
// a b / R is below p / 4, so that the product is below 5 p / 4.
template <class P> COPROC_NOINLINE void check_product(const Vec8 *a, const Vec8 *b) {
  constexpr int N = P::LIMBS52;
  constexpr u64 ratio = (u64{1} << 54) / (P::MODULUS52[N - 1] + 1); // 4 R / p or a little less
  if (static_cast<u64>(quarters<P>(a) * quarters<P>(b)) > ratio) __builtin_trap();
}
// The columns leave room for 2^7 more of their like, and the value lies within WIDE_MARGIN p^2 of zero.
template <class P> COPROC_NOINLINE void check_wide(const Vec8 *c) {
  constexpr int N = P::LIMBS52;
  using R = Radix52<P>;
  alignas(64) i64 w[2 * N][8];
  for (int i = 0; i < 2 * N; i++) _mm512_store_si512(w[i], c[i]);
  for (int lane = 0; lane < 8; lane++) {
    i128 low = 0, high = 0; // c + offset and c - offset, from the lowest column up
    for (int i = 0; i < 2 * N; i++) {
      const i64 x = w[i][lane];
      if (x > (i64{1} << 62) || x < -(i64{1} << 62)) __builtin_trap();
      const i128 o = i >= N - 1 ? static_cast<i128>(R::WIDE_OFFSET.v[i - N + 1]) : 0;
      low = (low >> 52) + x + o;
      high = (high >> 52) + x - o;
    }
    if (low < 0 || high > 0) __builtin_trap();
  }
}
#else
template <class P> COPROC_INLINE void check_range(const Vec8 *, int) {}
template <class P> COPROC_INLINE void check_product(const Vec8 *, const Vec8 *) {}
template <class P> COPROC_INLINE void check_wide(const Vec8 *) {}
#endif

COPROC_END
#endif
