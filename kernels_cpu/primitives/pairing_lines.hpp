// Products of Miller loops on stored lines in lanes.
#pragma once
#include "pairing/stored.hpp"
#include "primitives/pairing_costs.hpp"
#include "primitives/pairing_join.hpp"
#if COPROC_LANES

COPROC_BEGIN

constexpr usize STORED_VECTORS = MAX_STRAND;

template <class C> struct StoredLoader {
  using F = typename C::F;
  const u64 *g1;
  coproc_words lines;

  void load(const Plan &plan, usize s, usize lanes, usize accumulator, StoredPair<C> *pairs) const {
    for (u64 i = 0; i < plan.strand(s).count; i++) {
      StoredPair<C> &to = pairs[i];
      LaneAddresses<F> p;
      usize live = 0;
      to.normalised = true;
      for (usize lane = 0; lane < 8; lane++) {
        const bool has = lane < lanes && i < plan.strand(s + lane).count;
        live += has;
        const u64 j = plan.pair(plan.strand(has ? s + lane : s), i);
        p.at[lane] = g1 + j * 2 * F::LIMBS, to.lines[lane] = lines[j];
        if constexpr (!C::M_TWIST) to.normalised &= (lane > 0 && lines[j] == to.lines[lane - 1]) || lines_normalised(lines[j]);
      }
      to.x = gather<F>(p.at), to.y = gather<F>((p + F::LIMBS).at);
      to.live = Mask8::first(live);
      to.accumulator = accumulator;
    }
  }
};

template <class C> COPROC_NOINLINE void place_pairs(StoredPair<C> *pairs, usize n, typename C::F *inverses, typename C::F *scratch) {
  using F = typename C::F;
  for (usize i = 0; i < n; i++) inverses[i] = pairs[i].y;
  batch_inverse(inverses, n, scratch);
  const F convert = gather_factor<F>();
  for (usize i = 0; i < n; i++) {
    StoredPair<C> &p = pairs[i];
    const F iy = select(p.live, inverses[i] * convert, F::zero());
    p.iy = iy, p.xy = p.x * iy;
  }
}

// out[i] = Miller product of element i; `plan` is laid. False where memory ran out.
template <class C> bool products_of_lines(const Plan &plan, usize m, const u64 *g1, coproc_words lines, u64 *out) {
  using F = typename C::F;
  const usize room = plan.pairs() < STORED_VECTORS ? plan.pairs() : STORED_VECTORS;
  Buffer<StoredPair<C>> pairs(room);
  Buffer<typename C::F12> accumulators(room);
  Buffer<F> scratch(2 * room);
  Join<C> join(m, out);
  if (!pairs.ok() || !accumulators.ok() || !scratch.ok() || !join.ok()) return false;
  const StoredLoader<C> loader{g1, lines};
  for (usize s = 0; s < plan.strands();) {
    const usize begin = s;
    usize vectors = 0, used = 0;
    for (; s < plan.strands() && vectors + plan.strand(s).count <= room; used++) {
      const usize lanes = plan.strands() - s < 8 ? plan.strands() - s : 8;
      loader.load(plan, s, lanes, used, pairs.data() + vectors);
      vectors += plan.strand(s).count;
      s += lanes;
    }
    place_pairs<C>(pairs.data(), vectors, scratch.data(), scratch.data() + room);
    miller_loop<C>(pairs.data(), vectors, accumulators.data(), used);
    join.add(plan, begin, s, accumulators.data());
  }
  return true;
}

COPROC_END
#endif
