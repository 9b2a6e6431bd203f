// RawFp6 and RawFp12: the tower of BLS12-381 on limbs as given, with upstream's own products. Only what a Miller loop needs.
// Fp6 = Fp2[v] / (v^3 - xi), Fp12 = Fp6[w] / (w^2 - v), xi = 1 + u.
#pragma once
#include "exact/raw_fp.hpp"

COPROC_BEGIN

struct RawFp6 {
  RawFp2 c0, c1, c2;

  static RawFp6 zero() { return {RawFp2::zero(), RawFp2::zero(), RawFp2::zero()}; }
};

inline RawFp6 operator+(const RawFp6 &a, const RawFp6 &b) { return {a.c0 + b.c0, a.c1 + b.c1, a.c2 + b.c2}; }
inline RawFp6 operator-(const RawFp6 &a, const RawFp6 &b) { return {a.c0 - b.c0, a.c1 - b.c1, a.c2 - b.c2}; }
inline RawFp6 operator-(const RawFp6 &a) { return {-a.c0, -a.c1, -a.c2}; }

// a v
inline RawFp6 mul_by_nonresidue(const RawFp6 &a) { return {mul_by_nonresidue(a.c2), a.c0, a.c1}; }

// Each coordinate of the product is one sum of six products: xi b = (b.c0 - b.c1) + (b.c0 + b.c1) u, and -a.c1 stands for u^2.
inline RawFp6 operator*(const RawFp6 &a, const RawFp6 &b) {
  const RawFp m1 = b.c1.c0 - b.c1.c1, p1 = b.c1.c0 + b.c1.c1, m2 = b.c2.c0 - b.c2.c1, p2 = b.c2.c0 + b.c2.c1;
  const RawFp real[6] = {a.c0.c0, -a.c0.c1, a.c1.c0, -a.c1.c1, a.c2.c0, -a.c2.c1};
  const RawFp imaginary[6] = {a.c0.c0, a.c0.c1, a.c1.c0, a.c1.c1, a.c2.c0, a.c2.c1};
  return {{sum_of_products<6>(real, {b.c0.c0, b.c0.c1, m2, p2, m1, p1}), sum_of_products<6>(imaginary, {b.c0.c1, b.c0.c0, p2, m2, p1, m1})},
          {sum_of_products<6>(real, {b.c1.c0, b.c1.c1, b.c0.c0, b.c0.c1, m2, p2}),
           sum_of_products<6>(imaginary, {b.c1.c1, b.c1.c0, b.c0.c1, b.c0.c0, p2, m2})},
          {sum_of_products<6>(real, {b.c2.c0, b.c2.c1, b.c1.c0, b.c1.c1, b.c0.c0, b.c0.c1}),
           sum_of_products<6>(imaginary, {b.c2.c1, b.c2.c0, b.c1.c1, b.c1.c0, b.c0.c1, b.c0.c0})}};
}

// a (c + d v)
inline RawFp6 mul_by_01(const RawFp6 &a, const RawFp2 &c, const RawFp2 &d) {
  const RawFp2 ac = a.c0 * c, bd = a.c1 * d;
  return {mul_by_nonresidue(a.c2 * d) + ac, (c + d) * (a.c0 + a.c1) - ac - bd, a.c2 * c + bd};
}

// a (e v)
inline RawFp6 mul_by_1(const RawFp6 &a, const RawFp2 &e) { return {mul_by_nonresidue(a.c2 * e), a.c0 * e, a.c1 * e}; }

struct RawFp12 {
  RawFp6 c0, c1;

  static RawFp12 one() { return {{RawFp2::one(), RawFp2::zero(), RawFp2::zero()}, RawFp6::zero()}; }
  // The twelve coefficients in ABI order, with reduced limbs.
  void store_reduced(u64 *out) const {
    const RawFp2 *coefficients[6] = {&c0.c0, &c0.c1, &c0.c2, &c1.c0, &c1.c1, &c1.c2};
    for (int i = 0; i < 6; i++) {
      reduce(coefficients[i]->c0).store(out + 12 * i);
      reduce(coefficients[i]->c1).store(out + 12 * i + 6);
    }
  }
};

inline RawFp12 conj(const RawFp12 &a) { return {a.c0, -a.c1}; }

// (c0 + c1 w)^2 = (c1 v + c0)(c0 + c1) - c0 c1 - c0 c1 v  +  2 c0 c1 w
inline RawFp12 sqr(const RawFp12 &f) {
  const RawFp6 g = f.c0 * f.c1;
  return {(mul_by_nonresidue(f.c1) + f.c0) * (f.c0 + f.c1) - g - mul_by_nonresidue(g), g + g};
}

// f (c + d v + e v w)
inline RawFp12 mul_by_014(const RawFp12 &f, const RawFp2 &c, const RawFp2 &d, const RawFp2 &e) {
  const RawFp6 a = mul_by_01(f.c0, c, d), b = mul_by_1(f.c1, e);
  return {mul_by_nonresidue(b) + a, mul_by_01(f.c1 + f.c0, c, d + e) - a - b};
}

COPROC_END
