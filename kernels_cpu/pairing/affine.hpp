// Miller loops over many pairs at once with affine running points: every step needs one inversion, shared by all of them (Montgomery's
// trick), and gives lines divided by their coefficient of y, which cost ten products in Fp2 instead of thirteen.
//
// Q moves to an isomorphic curve: with u = -xP / yP in Fp*, (x, y) -> (u^2 x, u^3 y) takes a slope s to u s and an intercept c to
// u^3 c. The line yP - s xP (..) + c (..), c = s xT - yT, divided by yP is then 1 + (u s)(..) + (u^3 c) k (..) with k = -yP^2 / xP^3:
// the slope of the image is the first coefficient as it stands.
//
// Nothing here is exceptional for P and Q of prime order; a denominator that vanishes is reported, and the caller takes the formulas
// of lines.hpp, which have none.
#pragma once
#include "pairing/lines.hpp"

COPROC_BEGIN

// A pair a lane; a lane that is not live multiplies by w^3 (BLS12-381) or 1 (BN254), which the final exponentiation removes.
template <class C> struct AffinePair {
  using F = typename C::F;
  using F2 = typename C::F2;
  F2 qx, qy, x, y;
  F2 slope, intercept, sum_x; // of the chord through T and Q, and x of T + Q, between the halves of a double-and-add
  F2 before;                  // product of the denominators of the pairs before this one
  F k;
  typename F::Mask live;
  usize accumulator;
};

// A product of lines, two of which are multiplied at a time.
template <class C> struct Accumulator {
  typename C::F12 f;
  typename C::F2 a, b; // of the line that waits for another one
  bool waiting;

  COPROC_INLINE void multiply(const typename C::F2 &la, const typename C::F2 &lb) {
    if (waiting) mul_by_two_lines<C>(f, a, b, la, lb);
    else a = la, b = lb;
    waiting = !waiting;
  }
  COPROC_INLINE void square() { f = sqr(f); }
  COPROC_INLINE void finish() {
    if (waiting) mul_by_normalised_line<C>(f, a, b);
    waiting = false;
  }
};

// Hands 1 / denominator(pair) to use(pair, inverse), pair after pair. False, and nothing is done, if one is zero in some lane.
template <class C, class Denominator, class Use>
COPROC_INLINE bool with_inverses(AffinePair<C> *pairs, usize n, Denominator denominator, Use use) {
  auto product = denominator(pairs[0]);
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
COPROC_INLINE void emit(Accumulator<C> *f, const AffinePair<C> &p, const typename C::F2 &slope, const typename C::F2 &intercept) {
  using F2 = typename C::F2;
  const F2 b = mul_by_fp(intercept, p.k); // k = 0 where the lane is not live
  f[p.accumulator].multiply(all(p.live) ? slope : select(p.live, slope, F2::zero()), b);
}

// T <- 2T, slope 3 x^2 / 2 y.
template <class C> COPROC_NOINLINE bool double_all(AffinePair<C> *pairs, usize n, Accumulator<C> *f) {
  using Pair = AffinePair<C>;
  using F2 = typename C::F2;
  return with_inverses(
      pairs, n, [](const Pair &p) { return p.y; },
      [&](Pair &p, const F2 &inv) {
        const F2 xx = sqr(p.x), slope = (xx + half(xx)) * inv;
        const F2 c = slope * p.x - p.y, x = sqr(slope) - dbl(p.x);
        p.y = c - slope * x;
        p.x = x;
        emit(f, p, slope, c);
      });
}

// T <- T + (qx(p), qy(p)).
template <class C, class X, class Y> COPROC_INLINE bool add_all(AffinePair<C> *pairs, usize n, Accumulator<C> *f, X qx, Y qy) {
  using Pair = AffinePair<C>;
  using F2 = typename C::F2;
  return with_inverses(
      pairs, n, [&](const Pair &p) { return p.x - qx(p); },
      [&](Pair &p, const F2 &inv) {
        const F2 slope = (p.y - qy(p)) * inv, c = slope * p.x - p.y;
        const F2 x = sqr(slope) - (p.x + qx(p));
        p.y = c - slope * x;
        p.x = x;
        emit(f, p, slope, c);
      });
}

// T <- 2T + Q as (T + Q) + T, -Q for a negative sign; y of T + Q is not needed: the second slope is -slope - 2 y / (x(T + Q) - x).
template <class C> COPROC_NOINLINE bool double_add_all(AffinePair<C> *pairs, usize n, Accumulator<C> *f, int sign) {
  using Pair = AffinePair<C>;
  using F2 = typename C::F2;
  return with_inverses(
             pairs, n, [](const Pair &p) { return p.x - p.qx; },
             [&](Pair &p, const F2 &inv) {
               p.slope = (sign > 0 ? p.y - p.qy : p.y + p.qy) * inv;
               p.intercept = p.slope * p.x - p.y;
               p.sum_x = sqr(p.slope) - (p.x + p.qx);
             }) &&
         with_inverses(
             pairs, n, [](const Pair &p) { return p.x - p.sum_x; },
             [&](Pair &p, const F2 &inv) {
               emit(f, p, p.slope, p.intercept);
               const F2 slope = dbl(p.y) * inv - p.slope, c = slope * p.x - p.y;
               const F2 x = sqr(slope) - (p.x + p.sum_x);
               p.y = c - slope * x;
               p.x = x;
               emit(f, p, slope, c);
             });
}

// The Miller products of n pairs (n >= 1) into their accumulators, whose f this sets. qx, qy, k, live and accumulator of the pairs are
// given. False where a denominator vanished: then there is no result.
template <class C> COPROC_NOINLINE bool miller_loop(AffinePair<C> *pairs, usize n, Accumulator<C> *f, usize accumulators) {
  using Pair = AffinePair<C>;
  for (usize i = 0; i < accumulators; i++) f[i].f = C::F12::one(), f[i].waiting = false;
  for (usize i = 0; i < n; i++) pairs[i].x = pairs[i].qx, pairs[i].y = pairs[i].qy;
  for (int step = 0; step < C::POINT_STEPS; step++) {
    if (step)
      for (usize i = 0; i < accumulators; i++) f[i].square();
    const int d = C::point_digit(step);
    // T = Q at first: T + Q is no chord
    const bool chord = d != 0 && step > 0;
    if (!(chord ? double_add_all(pairs, n, f, d) : double_all(pairs, n, f))) return false;
    if (d && !chord && !add_all(pairs, n, f, [](const Pair &p) { return p.qx; }, [=](const Pair &p) { return d > 0 ? p.qy : -p.qy; }))
      return false;
    for (usize i = 0; i < accumulators; i++) f[i].finish();
  }
  if constexpr (C::M_TWIST) {
    for (usize i = 0; i < accumulators; i++) f[i].f = conj(f[i].f); // x < 0
    return true;
  } else {
    // psi commutes with the isomorphism: u lies in Fp
    for (usize i = 0; i < n; i++) {
      Pair &p = pairs[i];
      typename C::F2 px[2], py[2];
      bn_frobenius_points(p.qx, p.qy, px, py);
      p.qx = px[0], p.qy = py[0], p.sum_x = px[1], p.slope = py[1];
    }
    const bool good = add_all(
                          pairs, n, f, [](const Pair &p) { return p.qx; }, [](const Pair &p) { return p.qy; }) &&
                      add_all(pairs, n, f, [](const Pair &p) { return p.sum_x; }, [](const Pair &p) { return p.slope; });
    for (usize i = 0; i < accumulators; i++) f[i].finish();
    return good;
  }
}

COPROC_END
