// Fp12 = Fp6[w] / (w^2 - v), so w^6 = xi; the coefficients of w^0 w^2 w^4 w^1 w^3 w^5 are c0.c0 c0.c1 c0.c2 c1.c0 c1.c1 c1.c2.
#pragma once
#include "field/fp6.hpp"
#include "field/inverse.hpp"

COPROC_BEGIN

template <class F6> struct Fp12 {
  using Base = F6;
  using F2 = typename F6::Base;
  using F = typename F2::Base;
  using Mask = typename F6::Mask;
  F6 c0, c1;

  static COPROC_INLINE Fp12 one() { return {F6::one(), F6::zero()}; }
  static COPROC_INLINE Fp12 load(const u64 *w) {
    constexpr int k = 2 * F::LIMBS;
    return {{F2::load(w), F2::load(w + k), F2::load(w + 2 * k)}, {F2::load(w + 3 * k), F2::load(w + 4 * k), F2::load(w + 5 * k)}};
  }
  COPROC_INLINE void store(u64 *w) const {
    constexpr int k = 2 * F::LIMBS;
    c0.c0.store(w), c0.c1.store(w + k), c0.c2.store(w + 2 * k), c1.c0.store(w + 3 * k), c1.c1.store(w + 4 * k), c1.c2.store(w + 5 * k);
  }
  friend COPROC_INLINE Fp12 conj(const Fp12 &a) { return {a.c0, -a.c1}; }
  friend COPROC_INLINE Mask operator==(const Fp12 &a, const Fp12 &b) { return (a.c0 == b.c0) & (a.c1 == b.c1); }
  friend COPROC_INLINE Mask is_zero(const Fp12 &a) { return is_zero(a.c0) & is_zero(a.c1); }
  friend COPROC_INLINE Fp12 select(Mask m, const Fp12 &a, const Fp12 &b) { return {select(m, a.c0, b.c0), select(m, a.c1, b.c1)}; }
};

// Karatsuba over Fp6, the three products unreduced; eight lanes of 381 bits are reduced first, or they would not stay in the first cache.
template <class F6> COPROC_NOINLINE Fp12<F6> operator*(const Fp12<F6> &a, const Fp12<F6> &b) {
  if constexpr (F6::Base::Lane::WIDTH > 1 && F6::Base::Params::BITS > 256) {
    const F6 x = a.c0 * b.c0, y = a.c1 * b.c1, z = (a.c0 + a.c1) * (b.c0 + b.c1);
    return {x + mul_by_v(y), z - (x + y)};
  }
  const Wide<F6> x = mul_wide(a.c0, b.c0), y = mul_wide(a.c1, b.c1);
  const Wide<F6> z = mul_wide(a.c0 + a.c1, b.c0 + b.c1);
  return {redc(x + mul_by_v(y)), redc(z - (x + y))};
}

// Complex squaring: t = a0 a1; (a0 + a1)(a0 + v a1) - t - v t, 2 t
template <class F6> COPROC_NOINLINE Fp12<F6> sqr(const Fp12<F6> &a) {
  const F6 t = a.c0 * a.c1;
  const F6 s = (a.c0 + a.c1) * (a.c0 + mul_by_v(a.c1));
  return {s - (t + mul_by_v(t)), dbl(t)};
}

// (a0 - a1 w) / (a0^2 - v a1^2)
template <class F6> COPROC_NOINLINE Fp12<F6> inverse(const Fp12<F6> &a) {
  const F6 d = inverse(sqr(a.c0) - mul_by_v(sqr(a.c1)));
  return {a.c0 * d, -(a.c1 * d)};
}

// a^(p^k), k = 1, 2, 3: conjugate the Fp2 coefficients for odd k and multiply that of w^i by xi^(i (p^k - 1) / 6).
template <class C, int k, class F6> COPROC_NOINLINE Fp12<F6> frobenius(const Fp12<F6> &a) {
  using F2 = typename F6::Base;
  using F = typename F2::Base;
  static_assert(k >= 1 && k <= 3);
  const auto image = [](const F2 &x, int i) {
    if constexpr (k == 2) return i == 0 ? x : mul_by_fp(x, F::constant(C::FROB_FP12_2[i]));
    else if constexpr (k == 1) return i == 0 ? conj(x) : conj(x) * F2::constant(C::FROB_FP12_1[i]);
    else return i == 0 ? conj(x) : conj(x) * F2::constant(C::FROB_FP12_3[i]);
  };
  return {{image(a.c0.c0, 0), image(a.c0.c1, 2), image(a.c0.c2, 4)}, {image(a.c1.c0, 1), image(a.c1.c1, 3), image(a.c1.c2, 5)}};
}

COPROC_END
