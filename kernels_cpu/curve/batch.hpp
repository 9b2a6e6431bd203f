// Many points at once with one inversion (Montgomery's trick).
#pragma once
#include "curve/jacobian.hpp"

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

COPROC_END
