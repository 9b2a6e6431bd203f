// Endomorphisms: phi on G1 (j-invariant 0), psi on G2 (untwist, Frobenius, twist).
//
// phi(x, y) = (beta x, y), beta^2 + beta + 1 = 0: acts on G1 as LAMBDA (BLS12-381: -x^2).
// psi(x, y) = (conj(x) PSI_X, conj(y) PSI_Y): psi^2 - [t] psi + [p] = 0 on all of E2, acts on G2 as p mod r (BLS12-381: x).
#pragma once
#include "curve/jacobian.hpp"

COPROC_BEGIN

template <class P> struct EndomorphismConstants;
template <> struct EndomorphismConstants<constants::bls12_381::Fp> {
  static constexpr auto &BETA = constants::bls12_381::BETA;
  static constexpr auto &PSI_X = constants::bls12_381::PSI_X;
  static constexpr auto &PSI_Y = constants::bls12_381::PSI_Y;
};
template <> struct EndomorphismConstants<constants::bn254::Fp> {
  static constexpr auto &BETA = constants::bn254::BETA;
  static constexpr auto &PSI_X = constants::bn254::PSI_X;
  static constexpr auto &PSI_Y = constants::bn254::PSI_Y;
};

template <class F> using Endomorphisms = EndomorphismConstants<typename F::Params>;

// Of affine and of Jacobian points alike: (beta X : Y : Z), (conj X PSI_X : conj Y PSI_Y : conj Z).
template <class F> COPROC_INLINE Affine<F> phi(const Affine<F> &p) { return {p.x * F::constant(Endomorphisms<F>::BETA), p.y}; }
template <class F> COPROC_INLINE Jacobian<F> phi(const Jacobian<F> &p) { return {p.x * F::constant(Endomorphisms<F>::BETA), p.y, p.z}; }

template <class F> COPROC_INLINE Affine<Fp2<F>> psi(const Affine<Fp2<F>> &p) {
  using E = Endomorphisms<F>;
  return {conj(p.x) * Fp2<F>::constant(E::PSI_X), conj(p.y) * Fp2<F>::constant(E::PSI_Y)};
}
template <class F> COPROC_INLINE Jacobian<Fp2<F>> psi(const Jacobian<Fp2<F>> &p) {
  const Affine<Fp2<F>> xy = psi(Affine<Fp2<F>>{p.x, p.y});
  return {xy.x, xy.y, conj(p.z)};
}

COPROC_END
