// Membership in the subgroup of prime order r, for points on the curve; infinity belongs to it. Exact, with proofs.
//
// Each test is f(e) P = 0 for an endomorphism e with a quadratic equation over Z on the whole curve. Then N P = 0 for N the norm of f(e),
// and gcd(N, order of the curve) = r leaves r P = 0. The converse is the eigenvalue of e on the group ([Sco21], [DLZZ22]).
#pragma once
#include "curve/groups.hpp"
#include "curve/odd_multiples.hpp"

COPROC_BEGIN

// [|x|]P of BLS12-381: the bits of |x| are 63, 62, 60, 57, 48 and 16.
template <class F, class Point> COPROC_NOINLINE Jacobian<F> mul_by_abs_x(const Point &p, Jacobian<F> acc) {
  constexpr u64 x = constants::bls12_381::X_ABS;
  for (int i = 62; i >= 0; i--) {
    acc = dbl(acc);
    if ((x >> i) & 1) acc = add(acc, p);
  }
  return acc;
}
template <class F> COPROC_INLINE Jacobian<F> mul_by_abs_x(const Affine<F> &p) { return mul_by_abs_x(p, Jacobian<F>::from_affine(p)); }
template <class F> COPROC_INLINE Jacobian<F> mul_by_abs_x(const Jacobian<F> &p) { return mul_by_abs_x(p, p); }

template <class G> struct Subgroup;

// phi(P) = [-x^2]P. phi^2 + phi + 1 = 0, so x^4 - x^2 + 1 = r kills P.
template <class L> struct Subgroup<G1Bls12<L>> {
  using F = typename G1Bls12<L>::F;
  static COPROC_NOINLINE typename F::Mask contains(const Affine<F> &p) { return equal(-mul_by_abs_x(mul_by_abs_x(p)), phi(p)); }
};

// psi(P) = [x]P. psi^2 - [x + 1]psi + [p] = 0, so p - x = h1 r kills P; gcd(h1 r, h2 r) = r since h1 and h2 are coprime.
template <class L> struct Subgroup<G2Bls12<L>> {
  using F = typename G2Bls12<L>::F;
  static COPROC_NOINLINE typename F::Mask contains(const Affine<F> &p) { return equal(-mul_by_abs_x(p), psi(p)); }
};

// The cofactor is 1: every point, in every lane.
template <class L> struct Subgroup<G1Bn254<L>> {
  using F = typename G1Bn254<L>::F;
  static typename F::Mask contains(const Affine<F> &p) { return is_zero(p.x) == is_zero(p.x); }
};

// [z + 1]P + psi([z]P) + psi^2([z]P) = psi^3([2z]P). The norm of f = (z + 1) + z psi + z psi^2 - 2z psi^3 modulo psi^2 - [t]psi + [p] has
// the greatest common divisor r with the order r (2p - r) of the curve, and f(p mod r) = 0 mod r.
template <class L> struct Subgroup<G2Bn254<L>> {
  using F = typename G2Bn254<L>::F;
  static COPROC_NOINLINE typename F::Mask contains(const Affine<F> &p) {
    const Jacobian<F> q = mul_by_z(p);
    const Jacobian<F> q1 = psi(q), q2 = psi(q1), q3 = psi(dbl(q2));
    return equal(add(add(add(q, p), q1), q2), q3);
  }

  // z in signed digits over P, 3P, 5P: the fewest additions for these three. Every point of the curve but infinity has order above 10,000
  // (the least prime factor of 2p - r is 10,069), so the table is regular.
  static constexpr signed char Z_DIGITS[63] = {1, 0, 0, 0, -1, 0, 0, 0, 0, 5,  0, 0, 0, 0,  0, 0, 1, 0,  0, 1, 0,
                                               3, 0, 0, 0, -3, 0, 0, 5, 0, 0,  0, 0, 0, -3, 0, 0, 0, -5, 0, 0, 0,
                                               5, 0, 0, 0, 0,  3, 0, 0, 0, -3, 0, 0, 0, 0,  5, 0, 0, 0,  0, 0, 1};
  static constexpr u64 value_of_digits() {
    u64 v = 0;
    for (int i = 62; i >= 0; i--) v = 2 * v + static_cast<u64>(static_cast<i64>(Z_DIGITS[i]));
    return v;
  }
  static_assert(value_of_digits() == constants::bn254::Z);

  static COPROC_INLINE Jacobian<F> mul_by_z(const Affine<F> &p) {
    Affine<F> table[3];
    F ratios[3];
    const F z = odd_multiples(&p, 1, 3, table, ratios);
    Jacobian<F> acc = Jacobian<F>::from_affine(table[0]);
    for (int i = 61; i >= 0; i--) {
      acc = dbl(acc);
      if (Z_DIGITS[i] > 0) acc = add(acc, table[Z_DIGITS[i] / 2]);
      if (Z_DIGITS[i] < 0) acc = add(acc, -table[-Z_DIGITS[i] / 2]);
    }
    acc.z *= z;
    return acc;
  }
};

COPROC_END
