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

// table[i * per_point + j] = (2j + 1) points[i] on the curve of the Z that is returned, for points that are not infinite and of order
// above 4 per_point. ratios: n * per_point elements of scratch.
template <class F> COPROC_NOINLINE F odd_multiples(const Affine<F> *points, int n, int per_point, Affine<F> *table, F *ratios) {
  F z = F::one();
  for (int i = 0; i < n; i++) {
    Affine<F> *row = table + i * per_point;
    F *ratio = ratios + i * per_point;
    Affine<F> p = points[i];
    if (i > 0) {
      const F zz = sqr(z);
      p = {p.x * zz, p.y * (zz * z)};
    }
    // Doubling with Z = y: the point itself becomes (x y^2, y y^3), two products that the doubling makes anyway.
    const F l = half(mul_small<3>(sqr(p.x))), s = sqr(p.y), t = p.x * s;
    Affine<F> twice;
    twice.x = sqr(l) - dbl(t);
    row[0] = {t, sqr(s)};
    twice.y = l * (t - twice.x) - row[0].y;
    ratio[0] = p.y;
    z = z * p.y;
    // row[j] = row[j-1] + 2P; 2P follows to the new Z.
    for (int j = 1; j < per_point; j++) {
      const F h = twice.x - row[j - 1].x, r = twice.y - row[j - 1].y;
      const F c = sqr(h), w = twice.x * c, v = row[j - 1].x * c;
      row[j].x = sqr(r) - w - v;
      twice.y = twice.y * (w - v);
      row[j].y = r * (w - row[j].x) - twice.y;
      twice.x = w;
      ratio[j] = h;
      z = z * h;
    }
  }
  const F last = rationalising(z);
  F f = last;
  for (int k = n * per_point - 1; k >= 0; k--) {
    const F ff = sqr(f);
    table[k] = {table[k].x * ff, table[k].y * (ff * f)};
    f = f * ratios[k];
  }
  return z * last;
}

COPROC_END
