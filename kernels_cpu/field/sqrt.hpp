// Square roots.
//
// p = 3 mod 4 (both base fields): with t = a^((p-3)/4), a t is a root of a if there is one, and t = 1/sqrt(a).
// Fp2: the complex method. Fr (two-adic): Tonelli and Shanks.
#pragma once
#include "field/addition_chain.hpp"
#include "field/inverse.hpp"

COPROC_BEGIN

// r[k] a root of a[k] for p = 3 mod 4, k < K; ok[k]: whether a[k] is a square. Not a root where ok is false. r may be a.
template <int K, class F>
  requires requires { F::Params::SQRT_EXPONENT; }
COPROC_INLINE void sqrt(const F *a, F *r, typename F::Mask *ok) {
  F t[K];
  for (int k = 0; k < K; k++) t[k] = a[k];
  pow_p_minus_3_over_4<K>(t);
  for (int k = 0; k < K; k++) {
    const F root = a[k] * t[k];
    ok[k] = sqr(root) == a[k];
    r[k] = root;
  }
}

// Tonelli and Shanks: p - 1 = 2^s t; r = a^((t+1)/2), b = a^t, both corrected by powers of a 2^s-th root of unity.
template <class F>
  requires requires { F::Params::ROOT_OF_UNITY; }
COPROC_INLINE F sqrt(const F &a, bool &ok) {
  using P = typename F::Params;
  const F w = pow(a, P::T_MINUS_1_OVER_2, P::LIMBS);
  F r = w * a, b = r * w, z = F::constant(P::ROOT_OF_UNITY);
  int v = P::TWO_ADICITY;
  ok = true;
  while (!is_zero(b) && !(b == F::one())) {
    int k = 0;
    for (F t = b; !(t == F::one()) && k < v; k++) t = sqr(t);
    if (k >= v) {
      ok = false;
      return F::zero();
    }
    for (int i = 0; i < v - k - 1; i++) z = sqr(z);
    r = r * z, z = sqr(z), b = b * z, v = k;
  }
  ok = sqr(r) == a;
  return r;
}

// The complex method: n = sqrt(a0^2 + a1^2); x^2 = (a0 + n) / 2 or (a0 - n) / 2, whichever is a square; root = x + (a1 / 2x) u.
// With t = d^((p-3)/4) for d = (a0 + n) / 2: x = d t, and 1/x = t if d is a square, -t if it is not (t d t = -1 then), when
// x^2 = -d = (n - a0) / 2 is the square of the root's other half: -(a1 / 2) t + x u. d = 0 (a = -n^2 real, or 0) is taken care of by the
// select.
template <int K, class F> COPROC_NOINLINE void sqrt(const Fp2<F> *a, Fp2<F> *r, typename F::Mask *ok) {
  F n[K], d[K], t[K];
  for (int k = 0; k < K; k++) n[k] = norm(a[k]);
  sqrt<K>(n, n, ok);
  for (int k = 0; k < K; k++) {
    d[k] = half(a[k].c0 + n[k]);
    d[k] = select(is_zero(d[k]), a[k].c0, d[k]); // then n = -a0, and (a0 - n) / 2 = a0
    t[k] = d[k];
  }
  pow_p_minus_3_over_4<K>(t);
  for (int k = 0; k < K; k++) {
    const F x = d[k] * t[k], y = half(a[k].c1) * t[k];
    const Fp2<F> root = select(sqr(x) == d[k], Fp2<F>{x, y}, Fp2<F>{-y, x});
    ok[k] &= sqr(root) == a[k];
    r[k] = root;
  }
}

// One root.
template <class F>
  requires requires { F::Params::SQRT_EXPONENT; }
COPROC_INLINE F sqrt(const F &a, typename F::Mask &ok) {
  F r;
  sqrt<1>(&a, &r, &ok);
  return r;
}

// y is the larger of y and -y: compare c1 first, then c0.
template <class F> COPROC_INLINE typename F::Mask is_larger(const Fp2<F> &a) {
  const auto real = is_zero(a.c1);
  return (real & is_larger(a.c0)) | (is_larger(a.c1) & !real);
}

COPROC_END
