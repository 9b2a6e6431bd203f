// JubJub, -u^2 + v^2 = 1 + d u^2 v^2 over Fr of BLS12-381. d is no square and -1 is one, so the addition law has no exceptions.
//
// [HWCD08] Hisil, Wong, Carter, Dawson, Twisted Edwards Curves Revisited, section 3: sums and doubles come out as a quadruple
// (e, f, g, h) with u = e f, v = g h, z = f g, t = u v / z = e h; t is computed only where an addition follows.
#pragma once
#include "field/curves.hpp"

COPROC_BEGIN

namespace jubjub {

template <class F> struct Projective {
  F u, v, z;
};
template <class F> struct Extended {
  F u, v, z, t;

  static COPROC_INLINE Extended affine(const F &u, const F &v) { return {u, v, F::one(), u * v}; }
};
template <class F> struct Completed {
  F e, f, g, h;

  COPROC_INLINE Projective<F> projective() const { return {e * f, g * h, f * g}; }
  COPROC_INLINE Extended<F> extended() const { return {e * f, g * h, f * g, e * h}; }
};
// The second operand of an addition. Of an affine point, with z = 1 left out: AffineNiels.
template <class F> struct Niels {
  F v_plus_u, v_minus_u, z2, t2d; // z2 = 2 z, t2d = 2 d t
};
template <class F> struct AffineNiels {
  F v_plus_u, v_minus_u, t2d;
};

template <class F> COPROC_INLINE Niels<F> niels(const Extended<F> &p) {
  return {p.v + p.u, p.v - p.u, dbl(p.z), p.t * F::constant(constants::jubjub::D2)};
}

// 2 p.
template <class F> COPROC_INLINE Completed<F> dbl(const F &u, const F &v, const F &z) {
  const F uu = sqr(u), vv = sqr(v), zz = sqr(z), sum = uu + vv, difference = vv - uu;
  return {sqr(u + v) - sum, difference - dbl(zz), difference, -sum};
}

// p + n, or p - n where `minus`: -(u, v) = (-u, v) exchanges v + u with v - u and turns t around.
template <class F>
COPROC_INLINE Completed<F> add(const Extended<F> &p, const F &v_plus_u, const F &v_minus_u, const F &t2d, const F &z2, bool minus) {
  const F a = (p.v - p.u) * (minus ? v_plus_u : v_minus_u), b = (p.v + p.u) * (minus ? v_minus_u : v_plus_u);
  const F c = p.t * t2d;
  const F less = z2 - c, more = z2 + c;
  return {b - a, minus ? more : less, minus ? less : more, b + a};
}
template <class F> COPROC_INLINE Completed<F> add(const Extended<F> &p, const Niels<F> &n, bool minus) {
  return add(p, n.v_plus_u, n.v_minus_u, n.t2d, p.z * n.z2, minus);
}
template <class F> COPROC_INLINE Completed<F> add(const Extended<F> &p, const AffineNiels<F> &n, bool minus) {
  return add(p, n.v_plus_u, n.v_minus_u, n.t2d, dbl(p.z), minus);
}

template <class F> COPROC_INLINE typename F::Mask on_curve(const F &u, const F &v) {
  const F uu = sqr(u), vv = sqr(v);
  return vv - uu == F::one() + F::constant(constants::jubjub::D) * uu * vv;
}

// The class of a point in E / 8E, as the Tate pairing with a point of order 8 sees it (coproc/params/jubjub_schnorr.py): the point of
// the curve (u, v) has odd order if and only if tate(u, v)^TATE_EXPONENT = TATE_VALUE or it is the identity, where this gives 0.
template <class F> COPROC_INLINE F tate(const F &u, const F &v) {
  namespace C = constants::jubjub;
  const F one = F::one(), plus = one + v, minus = one - v;
  const F tangent = plus * (one - F::constant(C::TATE_SLOPE) * u) - F::constant(C::TATE_INTERCEPT) * (minus * u);
  const F root = sqr(tangent * v) * ((one - F::constant(C::TATE_SLOPE_2) * u) * u) * (sqr(minus) * minus);
  return sqr(root) * (plus * minus);
}

// x[k] = x[k]^TATE_EXPONENT for K numbers at once, so that the squarings of one fill the latency of the others: sliding windows of
// five bits over odd powers.
template <int K, class F> COPROC_NOINLINE void tate_power(F *x) {
  constexpr const u64 *E = constants::jubjub::TATE_EXPONENT;
  const auto bit = [](int i) { return (E[i / 64] >> (i % 64)) & 1; };
  F odd[16][K], square[K], r[K];
  for (int k = 0; k < K; k++) odd[0][k] = x[k], square[k] = sqr(x[k]);
  for (int i = 1; i < 16; i++)
    for (int k = 0; k < K; k++) odd[i][k] = odd[i - 1][k] * square[k];
  bool started = false;
  for (int i = F::Params::BITS - 1; i >= 0;) {
    if (!bit(i)) {
      if (started)
        for (int k = 0; k < K; k++) r[k] = sqr(r[k]);
      i--;
      continue;
    }
    int low = i - 4 < 0 ? 0 : i - 4;
    while (!bit(low)) low++;
    u64 digit = 0;
    for (; i >= low; i--) {
      digit = 2 * digit + bit(i);
      if (started)
        for (int k = 0; k < K; k++) r[k] = sqr(r[k]);
    }
    for (int k = 0; k < K; k++) r[k] = started ? r[k] * odd[digit / 2][k] : odd[digit / 2][k];
    started = true;
  }
  for (int k = 0; k < K; k++) x[k] = r[k];
}

// Whether the points (u[k], v[k]) of the curve lie in the subgroup of order r_j without its identity.
template <int K, class F> inline void in_subgroup(const F *u, const F *v, typename F::Mask *answer) {
  F g[K];
  for (int k = 0; k < K; k++) g[k] = tate(u[k], v[k]);
  tate_power<K>(g);
  for (int k = 0; k < K; k++) answer[k] = g[k] == F::constant(constants::jubjub::TATE_VALUE);
}

} // namespace jubjub

COPROC_END
