// Tables of odd multiples P, 3P, 5P, ... without an inversion.
//
// All entries share one Z: they are affine points of the isomorphic curve y^2 = x^3 + b Z^6, (x, y) -> (x Z^2, y Z^3), on which every
// formula here holds as it stands. Consecutive points are made in co-Z form ([Mel07]: both operands of an addition keep a common Z,
// which costs 5M + 2S), and brought to the last Z from the back. Tables of several points are chained: the next point is mapped to the
// curve of the last, so that in the end all of them live on one curve.
#pragma once
#include "curve/jacobian.hpp"

COPROC_BEGIN

// A factor that makes z F-rational for the Frobenius: psi of the isomorphic curve is psi itself if conj(Z) = Z.
template <class P, class L> COPROC_INLINE Fp<P, L> rationalising(const Fp<P, L> &) { return Fp<P, L>::one(); }
template <class F> COPROC_INLINE Fp2<F> rationalising(const Fp2<F> &z) { return conj(z); }

// P with the Z that is its own y, and 2P with the same: (x y^2, y y^3) are two products that the doubling makes anyway.
template <class F> COPROC_INLINE void double_co_z(const Affine<F> &p, Affine<F> &same, Affine<F> &twice) {
  const F l = three_halves(sqr(p.x)), s = sqr(p.y), t = p.x * s;
  twice.x = minus_two(sqr_loose(l), t);
  same = {t, sqr(s)};
  twice.y = l * sub_loose(t, twice.x) - same.y;
}
// sum = a + step for points of a common Z; step follows to the Z of the sum, which is the common one times the number (loose) returned.
template <class F> COPROC_INLINE F add_co_z(const Affine<F> &a, Affine<F> &step, Affine<F> &sum) {
  const F h = sub_loose(step.x, a.x), r = sub_loose(step.y, a.y);
  const F c = sqr_loose(h), w = step.x * c, v = a.x * c;
  sum.x = minus_both(sqr_loose(r), w, v);
  step.y = step.y * sub_loose(w, v);
  sum.y = r * sub_loose(w, sum.x) - step.y;
  step.x = w;
  return h;
}
template <class F> COPROC_INLINE void scale(Affine<F> &p, const F &f) {
  const F ff = sqr(f);
  p = {p.x * ff, p.y * (ff * f)};
}

// table[i * per_point + j] = (2j + 1) points[i] on the curve of the Z that is returned, for points that are not infinite and of order
// above 4 per_point. ratios: n * per_point elements of scratch.
template <class F> COPROC_NOINLINE F odd_multiples(const Affine<F> *points, int n, int per_point, Affine<F> *table, F *ratios) {
  F z = F::one();
  for (int i = 0; i < n; i++) {
    Affine<F> *row = table + i * per_point;
    F *ratio = ratios + i * per_point;
    Affine<F> p = points[i], twice;
    if (i > 0) scale(p, z);
    double_co_z(p, row[0], twice);
    ratio[0] = p.y;
    z = z * p.y;
    for (int j = 1; j < per_point; j++) {
      ratio[j] = add_co_z(row[j - 1], twice, row[j]);
      z = z * ratio[j];
    }
  }
  const F last = rationalising(z);
  F f = last;
  for (int k = n * per_point - 1; k >= 0; k--) {
    scale(table[k], f);
    f = f * ratios[k];
  }
  return z * last;
}

// table[j] = (j + 1) p, j < N, on the curve of the Z that is returned, for a point that is not infinite and of order above N.
template <int N, class F> COPROC_NOINLINE F multiples(const Affine<F> &p, Affine<F> *table) {
  F ratios[N];
  double_co_z(p, table[0], table[1]);
  Affine<F> step = table[0];
  F z = p.y;
  for (int j = 2; j < N; j++) {
    ratios[j] = add_co_z(table[j - 1], step, table[j]);
    z = z * ratios[j];
  }
  const F last = rationalising(z);
  F f = last;
  for (int j = N - 1; j >= 0; j--) {
    scale(table[j], f);
    if (j > 1) f = f * ratios[j];
  }
  return z * last;
}

COPROC_END
