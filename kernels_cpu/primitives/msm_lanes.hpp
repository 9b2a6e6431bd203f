// msm and msm_table of coproc.h in eight lanes.
#pragma once
#include "curve/batch.hpp"
#include "curve/msm_lanes_pippenger.hpp"
#include "curve/msm_lanes_straus.hpp"

#if COPROC_LANES
COPROC_BEGIN

// Where the lanes begin to pay, measured: from so many terms on, in one sum or in all.
template <class G> constexpr usize least_terms(usize m) { return G::D > 2 ? 1 : m == 1 ? 3 : 2; }
// From so many terms without table on a sum takes buckets; beside others windows share their inversions.
template <class G> constexpr usize window_terms(usize m) { return G::D == 2 ? 112 : m == 1 ? 28 : 40; }
// Up to so many terms a sum, joining its positions costs more than adding up.
template <class G> inline constexpr usize REGULAR_TERMS = G::D == 2 ? 8 : 5;
inline constexpr usize FEW_SUMS = 4;            // so few are not sorted by their length
inline constexpr usize DIGITS_TOGETHER = 16384; // of sums that are added up together
inline constexpr usize STRAUS_CHUNK = 1024;     // terms of a sum by windows; bounds the memory of a call

// Sums waiting for a call of msm_straus_lanes.
template <class G> class StrausQueue {
  const Terms &terms_;
  Digits form_;
  Sum<typename G::F> sums_[BATCH];
  usize count_ = 0, digits_ = 0;

 public:
  StrausQueue(const Terms &terms, Digits form) : terms_(terms), form_(form) {}
  bool flush() {
    const usize count = count_;
    count_ = digits_ = 0;
    return count == 0 || msm_straus_lanes<G>(terms_, sums_, count, form_);
  }
  bool push(const Sum<typename G::F> &sum) {
    const usize digits = sum.n * static_cast<usize>(G::D * (G::SPLIT_BITS / STRAUS_WIDTH + 1));
    // Sums are joined eight at a time, unless they are long.
    const usize most = count_ % 8 == 0 ? DIGITS_TOGETHER : 4 * DIGITS_TOGETHER;
    if ((count_ == BATCH || digits_ + digits > most) && !flush()) return false;
    sums_[count_++] = sum;
    digits_ += digits;
    return true;
  }
};

// values[i] = sum i of `count` <= BATCH sums, offsets[i] <= j < offsets[i + 1] its terms; false where memory ran out.
template <class G> bool sum_in_lanes(const Terms &terms, const u64 *offsets, usize count, Jacobian<typename G::F> *values) {
  StrausQueue<G> longer(terms, Digits::NAF), shorter(terms, Digits::REGULAR);
  for (usize i = 0; i < count; i++) {
    const Sum<typename G::F> sum = {offsets[i], offsets[i + 1] - offsets[i], values + i};
    usize tabled = 0;
    for (usize j = sum.first; j < sum.first + sum.n; j++) tabled += terms.table(j) != nullptr;
    const bool windows = sum.n - tabled < window_terms<G>(count) + tabled / 5;
    const usize chunk = windows ? STRAUS_CHUNK : MSM_CHUNK;
    if (windows && sum.n <= chunk) {
      if (!(sum.n > REGULAR_TERMS<G> || count <= FEW_SUMS ? longer : shorter).push(sum)) return false;
      continue;
    }
    for (usize j = 0; j < sum.n; j += chunk) {
      Jacobian<typename G::F> part;
      const Sum<typename G::F> piece = {sum.first + j, sum.n - j < chunk ? sum.n - j : chunk, &part};
      if (!(windows ? msm_straus_lanes<G>(terms, &piece, 1, Digits::NAF) : msm_pippenger_lanes<G>(terms, piece.first, piece.n, part)))
        return false;
      *sum.out = j == 0 ? part : add(*sum.out, part);
    }
  }
  return longer.flush() && shorter.flush();
}

// The sums of coproc.h; false where memory ran out or lanes do not pay.
template <class G> bool msm_in_lanes(const Terms &terms, usize m, const u64 *offsets, u64 *out) {
  using F = typename G::F;
  if (m == 0 || offsets[m] - offsets[0] < least_terms<G>(m)) return false;
  Jacobian<F> values[BATCH];
  Affine<F> affine[BATCH];
  for (usize start = 0; start < m; start += BATCH) {
    const usize count = m - start < BATCH ? m - start : BATCH;
    if (!sum_in_lanes<G>(terms, offsets + start, count, values)) return false;
    to_affine(values, affine, count);
    for (usize i = 0; i < count; i++) store_affine(affine[i], out + (start + i) * 2 * WORDS<F>);
  }
  return true;
}

// Tables of n points, in packed form at any address of a u64; a point at a time, without memory of the heap.
template <class G> COPROC_NOINLINE void msm_table_by_points(usize n, const u64 *points, u64 *tables) {
  using F = typename G::F;
  constexpr usize ROW = KEY_TABLE_ENTRIES * POINT_WORDS<typename Eight<G>::F>;
  PairAdder<F> adder;
  Affine<F> row[KEY_TABLE_ENTRIES], powers[2];
  const u64 *from[KEY_TABLE_ENTRIES];
  u64 *to[KEY_TABLE_ENTRIES];
  for (usize i = 0; i < n; i++) {
    row[0] = load_affine<F>(points + i * 2 * WORDS<F>);
    fill_odd_multiples(adder, row, 1, KEY_TABLE_ENTRIES, KEY_TABLE_ENTRIES, powers);
    for (usize j = 0; j < KEY_TABLE_ENTRIES; j++) {
      from[j] = reinterpret_cast<const u64 *>(row + j);
      to[j] = tables + i * ROW + j * POINT_WORDS<typename Eight<G>::F>;
    }
    pack_points<Eight<G>>(from, KEY_TABLE_ENTRIES, to, nullptr);
  }
}

// The same with the additions of many points together.
template <class G> void msm_table_in_lanes(usize n, const u64 *points, u64 *tables) {
  using F = typename Eight<G>::F;
  constexpr usize AT_ONCE = 16, ROW = KEY_TABLE_ENTRIES * POINT_WORDS<F>;
  PairAdder8<F> adder;
  if (!adder.ok()) return msm_table_by_points<G>(n, points, tables);
  alignas(64) u64 powers[2 * AT_ONCE * POINT_WORDS<F>];
  for (usize start = 0; start < n; start += AT_ONCE) {
    const usize count = n - start < AT_ONCE ? n - start : AT_ONCE;
    const u64 *from[AT_ONCE];
    u64 *to[AT_ONCE];
    for (usize i = 0; i < count; i++) {
      from[i] = points + (start + i) * 2 * LanesIo<F>::WORDS;
      to[i] = tables + (start + i) * ROW;
    }
    pack_points<Eight<G>>(from, count, to, nullptr);
    fill_packed_multiples<F>(adder, tables + start * ROW, count, KEY_TABLE_ENTRIES, powers);
  }
}

COPROC_END
#endif
