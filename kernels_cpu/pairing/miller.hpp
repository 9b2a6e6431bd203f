// Miller loops over several pairs at once: one squaring of the accumulator a step, shared by all pairs.
#pragma once
#include "pairing/final_exponentiation.hpp"
#include "pairing/lines.hpp"

COPROC_BEGIN

// A pair with Q a point: lines are made on the way. P = (x, y) and Q = (qx, qy) are affine, neither infinity. A lane that is not live
// multiplies by 1.
template <class C> struct Pair {
  typename C::F x, y;
  typename C::F2 qx, qy;
  Homogeneous<typename C::F2> t;
  typename C::F::Mask live;
};

template <class C> COPROC_INLINE Line<typename C::F2> at(const Line<typename C::F2> &l, const typename C::F &x, const typename C::F &y) {
  return {mul_by_fp(l.l0, y), mul_by_fp(l.l1, x), l.l2};
}

template <class C> COPROC_INLINE void mul_by_line_at(typename C::F12 &f, const Line<typename C::F2> &line, const Pair<C> &p) {
  using F2 = typename C::F2;
  Line<F2> l = at<C>(line, p.x, p.y);
  if constexpr (C::F::Lane::WIDTH > 1) {
    const F2 zero = F2::zero(), one = F2::one();
    if (!all(p.live))
      l = {select(p.live, l.l0, C::M_TWIST ? zero : one), select(p.live, l.l1, zero), select(p.live, l.l2, C::M_TWIST ? one : zero)};
  }
  mul_by_line<C>(f, l);
}

// Product of the Miller functions of n pairs (n >= 1).
template <class C> COPROC_NOINLINE typename C::F12 miller_loop(Pair<C> *pairs, usize n) {
  using F2 = typename C::F2;
  auto f = C::F12::one();
  for (usize k = 0; k < n; k++) pairs[k].t = {pairs[k].qx, pairs[k].qy, F2::one()};
  for (int i = 0; i < C::POINT_STEPS; i++) {
    if (i) f = sqr(f);
    const int d = C::point_digit(i);
    for (usize k = 0; k < n; k++) {
      Pair<C> &p = pairs[k];
      mul_by_line_at<C>(f, double_step<C>(p.t), p);
      if (d) mul_by_line_at<C>(f, add_step<C>(p.t, p.qx, d > 0 ? p.qy : -p.qy), p);
    }
  }
  if constexpr (C::M_TWIST) {
    return conj(f); // x < 0
  } else {
    for (usize k = 0; k < n; k++) {
      Pair<C> &p = pairs[k];
      F2 px[2], py[2];
      bn_frobenius_points(p.qx, p.qy, px, py);
      for (int j = 0; j < 2; j++) mul_by_line_at<C>(f, add_step<C>(p.t, px[j], py[j]), p);
    }
    return f;
  }
}

// A pair with stored lines; xy = x / y, iy = 1 / y. `normalised`: every l0 is 1.
template <class C> struct PreparedPair {
  typename C::F x, y, xy, iy;
  const u64 *lines;
  bool normalised;
};

template <class C> COPROC_INLINE void mul_by_stored_line(typename C::F12 &f, const PreparedPair<C> &p, int line) {
  using F2 = typename C::F2;
  constexpr int k = 2 * C::F::LIMBS;
  const u64 *w = p.lines + static_cast<usize>(line) * C::LINE_WORDS;
  if constexpr (C::M_TWIST) {
    mul_by_normalised_line<C>(f, mul_by_fp(F2::load(w), p.xy), mul_by_fp(F2::load(w + k), p.iy));
  } else {
    if (p.normalised) mul_by_normalised_line<C>(f, mul_by_fp(F2::load(w + k), p.xy), mul_by_fp(F2::load(w + 2 * k), p.iy));
    else mul_by_line<C>(f, at<C>({F2::load(w), F2::load(w + k), F2::load(w + 2 * k)}, p.x, p.y));
  }
}

template <class C> COPROC_NOINLINE typename C::F12 miller_loop(const PreparedPair<C> *pairs, usize n) {
  auto f = C::F12::one();
  int line = 0;
  for (int i = 0; i < C::STEPS; i++) {
    if (i) f = sqr(f);
    const int lines = C::digit(i) ? 2 : 1;
    for (usize k = 0; k < n; k++)
      for (int j = 0; j < lines; j++) mul_by_stored_line(f, pairs[k], line + j);
    line += lines;
  }
  if constexpr (C::M_TWIST) {
    return conj(f);
  } else {
    for (usize k = 0; k < n; k++)
      for (int j = 0; j < 2; j++) mul_by_stored_line(f, pairs[k], line + j);
    return f;
  }
}

COPROC_END
