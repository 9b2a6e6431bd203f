// Points, subgroup checks, line coefficients and the Miller loop of BLS12-381 on limbs as given, in upstream's own order of
// operations: the slow path of verify_bls and verify_bls_multisig. Products are written left to right: RawFp2's is not symmetric.
#pragma once
#include "exact/raw_tower.hpp"

COPROC_BEGIN
namespace exact {

using constants::bls12_381::X_ABS; // the loop parameter is -X_ABS

// An affine point as archived; `flag` is its infinity byte, of which any value but 0 means infinity.
template <class F> struct RawAffine {
  F x, y;
  u8 flag;
};

template <class F> struct RawPoint { // (x : y : z), infinity is (0 : 1 : 0)
  F x, y, z;

  static RawPoint identity() { return {F::zero(), F::one(), F::zero()}; }
  static RawPoint from(const RawAffine<F> &p) { return p.flag != 0 ? identity() : RawPoint{p.x, p.y, F::one()}; }
};

inline RawAffine<RawFp> load_g1(const u8 *p) { return {RawFp::load_bytes(p), RawFp::load_bytes(p + 48), p[96]}; }
inline RawAffine<RawFp2> load_g2(const u8 *p) { return {RawFp2::load_bytes(p), RawFp2::load_bytes(p + 96), p[192]}; }

inline RawFp curve_b(const RawFp *) { return RawFp::constant(constants::bls12_381::B1); }
inline RawFp2 curve_b(const RawFp2 *) { return RawFp2::constant(constants::bls12_381::B2); }

// a * 3 b: 12 a by additions on the curve, a product with 12 + 12 u on the twist.
inline RawFp mul_by_3b(RawFp a) {
  a = dbl(dbl(a));
  return a + a + a;
}
inline RawFp2 mul_by_3b(const RawFp2 &a) {
  const RawFp twelve = mul_by_3b(RawFp::one());
  return a * RawFp2{twelve, twelve};
}

template <class F> RawPoint<F> dbl(const RawPoint<F> &p) {
  if (is_zero(p.z)) return RawPoint<F>::identity();
  F t0 = sqr(p.y), z3 = dbl(dbl(dbl(t0))), t1 = p.y * p.z, t2 = mul_by_3b(sqr(p.z));
  F x3 = t2 * z3, y3 = t0 + t2;
  z3 = t1 * z3;
  t1 = t2 + t2;
  t2 = t1 + t2;
  t0 = t0 - t2;
  y3 = x3 + t0 * y3;
  x3 = t0 * (p.x * p.y);
  return {x3 + x3, y3, z3};
}

template <class F> RawPoint<F> add(const RawPoint<F> &p, const RawPoint<F> &q) {
  F t0 = p.x * q.x, t1 = p.y * q.y, t2 = p.z * q.z;
  const F t3 = (p.x + p.y) * (q.x + q.y) - (t0 + t1), t4 = (p.y + p.z) * (q.y + q.z) - (t1 + t2);
  F y3 = (p.x + p.z) * (q.x + q.z) - (t0 + t2);
  t0 = t0 + t0 + t0;
  t2 = mul_by_3b(t2);
  const F z3 = t1 + t2;
  t1 = t1 - t2;
  y3 = mul_by_3b(y3);
  return {t3 * t1 - t4 * y3, t1 * z3 + y3 * t0, z3 * t4 + t0 * t3};
}

template <class F> RawPoint<F> negate(const RawPoint<F> &p) { return {p.x, -p.y, p.z}; }

// Equal as points: cross products by limbs; infinity equals infinity alone.
template <class F> bool same(const RawPoint<F> &p, const RawPoint<F> &q) {
  const F x1 = p.x * q.z, x2 = q.x * p.z, y1 = p.y * q.z, y2 = q.y * p.z;
  const bool p_infinity = is_zero(p.z), q_infinity = is_zero(q.z);
  return (p_infinity && q_infinity) || (!p_infinity && !q_infinity && x1 == x2 && y1 == y2);
}

// [x] p for the negative loop parameter: double and add upwards over |x| / 2, |x| being even.
template <class F> RawPoint<F> mul_by_x(RawPoint<F> p) {
  RawPoint<F> acc = RawPoint<F>::identity();
  for (u64 k = X_ABS >> 1; k != 0; k >>= 1) {
    p = dbl(p);
    if ((k & 1) != 0) acc = add(acc, p);
  }
  return negate(acc);
}

// scalar * p by double and add over bits 254..0.
template <class F> RawPoint<F> scalar_mul(const RawAffine<F> &p, const u64 *scalar) {
  const RawPoint<F> addend = RawPoint<F>::from(p);
  RawPoint<F> acc = RawPoint<F>::identity();
  for (int i = 254; i >= 0; i--) {
    acc = dbl(acc);
    if ((scalar[i / 64] >> (i % 64) & 1) != 0) acc = add(acc, addend);
  }
  return acc;
}

template <class F> RawAffine<F> to_affine(const RawPoint<F> &p) {
  if (is_zero(p.z)) return {F::zero(), F::one(), 1};
  const F z_inverse = invert(p.z);
  return {p.x * z_inverse, p.y * z_inverse, 0};
}

// [-x^2] p == (beta x, y)
inline bool is_torsion_free(const RawAffine<RawFp> &p) {
  const RawPoint<RawFp> q = RawPoint<RawFp>::from(p);
  const RawPoint<RawFp> endomorphism = {q.x * RawFp::constant(constants::bls12_381::BETA), q.y, q.z};
  return same(negate(mul_by_x(mul_by_x(q))), endomorphism);
}

// psi(p) == [x] p
inline bool is_torsion_free(const RawAffine<RawFp2> &p) {
  const RawPoint<RawFp2> q = RawPoint<RawFp2>::from(p);
  const RawPoint<RawFp2> psi = {conj(q.x) * RawFp2::constant(constants::bls12_381::PSI_X),
                                conj(q.y) * RawFp2::constant(constants::bls12_381::PSI_Y), conj(q.z)};
  return same(psi, mul_by_x(q));
}

template <class F> bool is_on_curve(const RawAffine<F> &p) { return sqr(p.y) - sqr(p.x) * p.x == curve_b(static_cast<const F *>(nullptr)); }

template <class F> bool is_valid(const RawAffine<F> &p) { return p.flag == 0 && is_torsion_free(p) && is_on_curve(p); }

// ---- lines ----------------------------------------------------------------------------------------------------------

// The line l2 + l1 x v + l0 y v w at the point (x, y).
struct RawLine {
  RawFp2 l0, l1, l2;
};

inline RawLine doubling_step(RawPoint<RawFp2> &r) {
  const RawFp2 t0 = sqr(r.x), t1 = sqr(r.y), t2 = sqr(t1), t3 = dbl(sqr(t1 + r.x) - t0 - t2);
  const RawFp2 t4 = t0 + t0 + t0, t5 = sqr(t4), t6 = r.x + t4, s = sqr(r.z);
  r.x = t5 - t3 - t3;
  r.z = sqr(r.z + r.y) - t1 - s;
  r.y = (t3 - r.x) * t4 - dbl(dbl(dbl(t2)));
  return {dbl(r.z * s), -dbl(t4 * s), sqr(t6) - t0 - t5 - dbl(dbl(t1))};
}

inline RawLine addition_step(RawPoint<RawFp2> &r, const RawFp2 &x, const RawFp2 &y) {
  const RawFp2 s = sqr(r.z), y2 = sqr(y), t0 = s * x, t1 = (sqr(y + r.z) - y2 - s) * s, t2 = t0 - r.x, t3 = sqr(t2), t4 = dbl(dbl(t3));
  const RawFp2 t5 = t4 * t2, t6 = t1 - r.y - r.y, t7 = t4 * r.x, t9 = t6 * x;
  r.x = sqr(t6) - t5 - t7 - t7;
  r.z = sqr(r.z + t2) - s - t3;
  r.y = (t7 - r.x) * t6 - dbl(r.y * t5);
  const RawFp2 t10 = sqr(y + r.z) - y2 - sqr(r.z);
  return {dbl(r.z), dbl(-t6), dbl(t9) - t10};
}

constexpr int LINES = 68; // 63 doublings and 5 additions

// The bits of |x| / 2 below its leading one, downwards: whether an addition follows the doubling.
inline bool adds(int i) { return (X_ABS >> 1 >> (61 - i) & 1) != 0; }

inline void prepare(const RawAffine<RawFp2> &q, RawLine *lines) {
  RawPoint<RawFp2> r = {q.x, q.y, RawFp2::one()};
  for (int i = 0; i < 62; i++) {
    *lines++ = doubling_step(r);
    if (adds(i)) *lines++ = addition_step(r, q.x, q.y);
  }
  *lines = doubling_step(r);
}

struct RawPair {
  RawAffine<RawFp> p;
  const RawLine *lines;
};

// The Miller loop of two pairs with shared squarings; a pair whose p is infinity is left out.
inline RawFp12 miller_loop(const RawPair (&pairs)[2]) {
  RawFp12 f = RawFp12::one();
  int line = 0;
  const auto step = [&] {
    for (const RawPair &pair : pairs) {
      const RawLine &l = pair.lines[line];
      if (pair.p.flag == 0) f = mul_by_014(f, l.l2, mul_by_fp(l.l1, pair.p.x), mul_by_fp(l.l0, pair.p.y));
    }
    line++;
  };
  for (int i = 0; i < 62; i++) {
    step();
    if (adds(i)) step();
    f = sqr(f);
  }
  step();
  return conj(f);
}

} // namespace exact
COPROC_END
