// The map to G1 of BLS12381G1_XMD:SHA-256_SSWU_RO_ ([RFC9380] 8.8.1): simplified SWU onto E1', 11-isogeny onto E1, cofactor.
#pragma once
#include "curve/lanes.hpp"
#include "curve/subgroup.hpp"

COPROC_BEGIN

namespace sswu {
using namespace constants::bls12_381;

// Parity of the plain value (sgn0 of RFC 9380).
template <class P> COPROC_INLINE bool is_odd(const Fp<P, Lane1> &a) {
  u64 plain[P::LIMBS];
  to_plain(a, plain);
  return plain[0] & 1;
}

// u[k] to points of E1': y^2 = x^3 + A x + B, as X/Z^2, Y/Z^3, K at once ([RFC9380] F.2 and F.2.1.2, with the names of the text in
// comments). With t = Z u^2 the two candidates are x1 = B (t^2 + t + 1) / (-A (t^2 + t)) and x2 = t x1; never infinity.
template <int K, class F> COPROC_INLINE void map_to_curve(const F *u, Jacobian<F> *out) {
  const F a = F::constant(SSWU_A), b = F::constant(SSWU_B);
  F t[K], numerator[K], d[K], ddd[K], g[K], gd[K], root[K];
  for (int k = 0; k < K; k++) {
    t[k] = mul_small<11>(sqr(u[k]));
    const F tt = sqr(t[k]) + t[k];
    numerator[k] = b * (tt + F::one());                       // tv3
    d[k] = a * select(is_zero(tt), F::constant(SSWU_Z), -tt); // tv4
    const F dd = sqr(d[k]);
    ddd[k] = dd * d[k];                                              // tv6
    g[k] = (sqr(numerator[k]) + a * dd) * numerator[k] + b * ddd[k]; // g(x1) = g / ddd
    // root = g d^3 (g d^9)^((p-3)/4) = sqrt(g / ddd), or times sqrt(-Z) the square root of Z g / ddd
    gd[k] = g[k] * ddd[k];
    root[k] = gd[k] * sqr(ddd[k]);
  }
  pow_p_minus_3_over_4<K>(root);
  for (int k = 0; k < K; k++) {
    root[k] = gd[k] * root[k];
    const auto square = sqr(root[k]) * ddd[k] == g[k];
    const F x = select(square, numerator[k], t[k] * numerator[k]);
    F y = select(square, root[k], root[k] * F::constant(SSWU_SQRT_MINUS_Z) * t[k] * u[k]);
    y = select(is_odd(u[k]) == is_odd(y), y, -y);
    out[k] = {x * d[k], y * ddd[k], d[k]};
  }
}
template <class F> COPROC_INLINE Jacobian<F> map_to_curve(const F &u) {
  Jacobian<F> out;
  map_to_curve<1>(&u, &out);
  return out;
}

// P + Q on E1'; exception: Z' = 0, where the sum may be anything.
template <class F> COPROC_INLINE Jacobian<F> add_distinct(const Jacobian<F> &p, const Jacobian<F> &q) {
  const F pp = sqr(p.z), qq = sqr(q.z);
  const F x = p.x * qq, s = p.y * (qq * q.z);
  const F h = sub_loose(q.x * pp, x);
  return add_tail(x, s, h, sub_loose(q.y * (pp * p.z), s), p.z * q.z * h);
}

// E1' -> E1: x = N(x) / h(x)^2, y = y M(x) / h(x)^3 with h the polynomial of the kernel, of degree 5. With W = Z^2 and every polynomial
// made homogeneous, N of degree 11, M of degree 15, the image is (N : Y M : Z h). Infinity stays infinity.
template <class F> COPROC_NOINLINE Jacobian<F> isogeny(const Jacobian<F> &p) {
  F w[16];
  w[1] = sqr(p.z);
  for (int i = 2; i < 16; i++) w[i] = i % 2 ? w[i - 1] * w[1] : sqr(w[i / 2]);
  F n = mul_plus_mul(p.x, F::constant(ISO_XNUM[11]), w[1], F::constant(ISO_XNUM[10]));
  F m = mul_plus_mul(p.x, F::constant(ISO_YNUM[15]), w[1], F::constant(ISO_YNUM[14]));
  for (int i = 2; i < 16; i++) {
    if (i < 12) n = mul_plus_mul(n, p.x, w[i], F::constant(ISO_XNUM[11 - i]));
    m = mul_plus_mul(m, p.x, w[i], F::constant(ISO_YNUM[15 - i]));
  }
  F h = p.x + w[1] * F::constant(ISO_KERNEL[4]);
  for (int i = 2; i < 6; i++) h = mul_plus_mul(h, p.x, w[i], F::constant(ISO_KERNEL[5 - i]));
  return {n, p.y * m, p.z * h};
}

// [h_eff]P, h_eff = 1 - x = 1 + |x|.
template <class F> COPROC_INLINE Jacobian<F> clear_cofactor(const Jacobian<F> &p) { return add(mul_by_abs_x(p), p); }

// map_to_curve(u0) + map_to_curve(u1) in G1. The points are added on E1', so that one isogeny is enough; where that addition is
// exceptional (the same x) they are added on E1, by a complete formula.
template <class F> COPROC_INLINE Jacobian<F> sum_in_g1(const Jacobian<F> &p, const Jacobian<F> &q) {
  const Jacobian<F> sum = add_distinct(p, q);
  Jacobian<F> image = isogeny(sum);
  const auto exceptional = sum.infinity();
  if (any(exceptional)) image = select(exceptional, add(isogeny(p), isogeny(q)), image);
  return clear_cofactor(image);
}

} // namespace sswu

COPROC_END
