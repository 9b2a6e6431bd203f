// How the pairs of m products are spread over lanes: a strand is a run of pairs of one product that one lane multiplies up. Eight
// strands (one, where a lane is an element) share an accumulator, whose squarings cost as much as some tenths of a pair; products of
// many pairs are cut into several strands, so that lanes are full.
#pragma once
#include "isa/config.hpp"

COPROC_BEGIN

constexpr usize MAX_STRAND = 96; // pairs: the running points of an accumulator stay in the second-level cache

struct Strand {
  u64 element, first, count; // pairs live[first .. first + count) of product `element`
};

constexpr usize FEW_VECTORS = 8; // more than this always share inversions

// Times in microseconds, measured: squarings of an accumulator, one vector of pairs, one product of two strands; the inversions of a
// loop, which all vectors share, and what a vector costs more without them.
struct PlanCosts {
  double square, pair, join, inversions, without;

  // Whether formulas without inversions are faster.
  constexpr bool separate(u64 vectors) const { return vectors <= FEW_VECTORS && static_cast<double>(vectors) * without < inversions; }
  constexpr double time(u64 accumulators, u64 vectors, u64 strands) const {
    const double shared = separate(vectors) ? static_cast<double>(vectors) * without
                                            : static_cast<double>((vectors + MAX_STRAND - 1) / MAX_STRAND) * inversions;
    return static_cast<double>(accumulators) * square + static_cast<double>(vectors) * pair + static_cast<double>(strands) * join + shared;
  }
};

class Plan {
  static constexpr usize BINS = 256;
  Buffer<u64> live_, counts_;
  Buffer<Strand> strands_;
  usize m_, n_ = 0, length_ = 1;
  u64 pairs_ = 0;

  // Strands of a product of c pairs: as equal as they can be, none longer than `length`.
  template <class Each> static void cut(u64 c, u64 length, Each each) {
    const u64 s = (c + length - 1) / length;
    for (u64 i = 0; i < s; i++) each(c / s + (i < c % s ? 1 : 0));
  }
  // bins[k] products of k < BINS pairs; larger ones are counted one by one.
  double cost(const u64 *bins, usize large, u64 length, usize width, const PlanCosts &t) const {
    u64 of_size[MAX_STRAND + 1] = {}, strands = 0;
    const auto add = [&](u64 c, u64 times) {
      const u64 s = (c + length - 1) / length;
      of_size[c / s + 1 <= MAX_STRAND ? c / s + 1 : 0] += times * (c % s);
      of_size[c / s] += times * (s - c % s);
      strands += times * s;
    };
    for (u64 c = 1; c < BINS; c++)
      if (bins[c]) add(c, bins[c]);
    for (usize i = 0; large && i < m_; i++)
      if (counts_[i] >= BINS) add(counts_[i], 1);
    u64 vectors = 0, accumulators = 0, free = 0;
    for (u64 size = MAX_STRAND; size > 0; size--) {
      const u64 rest = of_size[size] > free ? of_size[size] - free : 0, more = (rest + width - 1) / width;
      free = more ? more * width - rest : free - of_size[size];
      vectors += more * size, accumulators += more;
    }
    return t.time(accumulators, vectors, strands);
  }

 public:
  // alive(j): pair j takes part. offsets: m + 1 indices.
  template <class Alive>
  Plan(usize m, const u64 *offsets, Alive alive)
      : live_(offsets[m] - offsets[0] + 1), counts_(m + 1), strands_(offsets[m] - offsets[0] + 1), m_(m) {
    if (!ok()) return;
    for (usize i = 0; i < m; i++) {
      counts_[i] = 0;
      for (u64 j = offsets[i]; j < offsets[i + 1]; j++)
        if (alive(j)) live_[pairs_++] = j, counts_[i]++;
    }
  }
  bool ok() const { return live_.ok() && counts_.ok() && strands_.ok(); }

  // Chooses how long strands are; the time that this will take.
  double choose(usize width, const PlanCosts &t) {
    u64 bins[BINS] = {};
    usize large = 0;
    for (usize i = 0; i < m_; i++) counts_[i] < BINS ? bins[counts_[i]]++ : ++large;
    double best = 0;
    constexpr usize LENGTHS[] = {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 56, 64, 72, 80, 88, MAX_STRAND};
    for (const usize length : LENGTHS) {
      const double c = cost(bins, large, length, width, t);
      if (length == 1 || c < best) best = c, length_ = length;
    }
    return best;
  }
  // Makes the strands, the longest first.
  void lay() {
    usize starts[MAX_STRAND + 2] = {};
    for (usize i = 0; i < m_; i++) cut(counts_[i], length_, [&](u64 size) { starts[size]++; });
    for (usize size = MAX_STRAND + 1, at = 0; size-- > 0;) {
      const usize many = starts[size];
      starts[size] = at, at += many;
    }
    u64 first = 0;
    n_ = 0;
    for (usize i = 0; i < m_; i++)
      cut(counts_[i], length_, [&](u64 size) {
        strands_[starts[size]++] = {i, first, size};
        first += size, n_++;
      });
  }
  usize strands() const { return n_; }
  const Strand &strand(usize i) const { return strands_[i]; }
  u64 pair(const Strand &s, usize i) const { return live_[s.first + i]; }
  u64 pairs() const { return pairs_; }
};

COPROC_END
