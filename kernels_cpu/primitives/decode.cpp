// Points from bytes and back, and the two tests of points (decode, encode, check of coproc.h).
#include "curve/decode_lanes.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

// Below so many of the last elements a vector of eight is slower than single lanes (measured): a chain of roots has little to do at
// once, unless another vector goes with it; the doublings of a subgroup check have more.
COPROC_INLINE usize least(int group, int checks, usize n) {
  if ((checks & COPROC_IN_SUBGROUP) && group != COPROC_BN254_G1) return 2;
  return n % 16 > 8 ? 2 : 3;
}

void k_decode(int group, int encoding, int checks, usize n, coproc_data data, u64 *points, u8 *status) {
  with_group(group, [&]<class G>() {
    using F = typename G::F;
    constexpr usize STRIDE = 2 * WORDS<F>;
    usize i = 0;
#if COPROC_LANES
    const usize end = in_lanes(n, least(group, checks, n));
    for (; i + 8 < end; i += 16)
      decode_vectors<G, 2>(encoding, checks, end - i < 16 ? end - i : 16, data + i, points + i * STRIDE, status + i);
    if (i < end) decode_vectors<G, 1>(encoding, checks, end - i, data + i, points + i * STRIDE, status + i);
    i = end;
#endif
    for (; i < n; i++) {
      Affine<F> p;
      status[i] = resolve<G>(read_point<F>(encoding, data[i]), holds_montgomery(encoding), checks, p);
      store_affine(p, points + i * STRIDE);
    }
  });
}

void k_encode(int group, int encoding, usize n, const u64 *points, u8 *out) {
  with_group(group, [&]<class G>() {
    using F = typename G::F;
    for (usize i = 0; i < n; i++) write_point(encoding, load_affine<F>(points + i * 2 * WORDS<F>), out + i * encoded_size<F>(encoding));
  });
}

void k_check(int group, int checks, usize n, const u64 *points, u8 *status) {
  with_group(group, [&]<class G>() {
    using F = typename G::F;
    constexpr usize STRIDE = 2 * WORDS<F>;
    usize i = 0;
#if COPROC_LANES
    for (const usize end = in_lanes(n, least(group, checks, n)); i < end; i += 8)
      check_vector<G>(checks, end - i < 8 ? end - i : 8, points + i * STRIDE, status + i);
#endif
    for (; i < n; i++) {
      const Affine<F> p = load_affine<F>(points + i * STRIDE);
      const bool ok =
          p.infinity() || ((checks == 0 || on_curve(p, G::b())) && (!(checks & COPROC_IN_SUBGROUP) || Subgroup<G>::contains(p)));
      status[i] = ok ? COPROC_OK : COPROC_INVALID;
    }
  });
}

COPROC_END
