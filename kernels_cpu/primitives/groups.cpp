// Sums and multiples of points (add, scalar_mul of coproc.h).
#include "curve/batch.hpp"
#include "curve/scalar_mul.hpp"
#include "curve/scalar_mul_lanes.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

// Below so many elements a vector of eight is slower than single lanes (measured). Sums are cheap beside the inversion, which a rest
// shares with the vectors before it.
inline constexpr usize ADD_LEAST = 4, MUL_LEAST = 2;

void k_add(int group, usize n, const u64 *a, const u64 *b, u64 *out) {
  with_group(group, [&]<class G>() {
    using F = typename G::F;
    constexpr usize STRIDE = 2 * WORDS<F>;
    usize done = 0;
#if COPROC_LANES
    using F8 = typename Eight<G>::F;
    done = in_lanes(n, n > 8 ? 1 : ADD_LEAST);
    write_affine_lanes<F8>(done, out, [&](usize i, usize count) {
      const auto p = gather_affine<F8>(Addresses<const u64>(a + i * STRIDE, STRIDE, count).at);
      return add(Jacobian<F8>::from_affine(p), gather_affine<F8>(Addresses<const u64>(b + i * STRIDE, STRIDE, count).at));
    });
#endif
    write_affine<F>(n - done, out + done * STRIDE, [&](usize i) {
      const usize at = (done + i) * STRIDE;
      return add(Jacobian<F>::from_affine(load_affine<F>(a + at)), load_affine<F>(b + at));
    });
  });
}

void k_scalar_mul(int group, usize n, const u64 *points, const u64 *scalars, u64 *out) {
  with_group(group, [&]<class G>() {
    using F = typename G::F;
    constexpr usize STRIDE = 2 * WORDS<F>;
    usize done = 0;
#if COPROC_LANES
    using F8 = typename Eight<G>::F;
    done = in_lanes(n, MUL_LEAST);
    write_affine_lanes<F8>(done, out, [&](usize i, usize count) {
      return scalar_mul<Eight<G>>(gather_affine<F8>(Addresses<const u64>(points + i * STRIDE, STRIDE, count).at),
                                  Addresses<const u64>(scalars + 4 * i, 4, count).at);
    });
#endif
    write_affine<F>(n - done, out + done * STRIDE,
                    [&](usize i) { return scalar_mul<G>(load_affine<F>(points + (done + i) * STRIDE), scalars + 4 * (done + i)); });
  });
}

COPROC_END
