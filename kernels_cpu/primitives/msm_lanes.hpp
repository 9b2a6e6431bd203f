// msm and msm_table of coproc.h in eight lanes.
#pragma once
#include "curve/batch.hpp"
#include "curve/msm_lanes_pippenger.hpp"
#include "curve/msm_lanes_straus.hpp"

#if COPROC_LANES
COPROC_BEGIN

// Where the lanes begin to pay, measured.
inline constexpr usize LANE_TERMS = 6;       // of all sums together
inline constexpr usize LANE_TERMS_ALONE = 3; // of a single sum
inline constexpr usize REGULAR_TERMS = 4;    // up to so many terms a sum, joining its positions costs more than adding up
inline constexpr usize DIGITS_TOGETHER = 16384;
template <class G> inline constexpr usize LANE_WINDOW_TERMS = G::D == 2 ? 80 : 48; // from so many terms on, buckets

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
    // Sums are joined eight at a time.
    if (count_ == BATCH || (count_ % 8 == 0 && digits_ + digits > DIGITS_TOGETHER))
      if (!flush()) return false;
    sums_[count_++] = sum;
    digits_ += digits;
    return true;
  }
};

// values[i] = sum i of `count` <= BATCH sums, offsets[i] <= j < offsets[i + 1] its terms; false where memory ran out.
template <class G> bool sum_in_lanes(const Terms &terms, const u64 *offsets, usize count, Jacobian<typename G::F> *values) {
  StrausQueue<G> longer(terms, Digits::NAF), shorter(terms, Digits::REGULAR);
  const bool few = count < 8;
  for (usize i = 0; i < count; i++) {
    const Sum<typename G::F> sum = {offsets[i], offsets[i + 1] - offsets[i], values + i};
    usize tabled = 0;
    for (usize j = sum.first; j < sum.first + sum.n; j++) tabled += terms.table(j) != nullptr;
    const usize bare = sum.n - tabled;
    if (bare >= LANE_WINDOW_TERMS<G> + tabled / 5) {
      for (usize j = 0; j < sum.n; j += MSM_CHUNK) {
        Jacobian<typename G::F> part;
        if (!msm_pippenger_lanes<G>(terms, sum.first + j, sum.n - j < MSM_CHUNK ? sum.n - j : MSM_CHUNK, part)) return false;
        *sum.out = j == 0 ? part : add(*sum.out, part);
      }
    } else {
      if (!(sum.n > REGULAR_TERMS || few ? longer : shorter).push(sum)) return false;
    }
  }
  return longer.flush() && shorter.flush();
}

// The sums of coproc.h; false where memory ran out or lanes do not pay.
template <class G> bool msm_in_lanes(const Terms &terms, usize m, const u64 *offsets, u64 *out) {
  using F = typename G::F;
  if (m == 0 || offsets[m] - offsets[0] < (m == 1 ? LANE_TERMS_ALONE : LANE_TERMS)) return false;
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
