// Points from bytes and back, and the two tests of points (decode, encode, check of coproc.h).
#include "curve/decode.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

void k_decode(int group, int encoding, int checks, usize n, coproc_data data, u64 *points, u8 *status) {
  with_group(group, [&]<class G>() {
    using F = typename G::F;
    for (usize i = 0; i < n; i++) {
      Affine<F> p;
      status[i] = resolve<G>(read_point<F>(encoding, data[i]), checks, p);
      store_affine(p, points + i * 2 * WORDS<F>);
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
    for (usize i = 0; i < n; i++) {
      const Affine<F> p = load_affine<F>(points + i * 2 * WORDS<F>);
      const bool ok =
          p.infinity() || ((checks == 0 || on_curve(p, G::b())) && (!(checks & COPROC_IN_SUBGROUP) || Subgroup<G>::contains(p)));
      status[i] = ok ? COPROC_OK : COPROC_INVALID;
    }
  });
}

COPROC_END
