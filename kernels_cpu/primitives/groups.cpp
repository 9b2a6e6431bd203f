// Sums and multiples of points (add, scalar_mul of coproc.h).
#include "curve/batch.hpp"
#include "curve/scalar_mul.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

void k_add(int group, usize n, const u64 *a, const u64 *b, u64 *out) {
  with_group(group, [&]<class G>() {
    using F = typename G::F;
    constexpr usize STRIDE = 2 * WORDS<F>;
    write_affine<F>(n, out,
                    [&](usize i) { return add(Jacobian<F>::from_affine(load_affine<F>(a + i * STRIDE)), load_affine<F>(b + i * STRIDE)); });
  });
}

void k_scalar_mul(int group, usize n, const u64 *points, const u64 *scalars, u64 *out) {
  with_group(group, [&]<class G>() {
    using F = typename G::F;
    write_affine<F>(n, out, [&](usize i) { return scalar_mul<G>(load_affine<F>(points + i * 2 * WORDS<F>), scalars + 4 * i); });
  });
}

COPROC_END
