// Miller loops over many pairs at once with affine running points: every step needs one inversion, shared by all of them (Montgomery's
// trick), and gives lines divided by their coefficient of y, which cost ten products in Fp2 instead of thirteen.
//
// Q moves to an isomorphic curve: with u = -xP / yP in Fp*, (x, y) -> (u^2 x, u^3 y) takes a slope s to u s and an intercept c to
// u^3 c. The line yP - s xP (..) + c (..), c = s xT - yT, divided by yP is then 1 + (u s)(..) + (u^3 c) k (..) with k = -yP^2 / xP^3:
// the slope of the image is the first coefficient as it stands.
//
// [LMN10] for affine pairings, [ELM03] for the step 2T + Q.
// Nothing here is exceptional for P and Q of prime order; a denominator that vanishes is reported, and the caller takes the formulas
// of lines.hpp, which have none.
#pragma once
#include "field/fused.hpp"
#include "pairing/lines.hpp"

COPROC_BEGIN

// A pair a lane; a lane that is not live multiplies by w^3 (BLS12-381) or 1 (BN254), which the final exponentiation removes.
template <class C> struct AffinePair {
  using F = typename C::F;
  using F2 = typename C::F2;
  F2 qx, qy, x, y;
  F2 slope, sum_x; // of the chord through T and Q, and x of T + Q, between the halves of a double-and-add
  F2 before;       // product of the denominators of the pairs before this one
  F k;
  typename F::Mask live;
  usize accumulator;
};

// Hands 1 / denominator(pair) to use(pair, inverse), pair after pair. False, and nothing is done, if one is zero in some lane.
template <class C, class Denominator, class Use>
COPROC_INLINE bool with_inverses(AffinePair<C> *pairs, usize n, Denominator denominator, Use use) {
  auto product = C::F2::one() * denominator(pairs[0]); // denominators are loose
  for (usize i = 1; i < n; i++) {
    pairs[i].before = product;
    product = product * denominator(pairs[i]);
  }
  if (any(is_zero(product))) return false;
  auto inv = inverse(product);
  for (usize i = n; i-- > 1;) {
    const auto d = denominator(pairs[i]);
    use(pairs[i], inv * pairs[i].before);
    inv = inv * d;
  }
  use(pairs[0], inv);
  return true;
}

// The line with this slope and intercept, evaluated.
template <class C>
COPROC_INLINE void emit(typename C::F12 *f, const AffinePair<C> &p, const typename C::F2 &slope, const typename C::F2 &intercept) {
  using F2 = typename C::F2;
  const F2 b = mul_by_fp(intercept, p.k); // k = 0 where the lane is not live
  mul_by_normalised_line<C>(f[p.accumulator], all(p.live) ? slope : select(p.live, slope, F2::zero()), b);
}

// T to the point with this x on the line of this slope, negated; the line is y = slope x - c.
template <class C> COPROC_INLINE void step(typename C::F12 *f, AffinePair<C> &p, const typename C::F2 &slope, const typename C::F2 &x) {
  const auto sx = slope * p.x;
  const auto c = sub_loose(sx, p.y);
  p.y = minus_both(sx, p.y, slope * x);
  p.x = x;
  emit(f, p, slope, c);
}

// T <- 2T, slope 3 x^2 / 2 y.
template <class C> COPROC_NOINLINE bool double_all(AffinePair<C> *pairs, usize n, typename C::F12 *f) {
  using Pair = AffinePair<C>;
  using F2 = typename C::F2;
  return with_inverses(
      pairs, n, [](const Pair &p) { return p.y; },
      [&](Pair &p, const F2 &inv) {
        const F2 slope = three_halves(sqr(p.x)) * inv;
        step(f, p, slope, minus_two(sqr(slope), p.x));
      });
}

// T <- T + (qx(p), qy(p)).
template <class C, class X, class Y> COPROC_INLINE bool add_all(AffinePair<C> *pairs, usize n, typename C::F12 *f, X qx, Y qy) {
  using Pair = AffinePair<C>;
  using F2 = typename C::F2;
  return with_inverses(
      pairs, n, [&](const Pair &p) { return sub_loose(p.x, qx(p)); },
      [&](Pair &p, const F2 &inv) {
        const F2 slope = sub_loose(p.y, qy(p)) * inv;
        step(f, p, slope, minus_both(sqr(slope), p.x, qx(p)));
      });
}

// T <- 2T + Q as (T + Q) + T, -Q for a negative sign; y of T + Q is not needed: the second slope is -slope - 2 y / (x(T + Q) - x).
template <class C> COPROC_NOINLINE bool double_add_all(AffinePair<C> *pairs, usize n, typename C::F12 *f, int sign) {
  using Pair = AffinePair<C>;
  using F2 = typename C::F2;
  return with_inverses(
             pairs, n, [](const Pair &p) { return sub_loose(p.x, p.qx); },
             [&](Pair &p, const F2 &inv) {
               p.slope = (sign > 0 ? sub_loose(p.y, p.qy) : add_loose(p.y, p.qy)) * inv;
               p.sum_x = minus_both(sqr(p.slope), p.x, p.qx);
               emit(f, p, p.slope, sub_loose(p.slope * p.x, p.y));
             }) &&
         with_inverses(
             pairs, n, [](const Pair &p) { return sub_loose(p.x, p.sum_x); },
             [&](Pair &p, const F2 &inv) {
               const F2 slope = add_loose(p.y, p.y) * inv - p.slope;
               step(f, p, slope, minus_both(sqr(slope), p.x, p.sum_x));
             });
}

// The Miller products of n pairs (n >= 1) into their accumulators. qx, qy, k, live and accumulator of the pairs are
// given. False where a denominator vanished: then there is no result.
template <class C> COPROC_NOINLINE bool miller_loop(AffinePair<C> *pairs, usize n, typename C::F12 *f, usize accumulators) {
  using Pair = AffinePair<C>;
  for (usize i = 0; i < accumulators; i++) f[i] = C::F12::one();
  for (usize i = 0; i < n; i++) pairs[i].x = pairs[i].qx, pairs[i].y = pairs[i].qy;
  for (int step = 0; step < C::POINT_STEPS; step++) {
    if (step)
      for (usize i = 0; i < accumulators; i++) f[i] = sqr(f[i]);
    const int d = C::point_digit(step);
    // T = Q at first: T + Q is no chord
    const bool chord = d != 0 && step > 0;
    if (!(chord ? double_add_all(pairs, n, f, d) : double_all(pairs, n, f))) return false;
    if (d && !chord && !add_all(pairs, n, f, [](const Pair &p) { return p.qx; }, [=](const Pair &p) { return d > 0 ? p.qy : -p.qy; }))
      return false;
  }
  if constexpr (C::M_TWIST) {
    for (usize i = 0; i < accumulators; i++) f[i] = conj(f[i]); // x < 0
    return true;
  } else {
    // psi commutes with the isomorphism: u lies in Fp
    for (usize i = 0; i < n; i++) {
      Pair &p = pairs[i];
      typename C::F2 px[2], py[2];
      bn_frobenius_points(p.qx, p.qy, px, py);
      p.qx = px[0], p.qy = py[0], p.sum_x = px[1], p.slope = py[1];
    }
    return add_all(
               pairs, n, f, [](const Pair &p) { return p.qx; }, [](const Pair &p) { return p.qy; }) &&
           add_all(pairs, n, f, [](const Pair &p) { return p.sum_x; }, [](const Pair &p) { return p.slope; });
  }
}

COPROC_END
