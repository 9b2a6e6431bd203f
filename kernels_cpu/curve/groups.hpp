// The four groups: equation, order, endomorphism and how a scalar splits along it.
//
// A group type gives F (coordinates), b(), generator(), D (how many short scalars), SPLIT_BITS (their length at most), endomorphism(P) and
// split(k, out) with k P = sum out[i] endomorphism^i(P) for P of order r and k below 2^256. FEW_TERMS, WINDOW_TERMS: see msm.hpp, measured.
// Its functions that take points are templates over the lane through F; scalars are one lane.
#pragma once
#include "coproc.h"
#include "curve/endomorphism.hpp"
#include "curve/scalar.hpp"

COPROC_BEGIN

template <class L> struct G1Bls12 {
  using F = bls12_381::FpT<L>;
  static constexpr int D = 2, SPLIT_BITS = 128;
  static constexpr usize FEW_TERMS = 4, WINDOW_TERMS = 72;
  static constexpr const u64 *ORDER = constants::bls12_381::Fr::MODULUS;
  static COPROC_INLINE F b() { return F::constant(constants::bls12_381::B1); }
  static COPROC_INLINE Affine<F> generator() { return {F::constant(constants::bls12_381::G1_X), F::constant(constants::bls12_381::G1_Y)}; }
  static COPROC_INLINE Affine<F> endomorphism(const Affine<F> &p) { return phi(p); }

  // k = k0 + k1 x^2 and [x^2]P = -phi(P).
  static void split(const u64 *k, ShortScalar *out) {
    u64 t[4], d[4];
    reduce_scalar(t, k, ORDER);
    if ((t[2] | t[3]) == 0) {
      out[0] = {{t[0], t[1]}, false};
      out[1] = {{0, 0}, false};
      return;
    }
    digits_base_x(t, d);
    for (int i = 0; i < 2; i++) {
      const u128 v = static_cast<u128>(d[2 * i + 1]) * constants::bls12_381::X_ABS + d[2 * i];
      out[i] = {{static_cast<u64>(v), static_cast<u64>(v >> 64)}, i == 1};
    }
  }
};

template <class L> struct G2Bls12 {
  using F = Fp2<bls12_381::FpT<L>>;
  static constexpr int D = 4, SPLIT_BITS = 64;
  static constexpr usize FEW_TERMS = 2, WINDOW_TERMS = 36;
  static constexpr const u64 *ORDER = constants::bls12_381::Fr::MODULUS;
  static COPROC_INLINE F b() { return F::constant(constants::bls12_381::B2); }
  static COPROC_INLINE Affine<F> generator() { return {F::constant(constants::bls12_381::G2_X), F::constant(constants::bls12_381::G2_Y)}; }
  static COPROC_INLINE Affine<F> endomorphism(const Affine<F> &p) { return psi(p); }

  // k = sum d_i |x|^i and [|x|]P = -psi(P).
  static void split(const u64 *k, ShortScalar *out) {
    u64 t[4], d[4];
    reduce_scalar(t, k, ORDER);
    digits_base_x(t, d);
    for (int i = 0; i < 4; i++) out[i] = {{d[i], 0}, i % 2 == 1};
  }
};

template <class L> struct G1Bn254 {
  using F = bn254::FpT<L>;
  static constexpr int D = 2, SPLIT_BITS = 128;
  static constexpr usize FEW_TERMS = 4, WINDOW_TERMS = 72;
  static constexpr const u64 *ORDER = constants::bn254::Fr::MODULUS;
  static COPROC_INLINE F b() { return F::constant(constants::bn254::B1); }
  static COPROC_INLINE Affine<F> generator() { return {F::constant(constants::bn254::G1_X), F::constant(constants::bn254::G1_Y)}; }
  static COPROC_INLINE Affine<F> endomorphism(const Affine<F> &p) { return phi(p); }

  static void split(const u64 *k, ShortScalar *out) {
    using namespace constants::bn254;
    u64 t[4];
    reduce_scalar(t, k, ORDER);
    if ((t[2] | t[3]) == 0) {
      out[0] = {{t[0], t[1]}, false};
      out[1] = {{0, 0}, false};
      return;
    }
    decompose_in_lattice(t, GLV_BASIS, GLV_BASIS_SIGN, GLV_RECIPROCAL, GLV_RECIPROCAL_SIGN, out);
  }
};

template <class L> struct G2Bn254 {
  using F = Fp2<bn254::FpT<L>>;
  static constexpr int D = 4, SPLIT_BITS = 66;
  static constexpr usize FEW_TERMS = 2, WINDOW_TERMS = 36;
  static constexpr const u64 *ORDER = constants::bn254::Fr::MODULUS;
  static COPROC_INLINE F b() { return F::constant(constants::bn254::B2); }
  static COPROC_INLINE Affine<F> generator() { return {F::constant(constants::bn254::G2_X), F::constant(constants::bn254::G2_Y)}; }
  static COPROC_INLINE Affine<F> endomorphism(const Affine<F> &p) { return psi(p); }

  static void split(const u64 *k, ShortScalar *out) {
    using namespace constants::bn254;
    u64 t[4];
    reduce_scalar(t, k, ORDER);
    decompose_in_lattice(t, GLS_BASIS, GLS_BASIS_SIGN, GLS_RECIPROCAL, GLS_RECIPROCAL_SIGN, out);
  }
};

// Calls f.template operator()<Group>() for the group of a number of enum coproc_group; any other number calls nothing.
template <class Call> COPROC_INLINE void with_group(int group, Call call) {
  switch (group) {
  case COPROC_BLS12_381_G1:
    call.template operator()<G1Bls12<Lane1>>();
    break;
  case COPROC_BLS12_381_G2:
    call.template operator()<G2Bls12<Lane1>>();
    break;
  case COPROC_BN254_G1:
    call.template operator()<G1Bn254<Lane1>>();
    break;
  case COPROC_BN254_G2:
    call.template operator()<G2Bn254<Lane1>>();
    break;
  default:
    break;
  }
}

COPROC_END
