// Fp6 = Fp2[v] / (v^3 - xi). Products are summed unreduced: six Montgomery reductions a multiplication.
#pragma once
#include "field/fp2.hpp"

COPROC_BEGIN

template <class F2> struct Fp6 {
  using Base = F2;
  using Mask = typename F2::Mask;
  F2 c0, c1, c2;

  static COPROC_INLINE Fp6 zero() { return {F2::zero(), F2::zero(), F2::zero()}; }
  static COPROC_INLINE Fp6 one() { return {F2::one(), F2::zero(), F2::zero()}; }

  friend COPROC_INLINE Fp6 operator+(const Fp6 &a, const Fp6 &b) { return {a.c0 + b.c0, a.c1 + b.c1, a.c2 + b.c2}; }
  friend COPROC_INLINE Fp6 operator-(const Fp6 &a, const Fp6 &b) { return {a.c0 - b.c0, a.c1 - b.c1, a.c2 - b.c2}; }
  COPROC_INLINE Fp6 operator-() const { return {-c0, -c1, -c2}; }
  friend COPROC_INLINE Fp6 dbl(const Fp6 &a) { return {dbl(a.c0), dbl(a.c1), dbl(a.c2)}; }
  friend COPROC_INLINE Mask is_zero(const Fp6 &a) { return is_zero(a.c0) & is_zero(a.c1) & is_zero(a.c2); }
  friend COPROC_INLINE Mask operator==(const Fp6 &a, const Fp6 &b) { return (a.c0 == b.c0) & (a.c1 == b.c1) & (a.c2 == b.c2); }
  friend COPROC_INLINE Fp6 select(Mask m, const Fp6 &a, const Fp6 &b) {
    return {select(m, a.c0, b.c0), select(m, a.c1, b.c1), select(m, a.c2, b.c2)};
  }

  // v (a0 + a1 v + a2 v^2) = xi a2 + a0 v + a1 v^2
  friend COPROC_INLINE Fp6 mul_by_v(const Fp6 &a) { return {mul_by_nonresidue(a.c2), a.c0, a.c1}; }
};

template <class F2> struct Fp6Wide {
  Wide<F2> c0, c1, c2;

  friend COPROC_INLINE Fp6Wide operator+(const Fp6Wide &a, const Fp6Wide &b) { return {a.c0 + b.c0, a.c1 + b.c1, a.c2 + b.c2}; }
  friend COPROC_INLINE Fp6Wide operator-(const Fp6Wide &a, const Fp6Wide &b) { return {a.c0 - b.c0, a.c1 - b.c1, a.c2 - b.c2}; }
  friend COPROC_INLINE Fp6<F2> redc(const Fp6Wide &a) { return {redc(a.c0), redc(a.c1), redc(a.c2)}; }
  friend COPROC_INLINE Fp6Wide mul_by_v(const Fp6Wide &a) { return {mul_by_nonresidue(a.c2), a.c0, a.c1}; }
};

template <class F2> struct WideOf<Fp6<F2>> {
  using Type = Fp6Wide<F2>;
};

// Toom-Karatsuba: x_i = a_i b_i;
//   c0 = x0 + xi ((a1 + a2)(b1 + b2) - x1 - x2)
//   c1 = (a0 + a1)(b0 + b1) - x0 - x1 + xi x2
//   c2 = (a0 + a2)(b0 + b2) - x0 - x2 + x1
template <class F2> COPROC_NOINLINE Fp6Wide<F2> mul_wide(const Fp6<F2> &a, const Fp6<F2> &b) {
  const Wide<F2> x0 = mul_wide(a.c0, b.c0), x1 = mul_wide(a.c1, b.c1), x2 = mul_wide(a.c2, b.c2);
  return {mul_by_nonresidue(mul_wide_sub(add_loose(a.c1, a.c2), add_loose(b.c1, b.c2), x1 + x2)) + x0,
          mul_wide_sub(add_loose(a.c0, a.c1), add_loose(b.c0, b.c1), x0 + x1) + mul_by_nonresidue(x2),
          mul_wide_sub(add_loose(a.c0, a.c2), add_loose(b.c0, b.c2), x0 + x2) + x1};
}
template <class F2> COPROC_INLINE Fp6<F2> operator*(const Fp6<F2> &a, const Fp6<F2> &b) { return redc(mul_wide(a, b)); }

// Chung-Hasan SQR2: s0 = a0^2, s1 = 2 a0 a1, s2 = (a0 - a1 + a2)^2, s3 = 2 a1 a2, s4 = a2^2;
//   c0 = s0 + xi s3, c1 = s1 + xi s4, c2 = s1 + s2 + s3 - s0 - s4
template <class F2> COPROC_NOINLINE Fp6<F2> sqr(const Fp6<F2> &a) {
  const Wide<F2> s0 = sqr_wide(a.c0), s1 = mul_wide(dbl(a.c0), a.c1), s2 = sqr_wide(a.c0 - a.c1 + a.c2), s3 = mul_wide(dbl(a.c1), a.c2),
                 s4 = sqr_wide(a.c2);
  return {redc(s0 + mul_by_nonresidue(s3)), redc(s1 + mul_by_nonresidue(s4)), redc(s1 + s2 + s3 - (s0 + s4))};
}

// a (b0 + b1 v): five products.
template <class F2> COPROC_NOINLINE Fp6Wide<F2> mul_by_01_wide(const Fp6<F2> &a, const F2 &b0, const F2 &b1) {
  const Wide<F2> x0 = mul_wide(a.c0, b0), x1 = mul_wide(a.c1, b1);
  return {mul_by_nonresidue(mul_wide(a.c2, b1)) + x0, mul_wide_sub(add_loose(a.c0, a.c1), add_loose(b0, b1), x0 + x1),
          mul_wide(a.c2, b0) + x1};
}
// a (b1 v): three products.
template <class F2> COPROC_NOINLINE Fp6Wide<F2> mul_by_1_wide(const Fp6<F2> &a, const F2 &b1) {
  return {mul_by_nonresidue(mul_wide(a.c2, b1)), mul_wide(a.c0, b1), mul_wide(a.c1, b1)};
}

// a^-1 = (t0 + t1 v + t2 v^2) / (a0 t0 + xi (a2 t1 + a1 t2)), t0 = a0^2 - xi a1 a2, t1 = xi a2^2 - a0 a1, t2 = a1^2 - a0 a2
template <class F2> COPROC_NOINLINE Fp6<F2> inverse(const Fp6<F2> &a) {
  const F2 t0 = sqr(a.c0) - mul_by_nonresidue(a.c1 * a.c2);
  const F2 t1 = mul_by_nonresidue(sqr(a.c2)) - a.c0 * a.c1;
  const F2 t2 = sqr(a.c1) - a.c0 * a.c2;
  const F2 d = inverse(a.c0 * t0 + mul_by_nonresidue(a.c2 * t1 + a.c1 * t2));
  return {t0 * d, t1 * d, t2 * d};
}

COPROC_END
