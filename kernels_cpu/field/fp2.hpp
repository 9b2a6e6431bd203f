// Fp2 = Fp[u] / (u^2 + 1), and its unreduced products.
//
// The cubic and sextic extensions are built on the non-residue xi = XI_RE + u: 1 + u for BLS12-381, 9 + u for BN254.
#pragma once
#include "field/fp_plain.hpp"

COPROC_BEGIN

template <class F> struct Fp2;

template <class P> struct TowerOf;
template <> struct TowerOf<constants::bls12_381::Fp> {
  static constexpr int XI_RE = 1;
};
template <> struct TowerOf<constants::bn254::Fp> {
  static constexpr int XI_RE = 9;
};

template <class F> struct Fp2 {
  using Base = F;
  using Params = typename F::Params;
  using Lane = typename F::Lane;
  using Mask = typename F::Mask;
  static constexpr int XI_RE = TowerOf<Params>::XI_RE;

  F c0, c1;

  static COPROC_INLINE Fp2 zero() { return {F::zero(), F::zero()}; }
  static COPROC_INLINE Fp2 one() { return {F::one(), F::zero()}; }
  template <class E> static COPROC_INLINE Fp2 constant(const E (&e)[2]) { return {F::constant(e[0]), F::constant(e[1])}; }
  static COPROC_INLINE Fp2 load(const u64 *limbs) { return {F::load(limbs), F::load(limbs + F::LIMBS)}; }
  COPROC_INLINE void store(u64 *limbs) const {
    c0.store(limbs);
    c1.store(limbs + F::LIMBS);
  }

  friend COPROC_INLINE Fp2 operator+(const Fp2 &a, const Fp2 &b) { return {a.c0 + b.c0, a.c1 + b.c1}; }
  friend COPROC_INLINE Fp2 operator-(const Fp2 &a, const Fp2 &b) { return {a.c0 - b.c0, a.c1 - b.c1}; }
  COPROC_INLINE Fp2 operator-() const { return {-c0, -c1}; }
  COPROC_INLINE Fp2 &operator+=(const Fp2 &b) { return *this = *this + b; }
  COPROC_INLINE Fp2 &operator-=(const Fp2 &b) { return *this = *this - b; }
  COPROC_INLINE Fp2 &operator*=(const Fp2 &b) { return *this = *this * b; }

  friend COPROC_INLINE Fp2 dbl(const Fp2 &a) { return {dbl(a.c0), dbl(a.c1)}; }
  friend COPROC_INLINE Fp2 half(const Fp2 &a) { return {half(a.c0), half(a.c1)}; }
  friend COPROC_INLINE Fp2 conj(const Fp2 &a) { return {a.c0, -a.c1}; }
  friend COPROC_INLINE Fp2 mul_by_fp(const Fp2 &a, const F &f) {
    if constexpr (Lane::WIDTH > 1) return mul_two(a.c0, f, a.c1, f);
    else return {a.c0 * f, a.c1 * f};
  }
  friend COPROC_INLINE F norm(const Fp2 &a) { return sqr(a.c0) + sqr(a.c1); }
  friend COPROC_INLINE Mask is_zero(const Fp2 &a) { return is_zero(a.c0) & is_zero(a.c1); }
  friend COPROC_INLINE Mask operator==(const Fp2 &a, const Fp2 &b) { return (a.c0 == b.c0) & (a.c1 == b.c1); }
  friend COPROC_INLINE Fp2 select(Mask m, const Fp2 &a, const Fp2 &b) { return {select(m, a.c0, b.c0), select(m, a.c1, b.c1)}; }

  // (k + u)(a0 + a1 u) = (k a0 - a1) + (a0 + k a1) u
  friend COPROC_INLINE Fp2 mul_by_nonresidue(const Fp2 &a) {
    if constexpr (Lane::WIDTH > 1 && XI_RE == 9) {
      return mul_by_nine_plus_u(a);
    } else if constexpr (Lane::WIDTH == 1 && XI_RE == 9 && requires { Arithmetic<Params>::nine_minus; }) {
      Fp2 r;
      Arithmetic<Params>::nine_minus(r.c0.v, a.c0.v, a.c1.v);
      Arithmetic<Params>::nine_plus(r.c1.v, a.c1.v, a.c0.v);
      return r;
    } else {
      return {mul_small<XI_RE>(a.c0) - a.c1, a.c0 + mul_small<XI_RE>(a.c1)};
    }
  }
};

template <class F> struct Fp2Wide {
  Wide<F> c0, c1;

  friend COPROC_INLINE Fp2Wide operator+(const Fp2Wide &a, const Fp2Wide &b) { return {a.c0 + b.c0, a.c1 + b.c1}; }
  friend COPROC_INLINE Fp2Wide operator-(const Fp2Wide &a, const Fp2Wide &b) { return {a.c0 - b.c0, a.c1 - b.c1}; }
  friend COPROC_INLINE Fp2Wide dbl(const Fp2Wide &a) { return {a.c0 + a.c0, a.c1 + a.c1}; }
  friend COPROC_INLINE Fp2<F> redc(const Fp2Wide &a) {
    if constexpr (F::Lane::WIDTH > 1) return redc_two(a.c0, a.c1);
    else return {redc(a.c0), redc(a.c1)};
  }
  friend COPROC_INLINE Fp2Wide mul_by_nonresidue(const Fp2Wide &a) {
    constexpr int k = Fp2<F>::XI_RE;
    using A = Arithmetic<typename F::Params>;
    if constexpr (F::Lane::WIDTH > 1 && k == 9) return mul_by_nine_plus_u(a);
    if constexpr (F::Lane::WIDTH == 1 && k == 9 && requires { A::nine_minus_wide; }) {
      Fp2Wide r;
      A::nine_minus_wide(r.c0.v, a.c0.v, a.c1.v);
      A::nine_plus_wide(r.c1.v, a.c1.v, a.c0.v);
      return r;
    }
    return {mul_small_wide<k>(a.c0) - a.c1, a.c0 + mul_small_wide<k>(a.c1)};
  }
  template <int k> static COPROC_INLINE Wide<F> mul_small_wide(const Wide<F> &a) {
    if constexpr (k == 1) return a;
    else if constexpr (k % 2 == 0) return mul_small_wide<k / 2>(a + a);
    else return mul_small_wide<k - 1>(a) + a;
  }
};

template <class F> struct WideOf<Fp2<F>> {
  using Type = Fp2Wide<F>;
};

// (a0 b0 - a1 b1) + (a0 b1 + a1 b0) u with three products (Karatsuba), unreduced.
template <class F> COPROC_NOINLINE Fp2Wide<F> mul_wide(const Fp2<F> &a, const Fp2<F> &b) {
  const Wide<F> x = mul_wide(a.c0, b.c0);
  const Wide<F> y = mul_wide(a.c1, b.c1);
  return {x - y, karatsuba_cross(a.c0, a.c1, b.c0, b.c1, x, y)};
}
// a b - s, unreduced.
template <class F> COPROC_INLINE Fp2Wide<F> mul_wide_sub(const Fp2<F> &a, const Fp2<F> &b, const Fp2Wide<F> &s) {
  return mul_wide(a, b) - s;
}
// a + b for products alone.
template <class F> COPROC_INLINE Fp2<F> add_loose(const Fp2<F> &a, const Fp2<F> &b) {
  if constexpr (F::Lane::WIDTH > 1) return {add_loose(a.c0, b.c0), add_loose(a.c1, b.c1)};
  else return a + b;
}
// (a0 + a1)(a0 - a1) + 2 a0 a1 u; the sums stay below 2p, the products below 2 p^2.
template <class F> COPROC_NOINLINE Fp2Wide<F> sqr_wide(const Fp2<F> &a) {
  const F d = a.c0 - a.c1;
  return {mul_wide(add_loose(a.c0, a.c1), d), mul_wide(add_loose(a.c0, a.c0), a.c1)};
}

template <class F> COPROC_INLINE Fp2<F> operator*(const Fp2<F> &a, const Fp2<F> &b) { return redc(mul_wide(a, b)); }
// A square needs no sum of products: two interleaved multiplications are shorter than two products and two reductions.
template <class F> COPROC_NOINLINE Fp2<F> sqr(const Fp2<F> &a) {
  if constexpr (F::Lane::WIDTH > 1) return mul_two(a.c0 - a.c1, add_loose(a.c0, a.c1), a.c1, add_loose(a.c0, a.c0));
  else return {mul_loose(a.c0 - a.c1, add_loose(a.c0, a.c1)), mul_loose(a.c1, add_loose(a.c0, a.c0))};
}

template <class F> COPROC_INLINE Fp2<F> three_minus_two(const Fp2<F> &t, const Fp2<F> &z) {
  return {three_minus_two(t.c0, z.c0), three_minus_two(t.c1, z.c1)};
}
template <class F> COPROC_INLINE Fp2<F> three_plus_two(const Fp2<F> &t, const Fp2<F> &z) {
  return {three_plus_two(t.c0, z.c0), three_plus_two(t.c1, z.c1)};
}

COPROC_END
