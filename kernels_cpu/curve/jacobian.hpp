// Jacobian points of y^2 = x^3 + b: (X, Y, Z) is (X/Z^2, Y/Z^3), Z = 0 infinity.
//
// None of the formulas reads b, so they hold on every curve with a = 0, the isomorphic ones y^2 = x^3 + b Z^6 of the window tables
// included. Additions are complete: equal, opposite and infinite operands give the right answer in every lane.
#pragma once
#include "curve/affine.hpp"
#include "field/fused.hpp"

COPROC_BEGIN

template <class F> struct Jacobian {
  using Mask = typename F::Mask;
  F x, y, z;

  static COPROC_INLINE Jacobian identity() { return {F::one(), F::one(), F::zero()}; }
  static COPROC_INLINE Jacobian from_affine(const Affine<F> &a) {
    const Mask inf = a.infinity();
    return {select(inf, F::one(), a.x), select(inf, F::one(), a.y), select(inf, F::zero(), F::one())};
  }
  COPROC_INLINE Mask infinity() const { return is_zero(z); }
  COPROC_INLINE Jacobian operator-() const { return {x, -y, z}; }

  friend COPROC_INLINE Jacobian select(Mask m, const Jacobian &a, const Jacobian &b) {
    return {select(m, a.x, b.x), select(m, a.y, b.y), select(m, a.z, b.z)};
  }
};

// 2 P. With l = 3/2 X^2, s = Y^2, t = X s:  X' = l^2 - 2t, Y' = l (t - X') - s^2, Z' = Y Z  (the doubling of [EFD] dbl-2009-l, all three
// coordinates divided by powers of 2). Z = 0 stays 0.
template <class F> COPROC_INLINE Jacobian<F> dbl(const Jacobian<F> &p) {
  const auto [xx, s] = squares(p.x, p.y);
  const F z = p.y * p.z;
  const F l = three_halves(xx), t = p.x * s;
  const F x = minus_two(sqr_loose(l), t);
  return {x, mul_minus_sqr(l, sub_loose(t, x), s), z};
}

// The common end of both additions, from u = X1 Z2^2, s = Y1 Z2^3, h = X2 Z1^2 - u, r = Y2 Z1^3 - s, these two loose:
// X' = r^2 - h^3 - 2 u h^2, Y' = r (u h^2 - X') - s h^3. Zero h and r give (0, 0).
template <class F> COPROC_INLINE Jacobian<F> add_tail(const F &u, const F &s, const F &h, const F &r, const F &z) {
  const auto [hh, rr] = squares_loose(h, r);
  const F hhh = h * hh, v = u * hh;
  const F x = minus_two(rr, hhh, v);
  return {x, mul_minus_mul(r, sub_loose(v, x), s, hhh), z};
}

// P + Q, Q affine and infinite where q_inf says so. Z' = Z1 h vanishes exactly where another exception is: P infinite, or Q = P, or
// Q = -P (and then infinity is right).
template <class F> COPROC_INLINE Jacobian<F> add(const Jacobian<F> &p, const Affine<F> &q, typename F::Mask q_inf) {
  using Mask = typename F::Mask;
  const F zz = sqr(p.z);
  const F u = q.x * zz, s = q.y * (zz * p.z), h = sub_loose(u, p.x);
  Jacobian<F> out = add_tail(p.x, p.y, h, sub_loose(s, p.y), p.z * h);
  if (any(is_zero(out.z) | q_inf)) {
    const Mask p_inf = p.infinity();
    const Mask same = (u == p.x) & (s == p.y) & !p_inf & !q_inf;
    if (any(same)) out = select(same, dbl(p), out);
    out = select(p_inf, Jacobian<F>{q.x, q.y, F::one()}, out);
    out = select(q_inf, p, out);
  }
  return out;
}
template <class F> COPROC_INLINE Jacobian<F> add(const Jacobian<F> &p, const Affine<F> &q) { return add(p, q, q.infinity()); }

// P + Q.
template <class F> COPROC_INLINE Jacobian<F> add(const Jacobian<F> &p, const Jacobian<F> &q) {
  using Mask = typename F::Mask;
  const F pp = sqr(p.z), qq = sqr(q.z);
  const F u = p.x * qq, s = p.y * (qq * q.z), u2 = q.x * pp, s2 = q.y * (pp * p.z), h = sub_loose(u2, u);
  Jacobian<F> out = add_tail(u, s, h, sub_loose(s2, s), p.z * q.z * h);
  if (any(is_zero(out.z))) {
    const Mask p_inf = p.infinity(), q_inf = q.infinity();
    const Mask same = (u2 == u) & (s2 == s) & !p_inf & !q_inf;
    if (any(same)) out = select(same, dbl(p), out);
    out = select(p_inf, q, out);
    out = select(q_inf, p, out);
  }
  return out;
}

// X1 Z2^2 = X2 Z1^2 and Y1 Z2^3 = Y2 Z1^3, or both infinite.
template <class F> COPROC_INLINE typename F::Mask equal(const Jacobian<F> &p, const Jacobian<F> &q) {
  const F pp = sqr(p.z), qq = sqr(q.z);
  const auto same = (p.x * qq == q.x * pp) & (p.y * (qq * q.z) == q.y * (pp * p.z));
  return (same & !p.infinity() & !q.infinity()) | (p.infinity() & q.infinity());
}
template <class F> COPROC_INLINE typename F::Mask equal(const Jacobian<F> &p, const Affine<F> &q) {
  const F zz = sqr(p.z);
  const auto same = (p.x == q.x * zz) & (p.y == q.y * (zz * p.z));
  return (same & !p.infinity() & !q.infinity()) | (p.infinity() & q.infinity());
}

// The affine point, given 1/Z (0 for infinity, which then comes out as the origin).
template <class F> COPROC_INLINE Affine<F> scaled(const Jacobian<F> &p, const F &z_inverse) {
  const F zz = sqr(z_inverse);
  return {p.x * zz, p.y * (zz * z_inverse)};
}
template <class F> COPROC_INLINE Affine<F> to_affine(const Jacobian<F> &p) { return scaled(p, inverse(p.z)); }

COPROC_END
