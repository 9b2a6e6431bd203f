// Products of Miller loops on points, many pairs at a time: strands into lanes, lanes into affine Miller loops.
#pragma once
#include "pairing/affine.hpp"
#include "pairing/miller.hpp"
#include "pairing/values.hpp"
#include "primitives/pairing_costs.hpp"
#include "primitives/pairing_join.hpp"

COPROC_BEGIN

constexpr usize POINT_VECTORS = MAX_STRAND; // vectors of pairs that share the inversions of a loop

// Pairs of the strands s .. s + WIDTH into `pairs`, one vector for each pair of the longest. P and k are completed by place_pairs.
template <class C> struct PointLoader {
  using F = typename C::F;
  using F2 = typename C::F2;
  static constexpr int WIDTH = F::Lane::WIDTH, K = F::LIMBS;
  const u64 *g1, *g2;

  void load(const Plan &plan, usize s, usize lanes, usize accumulator, AffinePair<C> *pairs, F *x, F *y) const {
    // a lane without a pair computes with another one's points
    for (u64 i = 0; i < plan.strand(s).count; i++) {
      LaneAddresses<F> p, q;
      usize live = 0;
      for (usize lane = 0; lane < WIDTH; lane++) {
        const bool has = lane < lanes && i < plan.strand(s + lane).count;
        live += has;
        const u64 j = plan.pair(plan.strand(has ? s + lane : s), i);
        p.at[lane] = g1 + j * 2 * K, q.at[lane] = g2 + j * 4 * K;
      }
      x[i] = load_lanes<F>(p.at), y[i] = load_lanes<F>((p + K).at);
      pairs[i].qx = load_lanes<F2>(q.at), pairs[i].qy = load_lanes<F2>((q + 2 * K).at);
      pairs[i].live = first_lanes<typename F::Lane>(live); // strands are sorted by length
      pairs[i].accumulator = accumulator;
    }
  }
};

// Moves Q to the isomorphic curve; P = (x[i], y[i]). False where a coordinate of a P is zero.
template <class C>
COPROC_NOINLINE bool place_pairs(AffinePair<C> *pairs, usize n, const typename C::F *x, const typename C::F *y, typename C::F *scratch) {
  using F = typename C::F;
  F *xy = scratch, *before = scratch + n;
  for (usize i = 0; i < n; i++) {
    xy[i] = x[i] * y[i];
    if (any(is_zero(xy[i]))) return false;
  }
  batch_inverse(xy, n, before);
  for (usize i = 0; i < n; i++) {
    AffinePair<C> &p = pairs[i];
    const F ix = xy[i] * y[i], u = -(xy[i] * sqr(x[i])), uu = sqr(u), k = -(sqr(y[i] * ix) * ix);
    p.qx = mul_by_fp(p.qx, uu);
    p.qy = mul_by_fp(p.qy, uu * u);
    p.k = all(p.live) ? k : select(p.live, k, F::zero());
  }
  return true;
}

// The accumulators of few vectors by formulas without inversions.
template <class C>
COPROC_NOINLINE void separate_products(const AffinePair<C> *pairs, usize n, const typename C::F *x, const typename C::F *y,
                                       typename C::F12 *f) {
  Pair<C> some[FEW_VECTORS];
  for (usize i = 0, k = 0; i < n; i++) {
    some[k++] = {x[i], y[i], pairs[i].qx, pairs[i].qy, {}, pairs[i].live};
    if (i + 1 < n && pairs[i + 1].accumulator == pairs[i].accumulator) continue;
    f[pairs[i].accumulator] = miller_loop<C>(some, k);
    k = 0;
  }
}

// One strand on one lane, by formulas without exceptions.
template <class C> typename C::F12 strand_product(const Plan &plan, const Strand &s, const u64 *g1, const u64 *g2) {
  constexpr int k = C::F::LIMBS;
  Pair<C> pairs[MAX_STRAND];
  for (usize i = 0; i < s.count; i++) {
    const u64 j = plan.pair(s, i), *p = g1 + j * 2 * k, *q = g2 + j * 4 * k;
    pairs[i].x = C::F::load(p), pairs[i].y = C::F::load(p + k);
    pairs[i].qx = C::F2::load(q), pairs[i].qy = C::F2::load(q + 2 * k);
    pairs[i].live = true;
  }
  return miller_loop<C>(pairs, s.count);
}

// out[i] = Miller product of element i; `plan` is laid. False where memory ran out.
template <class C> bool products_of_points(const Plan &plan, usize m, const u64 *g1, const u64 *g2, u64 *out) {
  using F = typename C::F;
  using One = typename C::template In<Lane1>;
  constexpr usize WIDTH = F::Lane::WIDTH;
  const usize room = plan.pairs() < POINT_VECTORS ? plan.pairs() : POINT_VECTORS;
  Buffer<AffinePair<C>> pairs(room);
  Buffer<typename C::F12> accumulators(room);
  Buffer<F> coordinates(4 * room);
  Join<C> join(m, out);
  if (!pairs.ok() || !accumulators.ok() || !coordinates.ok() || !join.ok()) return false;
  F *const x = coordinates.data(), *const y = x + room, *const scratch = y + room;
  const PointLoader<C> loader{g1, g2};
  for (usize s = 0; s < plan.strands();) {
    const usize begin = s;
    usize vectors = 0, used = 0;
    for (; s < plan.strands() && vectors + plan.strand(s).count <= room; used++) {
      const usize lanes = plan.strands() - s < WIDTH ? plan.strands() - s : WIDTH;
      loader.load(plan, s, lanes, used, pairs.data() + vectors, x + vectors, y + vectors);
      vectors += plan.strand(s).count;
      s += lanes;
    }
    if (Costs<C>::POINTS.separate(vectors)) {
      separate_products<C>(pairs.data(), vectors, x, y, accumulators.data());
      join.add(plan, begin, s, accumulators.data());
    } else if (place_pairs<C>(pairs.data(), vectors, x, y, scratch) && miller_loop<C>(pairs.data(), vectors, accumulators.data(), used)) {
      join.add(plan, begin, s, accumulators.data());
    } else {
      u64 value[12 * F::LIMBS];
      for (usize t = begin; t < s; t++) {
        strand_product<One>(plan, plan.strand(t), g1, g2).store(value);
        join.add(plan.strand(t).element, value);
      }
    }
  }
  return true;
}

COPROC_END
