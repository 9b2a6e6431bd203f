// The final exponentiation, easy part f^((p^6 - 1)(p^2 + 1)), then the hard part in the cyclotomic subgroup, where inversion is
// conjugation and squaring is cheap.
//
// BLS12-381: exponent 3 (p^4 - p^2 + 1) / r = (x - 1)^2 (x + p)(x^2 + p^2 - 1) + 3 (Hayashida, Hayasaka, Teruya, eprint 2020/875).
// BN254: exponent 2z (6z^2 + 3z + 1)(p^4 - p^2 + 1) / r exactly (Fuentes-Castaneda, Knapp, Rodriguez-Henriquez, SAC 2011): prepared
// keys hold Gt values, so another multiple would answer otherwise.
#pragma once
#include "pairing/cyclotomic.hpp"

COPROC_BEGIN

template <class C> COPROC_NOINLINE typename C::F12 final_exponentiation_easy(const typename C::F12 &f) {
  const auto a = conj(f) * inverse(f);
  return frobenius<typename C::FrobeniusConstants, 2>(a) * a;
}

// F12: how an element is held.
template <class C, class F12> COPROC_NOINLINE F12 hard_part_bls12(const F12 &f) {
  using K = typename C::FrobeniusConstants;
  // x is negative: a^x = conj(a^|x|)
  const auto to_x_minus_1 = [](const F12 &a) { return conj(cyclotomic_pow_x(a) * a); };
  const auto a = to_x_minus_1(to_x_minus_1(f));
  const auto b = conj(cyclotomic_pow_x(a)) * frobenius<K, 1>(a);
  const auto c = cyclotomic_pow_x(cyclotomic_pow_x(b)) * frobenius<K, 2>(b) * conj(b);
  return c * (cyclotomic_sqr(f) * f);
}

template <class C, class F12> COPROC_NOINLINE F12 hard_part_bn(const F12 &f) {
  using K = typename C::FrobeniusConstants;
  // l0 = 1 + 6z + 12z^2 + 12z^3, l1 = 4z + 6z^2 + 12z^3, l2 = 6z + 6z^2 + 12z^3, l3 = -1 + 4z + 6z^2 + 12z^3; f^(l0 + l1 p + l2 p^2 + l3
  // p^3)
  const auto z2 = cyclotomic_sqr(cyclotomic_pow_z(f));      // 2z
  const auto z6 = cyclotomic_sqr(z2) * z2;                  // 6z
  const auto zz6 = cyclotomic_pow_z(z6);                    // 6z^2
  const auto zzz12 = cyclotomic_pow_z(cyclotomic_sqr(zz6)); // 12z^3
  const auto l2 = zzz12 * zz6 * z6;
  const auto l1 = l2 * conj(z2);
  const auto l0 = l2 * zz6 * f;
  const auto l3 = l1 * conj(f);
  return l0 * frobenius<K, 1>(l1) * frobenius<K, 2>(l2) * frobenius<K, 3>(l3);
}

template <class C> COPROC_INLINE typename C::F12 final_exponentiation(const typename C::F12 &f) {
  const auto hard = [](const auto &a) {
    if constexpr (C::M_TWIST) return hard_part_bls12<C>(a);
    else return hard_part_bn<C>(a);
  };
  const auto a = final_exponentiation_easy<C>(f);
#if COPROC_LANES
  if constexpr (C::F::Lane::WIDTH == 1) return hard(Spread12<typename C::F::Params>::load(a)).value();
#endif
  return hard(a);
}

COPROC_END
