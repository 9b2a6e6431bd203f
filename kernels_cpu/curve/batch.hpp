// Many points at once with one inversion (Montgomery's trick).
#pragma once
#include "curve/lanes.hpp"

COPROC_BEGIN

inline constexpr usize BATCH = 128; // points that share an inversion: enough to hide it, and their state stays in the first two caches

// out[i] = points[i] for i < n <= BATCH.
template <class F> COPROC_NOINLINE void to_affine(const Jacobian<F> *points, Affine<F> *out, usize n) {
  F z[BATCH], scratch[BATCH];
  for (usize i = 0; i < n; i++) z[i] = points[i].z;
  batch_inverse(z, n, scratch);
  for (usize i = 0; i < n; i++) out[i] = scaled(points[i], z[i]);
}

// Writes make(i) -> Jacobian for i < n as affine points in the ABI form.
template <class F, class Make> inline void write_affine(usize n, u64 *out, Make make) {
  Jacobian<F> points[BATCH];
  Affine<F> affine[BATCH];
  for (usize start = 0; start < n; start += BATCH) {
    const usize count = n - start < BATCH ? n - start : BATCH;
    for (usize i = 0; i < count; i++) points[i] = make(start + i);
    to_affine(points, affine, count);
    for (usize i = 0; i < count; i++) store_affine(affine[i], out + (start + i) * 2 * WORDS<F>);
  }
}

#if COPROC_LANES
// Writes make(i, count) -> Jacobian of the elements i .. i + count - 1, count <= 8, for all i < n that are multiples of 8, in lanes.
template <class F, class Make> inline void write_affine_lanes(usize n, u64 *out, Make make) {
  constexpr usize STRIDE = 2 * WORDS<F>, VECTORS = BATCH / 8;
  Jacobian<F> points[VECTORS];
  F z[VECTORS], scratch[VECTORS];
  for (usize start = 0; start < n; start += BATCH) {
    const usize end = n - start < BATCH ? n : start + BATCH;
    usize vectors = 0;
    for (usize i = start; i < end; i += 8, vectors++) {
      points[vectors] = make(i, end - i < 8 ? end - i : 8);
      z[vectors] = points[vectors].z;
    }
    batch_inverse(z, vectors, scratch);
    for (usize v = 0, i = start; v < vectors; v++, i += 8) {
      const usize count = end - i < 8 ? end - i : 8;
      scatter_affine(scaled(points[v], z[v]), Addresses<u64>(out + i * STRIDE, STRIDE, count).at, Mask8::first(count));
    }
  }
}
#endif

COPROC_END
