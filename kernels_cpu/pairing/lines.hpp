// The lines of the Miller loop: tangents and chords at a running multiple T of Q, in homogeneous coordinates (x = X/Z, y = Y/Z).
// Formulas: Aranha, Karabina, Longa, Gebotys, Lopez, eprint 2010/526 section 4; Costello, Lange, Naehrig, eprint 2009/615.
#pragma once
#include "pairing/curves.hpp"

COPROC_BEGIN

template <class F2> struct Line {
  F2 l0, l1, l2;
};

template <class F2> struct Homogeneous {
  F2 x, y, z;
};

// T <- 2T; the tangent is (-2YZ, 3X^2, 3b'Z^2 - Y^2).
template <class C> COPROC_NOINLINE Line<typename C::F2> double_step(Homogeneous<typename C::F2> &t) {
  using F2 = typename C::F2;
  const F2 b = sqr(t.y), c = sqr(t.z);
  const F2 e = C::mul_by_3b(c);
  const F2 h = sqr(t.y + t.z) - (b + c);
  const F2 j = sqr(t.x);
  const F2 a = half(t.x * t.y);
  const F2 f = mul_small<3>(e), g = half(b + f), ee = sqr(e);
  t.x = a * (b - f);
  t.y = sqr(g) - mul_small<3>(ee);
  t.z = b * h;
  return {-h, mul_small<3>(j), e - b};
}

// T <- T + Q for affine Q = (x, y); with theta = Y - y Z, lambda = X - x Z the chord is (lambda, -theta, theta x - lambda y).
template <class C>
COPROC_NOINLINE Line<typename C::F2> add_step(Homogeneous<typename C::F2> &t, const typename C::F2 &x, const typename C::F2 &y) {
  using F2 = typename C::F2;
  const F2 theta = t.y - y * t.z, lambda = t.x - x * t.z;
  const F2 c = sqr(theta), d = sqr(lambda), e = lambda * d, f = t.z * c, g = t.x * d;
  const F2 h = e + f - dbl(g);
  t.x = lambda * h;
  t.y = redc(mul_wide(theta, g - h) - mul_wide(e, t.y));
  t.z = t.z * e;
  return {lambda, -theta, redc(mul_wide(theta, x) - mul_wide(lambda, y))};
}

// The two last points of the BN loop: psi(Q) and -psi^2(Q), psi(x, y) = (conj(x) xi^((p-1)/3), conj(y) xi^((p-1)/2)). psi^2 multiplies
// x by an element of Fp and negates y.
template <class F> COPROC_INLINE void bn_frobenius_points(const Fp2<F> &x, const Fp2<F> &y, Fp2<F> (&px)[2], Fp2<F> (&py)[2]) {
  namespace k = constants::bn254;
  px[0] = conj(x) * Fp2<F>::constant(k::PSI_X);
  py[0] = conj(y) * Fp2<F>::constant(k::PSI_Y);
  px[1] = mul_by_fp(x, F::constant(k::PSI2_X));
  py[1] = y;
}

// Runs the loop over Q and hands every line to `sink(line)` in the order of the loop.
template <class C, class Sink> COPROC_INLINE void for_each_line(const typename C::F2 &qx, const typename C::F2 &qy, Sink sink) {
  using F2 = typename C::F2;
  Homogeneous<F2> t{qx, qy, F2::one()};
  for (int i = 0; i < C::STEPS; i++) {
    sink(double_step<C>(t));
    const int d = C::digit(i);
    if (d) sink(add_step<C>(t, qx, d > 0 ? qy : -qy));
  }
  if constexpr (!C::M_TWIST) {
    F2 px[2], py[2];
    bn_frobenius_points(qx, qy, px, py);
    sink(add_step<C>(t, px[0], py[0]));
    sink(add_step<C>(t, px[1], py[1]));
  }
}

// f times a line at P, with l0 y, l1 x, l2 already evaluated: thirteen products in Fp2.
template <class C> COPROC_NOINLINE void mul_by_line(typename C::F12 &f, const Line<typename C::F2> &l) {
  using F6 = typename C::F6;
  if constexpr (C::M_TWIST) {
    // (f0 + f1 w)(g + h v w), g = l2 + l1 v, h = l0
    const auto x = mul_by_01_wide(f.c0, l.l2, l.l1), y = mul_by_1_wide(f.c1, l.l0);
    const auto z = mul_by_01_wide(f.c0 + f.c1, l.l2, l.l1 + l.l0);
    f = {redc(x + mul_by_v(y)), redc(z - (x + y))};
  } else {
    // (f0 + f1 w)(h + g w), h = l0, g = l1 + l2 v
    const F6 x = {f.c0.c0 * l.l0, f.c0.c1 * l.l0, f.c0.c2 * l.l0};
    const auto y = mul_by_01_wide(f.c1, l.l1, l.l2);
    const auto z = mul_by_01_wide(f.c0 + f.c1, l.l0 + l.l1, l.l2);
    const F6 ry = redc(y);
    f = {x + mul_by_v(ry), redc(z) - (x + ry)};
  }
}

// The same for a line divided by l0 y: two coefficients a = (l1 / l0)(x / y), b = (l2 / l0)(1 / y), ten products.
template <class C> COPROC_NOINLINE void mul_by_normalised_line(typename C::F12 &f, const typename C::F2 &a, const typename C::F2 &b) {
  using F6 = typename C::F6;
  if constexpr (C::M_TWIST) {
    // (f0 + f1 w)(b + a v + v w) = f0 (b + a v) + v^2 f1 + (f1 (b + a v) + v f0) w
    const F6 x = redc(mul_by_01_wide(f.c0, b, a)), y = redc(mul_by_01_wide(f.c1, b, a));
    const F6 v0 = mul_by_v(f.c0), v1 = mul_by_v(mul_by_v(f.c1));
    f = {x + v1, y + v0};
  } else {
    // (f0 + f1 w)(1 + (a + b v) w) = f0 + v f1 (a + b v) + (f1 + f0 (a + b v)) w
    const F6 x = redc(mul_by_01_wide(f.c0, a, b)), y = redc(mul_by_01_wide(f.c1, a, b));
    f = {f.c0 + mul_by_v(y), f.c1 + x};
  }
}

COPROC_END
