// Sums of multiples and the tables that speed them up (msm, msm_table of coproc.h).
#include "curve/msm.hpp"
#include "curve/batch.hpp"
#include "isa/entries.hpp"
#include "primitives/msm_lanes.hpp"

COPROC_BEGIN

// The ABI form of a point is an Affine: Montgomery limbs, one after the other.
template <class F> static const Affine<F> *as_points(const u64 *words) {
  static_assert(sizeof(Affine<F>) == 8 * 2 * WORDS<F>);
  return reinterpret_cast<const Affine<F> *>(words);
}

void k_msm(int group, usize m, const u64 *offsets, coproc_words points, coproc_words tables, const u64 *scalars, u64 *out) {
  with_group(group, [&]<class G>() {
    using F = typename G::F;
#if COPROC_LANES
    if (msm_in_lanes<G>({points, tables, scalars}, m, offsets, out)) return;
    tables = nullptr; // their points are packed
#endif
    write_affine<F>(m, out, [&](usize i) {
      const usize first = offsets[i], n = offsets[i + 1] - first;
      Term<F> few[32];
      Buffer<Term<F>> many(n <= 32 ? 1 : n);
      if (n > 32 && !many.ok()) {
        // No memory even for the list: a term at a time.
        Jacobian<F> sum = Jacobian<F>::identity();
        for (usize j = first; j < first + n; j++) sum = add(sum, scalar_mul<G>(*as_points<F>(points[j]), scalars + 4 * j));
        return sum;
      }
      Term<F> *terms = n <= 32 ? few : many.data();
      for (usize j = 0; j < n; j++) {
        const u64 *table = tables ? tables[first + j] : nullptr;
        terms[j] = {as_points<F>(points[first + j]), scalars + 4 * (first + j), table ? as_points<F>(table) : nullptr};
      }
      return msm<G>(terms, n);
    });
  });
}

usize k_msm_table_words(int group) {
  usize words = 0;
  with_group(group, [&]<class G>() {
#if COPROC_LANES
    words = KEY_TABLE_ENTRIES * POINT_WORDS<typename Eight<G>::F>;
#else
    words = KEY_TABLE_ENTRIES * 2 * WORDS<typename G::F>;
#endif
  });
  return words;
}

void k_msm_table(int group, usize n, const u64 *points, u64 *tables) {
  with_group(group, [&]<class G>() {
#if COPROC_LANES
    msm_table_in_lanes<G>(n, points, tables);
#else
    using F = typename G::F;
    constexpr usize AT_ONCE = 64;
    Affine<F> powers[2 * AT_ONCE];
    PairAdder<F> adder;
    Affine<F> *rows = const_cast<Affine<F> *>(as_points<F>(tables));
    for (usize start = 0; start < n; start += AT_ONCE) {
      const usize count = n - start < AT_ONCE ? n - start : AT_ONCE;
      for (usize i = start; i < start + count; i++) rows[i * KEY_TABLE_ENTRIES] = *(as_points<F>(points) + i);
      fill_odd_multiples(adder, rows + start * KEY_TABLE_ENTRIES, count, KEY_TABLE_ENTRIES, KEY_TABLE_ENTRIES, powers);
    }
#endif
  });
}

COPROC_END
