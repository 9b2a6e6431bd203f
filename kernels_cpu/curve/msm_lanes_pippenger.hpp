// A sum of many multiples in lanes: the buckets of msm_pippenger.hpp, on packed points.
//
// The bucket of magnitude 2^(c-1) is group (c - 1, w) by itself, and takes the place of the empty bucket 0 while buckets are filled.
#pragma once
#include "curve/msm_lanes.hpp"
#include "curve/msm_pippenger.hpp"

#if COPROC_LANES
COPROC_BEGIN

// A short scalar ready for windows: its point with its sign, and k + sum 2^(c-1) 2^(c i).
struct PackedScalar {
  PointRef point;
  u64 k[3];

  COPROC_INLINE int digit(int position, int c) const {
    const int word = position / 64, shift = position % 64;
    u64 w = k[word] >> shift;
    if (shift + c > 64 && word < 2) w |= k[word + 1] << (64 - shift);
    return static_cast<int>(w & ((u64{1} << c) - 1)) - (1 << (c - 1));
  }
};

// Windows of c bits, some of them at a time.
template <class F> class BucketSums {
  const PackedScalar *scalars_;
  usize n_, buckets_, windows_;
  int c_;
  PairAdder8<F> adder_;
  Buffer<u32> counts_;
  Buffer<u32> next_;
  Buffer<PointRef> refs_, node_, odd_;
  Buffer<u64> points_; // sums of pairs of a block; of buckets, of the tree, of its odd nodes

 public:
  // windows: how many at a time, at most.
  BucketSums(const PackedScalar *scalars, usize n, int c, usize windows)
      : scalars_(scalars), n_(n), buckets_(usize{1} << (c - 1)), windows_(windows), c_(c), counts_(windows * buckets_),
        next_(windows * buckets_), refs_(windows * n), node_(windows * buckets_), odd_(windows * buckets_),
        points_((windows * n / 2 + windows * buckets_ / 2 * 5 + 1) * POINT_WORDS<F>) {}
  bool ok() const { return adder_.ok() && counts_.ok() && next_.ok() && refs_.ok() && node_.ok() && odd_.ok() && points_.ok(); }

  // sums[c w + l] = the sum at that position of the scalars, in `kept` (a point a position), for first <= w < last.
  void add_up(int first, int last, PointRef *sums, u64 *kept) {
    const usize windows = static_cast<usize>(last - first), groups = windows * buckets_;
    sort_digits(first, last);
    u64 *fresh = fill(groups);
    fresh = climb(windows, fresh);

    const usize positions = static_cast<usize>(c_) * windows;
    add_up_groups(adder_, odd_.data(), counts_.data(), positions, fresh);
    const PointRef *sum = odd_.data();
    for (usize l = 0; l < static_cast<usize>(c_); l++)
      for (usize w = 0; w < windows; w++) {
        const usize position = (static_cast<usize>(first) + w) * static_cast<usize>(c_) + l;
        if (counts_[l * windows + w] == 0) {
          sums[position] = PointRef::none();
          continue;
        }
        u64 *to = kept + position * POINT_WORDS<F>;
        std::memcpy(to, sum->words(), 8 * POINT_WORDS<F>);
        sums[position] = PointRef::to(to, sum->negative());
        sum++;
      }
  }

 private:
  // refs_ in the order of (window, magnitude mod 2^(c-1)), counts_ of each.
  void sort_digits(int first, int last) {
    const usize groups = buckets_ * static_cast<usize>(last - first);
    std::memset(counts_.data(), 0, groups * sizeof(u32));
    const auto each_digit = [&](auto emit) {
      for (int w = first; w < last; w++) {
        const usize base = static_cast<usize>(w - first) * buckets_;
        for (usize i = 0; i < n_; i++) {
          const int d = scalars_[i].digit(w * c_, c_);
          if (d == 0) continue;
          emit(base + (static_cast<usize>(d < 0 ? -d : d) & (buckets_ - 1)), scalars_[i].point.negated_if(d < 0));
        }
      }
    };
    each_digit([&](usize g, PointRef) { counts_[g]++; });
    u32 total = 0;
    for (usize g = 0; g < groups; g++) next_[g] = total, total += counts_[g];
    each_digit([&](usize g, PointRef p) { refs_[next_[g]++] = p; });
  }

  // node_[g] = the sum of group g, or none, by blocks of groups whose sums of pairs stay in the second cache; sums that the next block
  // would overwrite are moved. The answer: the next fresh point.
  u64 *fill(usize groups) {
    constexpr usize BLOCK = usize{131072} / POINT_WORDS<F>; // digits: half as many points
    u64 *const block = points_.data(), *kept = block + (windows_ * n_ / 2 + 1) * POINT_WORDS<F>;
    PointRef *refs = refs_.data();
    for (usize g = 0; g < groups;) {
      const bool first = g == 0;
      usize end = g, digits = 0;
      do digits += counts_[end++];
      while (end < groups && digits + counts_[end] <= BLOCK);
      add_up_groups(adder_, refs, counts_.data() + g, end - g, block);
      const PointRef *left = refs;
      for (; g < end; g++) {
        if (counts_[g] == 0) {
          node_[g] = PointRef::none();
          continue;
        }
        node_[g] = *left++;
        const u64 *at = node_[g].words();
        if ((first && end == groups) || at < block || at >= kept) continue;
        std::memcpy(kept, at, 8 * POINT_WORDS<F>);
        node_[g] = PointRef::to(kept, node_[g].negative());
        kept += POINT_WORDS<F>;
      }
      refs += digits;
    }
    return kept;
  }

  // The tree over the buckets of each window; odd_ and counts_ become the groups (l, w). The answer: the next fresh point.
  u64 *climb(usize windows, u64 *fresh) {
    PointRef *node = node_.data();
    usize made = 0, g = 0;
    PointRef *top = odd_.data() + windows * (buckets_ - 1); // the largest magnitudes, moved behind the odd nodes at the end
    for (usize w = 0; w < windows; w++) top[w] = node[w * buckets_];
    for (usize size = buckets_; size > 1; size /= 2) {
      for (usize w = 0; w < windows; w++, g++) {
        counts_[g] = 0;
        for (usize i = 0; i < size / 2; i++) {
          const PointRef a = i == 0 ? PointRef::none() : node[w * size + 2 * i], b = node[w * size + 2 * i + 1];
          if (!b.empty()) odd_[made++] = b, counts_[g]++;
          if (i == 0) continue; // on the left edge nothing is needed
          PointRef sum = a.empty() ? b : a;
          if (!a.empty() && !b.empty()) sum = adder_.add(a, b, fresh), fresh += POINT_WORDS<F>;
          node[w * (size / 2) + i] = sum;
        }
      }
      adder_.flush();
    }
    for (usize w = 0; w < windows; w++, g++) {
      counts_[g] = !top[w].empty();
      if (counts_[g]) odd_[made++] = top[w];
    }
    return fresh;
  }
};

inline constexpr usize DIGITS_AT_ONCE = 16384; // whose sums stay in the second cache

// out = sum of the terms first .. first + n; false where memory ran out. Points in the group of order r; tables are not looked at.
template <class G> bool msm_pippenger_lanes(const Terms &terms, usize first, usize n, Jacobian<typename G::F> &out) {
  using F = typename Eight<G>::F;
  constexpr usize D = G::D;
  out = Jacobian<typename G::F>::identity();
  Buffer<PackedScalar> scalars(n * D);
  Buffer<u64> base(n * D * POINT_WORDS<F>);
  Buffer<const u64 *> from(n);
  Buffer<u64 *> to(n);
  Buffer<u8> images(n);
  if (!scalars.ok() || !base.ok() || !from.ok() || !to.ok() || !images.ok()) return false;

  usize used = 0, points = 0;
  u64 most[2] = {};
  u64 *place = base.data();
  for (usize i = first; i < first + n; i++) {
    ShortScalar split[D];
    G::split(terms.scalar(i), split);
    usize last = D;
    while (last > 0 && split[last - 1].zero()) last--;
    if (last == 0 || is_infinity<F>(terms.points[i])) continue;
    from[points] = terms.points[i], to[points] = place, images[points] = static_cast<u8>(last);
    points++;
    for (usize e = 0; e < last; e++, place += POINT_WORDS<F>) {
      if (split[e].zero()) continue;
      scalars[used++] = {PointRef::to(place, split[e].negative), {split[e].v[0], split[e].v[1], 0}};
      if (!less(split[e].v, most, 2)) most[0] = split[e].v[0], most[1] = split[e].v[1];
    }
  }
  if (used == 0) return true;
  pack_points<Eight<G>>(from.data(), points, to.data(), images.data());

  const int c = best_window(used, most, 1), windows = window_count(most, c);
  u64 offset[3];
  window_offset(offset, c, windows);
  for (usize i = 0; i < used; i++) Limbs<Word64, 3>::add(scalars[i].k, scalars[i].k, offset);

  const usize positions = static_cast<usize>(c * windows), more = DIGITS_AT_ONCE / used + 1;
  const int at_once = more < static_cast<usize>(windows) ? static_cast<int>(more) : windows;
  BucketSums<F> buckets(scalars.data(), used, c, static_cast<usize>(at_once));
  Buffer<PointRef> sums(positions);
  Buffer<u64> kept(positions * POINT_WORDS<F>);
  if (!buckets.ok() || !sums.ok() || !kept.ok()) return false;
  for (int w = 0; w < windows; w += at_once) buckets.add_up(w, w + at_once < windows ? w + at_once : windows, sums.data(), kept.data());
  join_in_lanes<F>(sums.data(), 1, positions, &out);
  return true;
}

COPROC_END
#endif
