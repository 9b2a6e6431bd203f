// Products of Miller loops on points, many pairs at a time: strands into lanes, lanes into affine Miller loops.
#pragma once
#include "pairing/affine.hpp"
#include "pairing/miller.hpp"
#include "pairing/values.hpp"
#include "primitives/pairing_plan.hpp"

COPROC_BEGIN

constexpr usize POINT_VECTORS = MAX_STRAND; // vectors of pairs that share the inversions of a loop

constexpr usize SHARED_INVERSIONS = 12; // pairs from which on one inversion a step pays on one lane

// Measured on one core of the machine of benches/results, in microseconds.
template <class C> struct Costs;
template <> struct Costs<PairingBls12381T<Lane1>> {
  static constexpr PlanCosts POINTS = {62, 96, 1}, LINES = {62, 64, 1};
};
template <> struct Costs<PairingBn254T<Lane1>> {
  static constexpr PlanCosts POINTS = {35, 68, 1}, LINES = {35, 48, 1};
};
#if COPROC_LANES
template <> struct Costs<PairingBls12381T<Lane8>> {
  static constexpr PlanCosts POINTS = {143, 185, 1.6}, LINES = {143, 135, 1.6};
};
template <> struct Costs<PairingBn254T<Lane8>> {
  static constexpr PlanCosts POINTS = {72, 140, 1}, LINES = {72, 105, 1};
};
#endif

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

// One strand on one lane, by formulas without exceptions.
template <class C> typename C::F12 strand_product(const Plan &plan, const Strand &s, const u64 *g1, const u64 *g2) {
  constexpr int k = C::F::LIMBS;
  Pair<C> pairs[MAX_STRAND];
  for (usize i = 0; i < s.count; i++) {
    const u64 j = plan.pair(s, i), *p = g1 + j * 2 * k, *q = g2 + j * 4 * k;
    pairs[i].x = C::F::load(p), pairs[i].y = C::F::load(p + k);
    pairs[i].qx = C::F2::load(q), pairs[i].qy = C::F2::load(q + 2 * k);
  }
  return miller_loop<C>(pairs, s.count);
}

// Multiplies the values of strands into their elements of `out`, which are 1 at first.
template <class C> class Join {
  using One = typename C::template In<Lane1>;
  static constexpr usize WIDTH = C::F::Lane::WIDTH, WORDS = 12 * C::F::LIMBS;
  u64 *out_;
  Buffer<u8> started_;

 public:
  Join(usize m, u64 *out) : out_(out), started_(m + 1) {
    if (!ok()) return;
    for (usize i = 0; i < m; i++) {
      started_[i] = 0;
      One::F12::one().store(out + i * WORDS);
    }
  }
  bool ok() const { return started_.ok(); }
  void add(u64 element, const u64 *value) {
    u64 *to = out_ + element * WORDS;
    if (started_[element]) (One::F12::load(to) * One::F12::load(value)).store(to);
    else std::memcpy(to, value, sizeof(u64) * WORDS);
    started_[element] = 1;
  }
  // strands begin .. end, WIDTH an accumulator
  void add(const Plan &plan, usize begin, usize end, const typename C::F12 *accumulators) {
    u64 values[WIDTH][WORDS], *to[WIDTH];
    for (usize i = 0; i < WIDTH; i++) to[i] = values[i];
    for (; begin < end; accumulators++) {
      const usize lanes = end - begin < WIDTH ? end - begin : WIDTH;
      store_lanes(*accumulators, to, first_lanes<typename C::F::Lane>(lanes));
      for (usize i = 0; i < lanes; i++, begin++) add(plan.strand(begin).element, values[i]);
    }
  }
};

// out[i] = Miller product of element i; `plan` is laid. False where memory ran out.
template <class C> bool products_of_points(const Plan &plan, usize m, const u64 *g1, const u64 *g2, u64 *out) {
  using F = typename C::F;
  using One = typename C::template In<Lane1>;
  constexpr usize WIDTH = F::Lane::WIDTH;
  Buffer<AffinePair<C>> pairs(POINT_VECTORS);
  Buffer<typename C::F12> accumulators(POINT_VECTORS);
  Buffer<F> coordinates(4 * POINT_VECTORS);
  Join<C> join(m, out);
  if (!pairs.ok() || !accumulators.ok() || !coordinates.ok() || !join.ok()) return false;
  F *const x = coordinates.data(), *const y = x + POINT_VECTORS, *const scratch = y + POINT_VECTORS;
  const PointLoader<C> loader{g1, g2};
  for (usize s = 0; s < plan.strands();) {
    const usize begin = s;
    usize vectors = 0, used = 0;
    for (; s < plan.strands() && vectors + plan.strand(s).count <= POINT_VECTORS; used++) {
      const usize lanes = plan.strands() - s < WIDTH ? plan.strands() - s : WIDTH;
      loader.load(plan, s, lanes, used, pairs.data() + vectors, x + vectors, y + vectors);
      vectors += plan.strand(s).count;
      s += lanes;
    }
    if (place_pairs<C>(pairs.data(), vectors, x, y, scratch) && miller_loop<C>(pairs.data(), vectors, accumulators.data(), used)) {
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
