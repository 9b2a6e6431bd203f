// Affine points of y^2 = x^3 + b. Infinity is (0, 0): b is not 0, so the origin is never on the curve.
#pragma once
#include "field/curves.hpp"

COPROC_BEGIN

template <class F> struct Affine {
  using Mask = typename F::Mask;
  F x, y;

  static COPROC_INLINE Affine identity() { return {F::zero(), F::zero()}; }
  COPROC_INLINE Mask infinity() const { return is_zero(x) & is_zero(y); }
  COPROC_INLINE Affine operator-() const { return {x, -y}; }

  friend COPROC_INLINE Affine select(Mask m, const Affine &a, const Affine &b) { return {select(m, a.x, b.x), select(m, a.y, b.y)}; }
  friend COPROC_INLINE Mask operator==(const Affine &a, const Affine &b) { return (a.x == b.x) & (a.y == b.y); }
};

// 64-bit words of one coordinate in the ABI form.
template <class F> struct Coordinate;
template <class P, class L> struct Coordinate<Fp<P, L>> {
  static constexpr int WORDS = P::LIMBS;
};
template <class F> struct Coordinate<Fp2<F>> {
  static constexpr int WORDS = 2 * Coordinate<F>::WORDS;
};
template <class F> inline constexpr int WORDS = Coordinate<F>::WORDS;

// The ABI form of coproc.h: Montgomery limbs of x, then of y.
template <class F> COPROC_INLINE Affine<F> load_affine(const u64 *words) { return {F::load(words), F::load(words + WORDS<F>)}; }
template <class F> COPROC_INLINE void store_affine(const Affine<F> &a, u64 *words) {
  a.x.store(words);
  a.y.store(words + WORDS<F>);
}

// y^2 = x^3 + b.
template <class F> COPROC_INLINE typename F::Mask on_curve(const Affine<F> &p, const F &b) { return sqr(p.y) == sqr(p.x) * p.x + b; }

COPROC_END
