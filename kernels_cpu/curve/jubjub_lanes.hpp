// Eight sums g G +- a A - b B on JubJub at once: signed digits of fixed windows, so that all lanes take the same steps.
//
// a and b, below 2^127, are written as 32 digits -8 .. 7 (the base-16 digits of a + 0x88..8, less 8) over a table of 1 .. 8 times the
// point in each lane. g is made odd, by the order of G if need be: g = 2 C + 1 with C below 2^252, and with the base-64 digits c_i of C
//     g = 64^42 + sum (2 c_i - 63) 64^i,
// odd digits for the tables of odd multiples of G and of 2^126 G = 64^21 G.
#pragma once
#include "curve/half_scalar.hpp"
#include "curve/jubjub.hpp"

#if COPROC_LANES
#include "field/fused.hpp"

COPROC_BEGIN

namespace jubjub {

// The formulas of jubjub.hpp for eight lanes. e, f, g, h go into products alone, so that e, g and h stay loose where f is not: e and g
// below 3.25 p, h below 2.5 p, f below 1.25 p. Products go in twos.
template <class F> COPROC_INLINE Projective<F> projective(const Completed<F> &p) {
  const Fp2<F> uv = mul_two(p.e, p.f, p.g, p.h);
  return {uv.c0, uv.c1, p.f * p.g};
}
template <class F> COPROC_INLINE Extended<F> extended(const Completed<F> &p) {
  const Fp2<F> uv = mul_two(p.e, p.f, p.g, p.h), zt = mul_two(p.f, p.g, p.e, p.h);
  return {uv.c0, uv.c1, zt.c0, zt.c1};
}
// 2 p. f and h have the other sign than in `dbl`, and with them all four products.
template <class F> COPROC_INLINE Completed<F> dbl_lanes(const F &u, const F &v, const F &z) {
  using P = typename F::Params;
  const F uu = sqr(u), vv = sqr(v), zz = sqr(z), s = sqr_loose(add_loose(u, v));
  F f; // uu - vv + 2 zz + 2p
  for (int i = 0; i < P::LIMBS52; i++) {
    const Vec8 difference = _mm512_add_epi64(_mm512_sub_epi64(uu.v[i], vv.v[i]), splat(Radix52<P>::TWICE.v[i]));
    f.v[i] = _mm512_add_epi64(difference, _mm512_add_epi64(zz.v[i], zz.v[i]));
  }
  reduce_top<P>(f.v);
  return {minus_both(s, uu, vv), f, sub_loose(vv, uu), add_loose(uu, vv)};
}
template <class F> COPROC_INLINE Completed<F> completed(const Fp2<F> &ab, const F &z2, const F &c) {
  return {sub_loose(ab.c1, ab.c0), z2 - c, add_loose(z2, c), add_loose(ab.c1, ab.c0)};
}
template <class F> COPROC_INLINE Completed<F> add_lanes(const Extended<F> &p, const Niels<F> &n) {
  const Fp2<F> ab = mul_two(sub_loose(p.v, p.u), n.v_minus_u, add_loose(p.v, p.u), n.v_plus_u), cz = mul_two(p.t, n.t2d, p.z, n.z2);
  return completed(ab, cz.c1, cz.c0);
}
template <class F> COPROC_INLINE Completed<F> add_lanes(const Extended<F> &p, const AffineNiels<F> &n) {
  const Fp2<F> ab = mul_two(sub_loose(p.v, p.u), n.v_minus_u, add_loose(p.v, p.u), n.v_plus_u);
  return completed(ab, dbl(p.z), p.t * n.t2d);
}

template <class F> COPROC_INLINE Niels<F> select(Mask8 m, const Niels<F> &a, const Niels<F> &b) {
  return {select(m, a.v_plus_u, b.v_plus_u), select(m, a.v_minus_u, b.v_minus_u), select(m, a.z2, b.z2), select(m, a.t2d, b.t2d)};
}
// The operand of -P in the lanes of m: in Niels and AffineNiels alike.
template <class N> COPROC_INLINE void negate_where(Mask8 m, N &n) {
  const auto plus = n.v_plus_u;
  n.v_plus_u = select(m, n.v_minus_u, plus);
  n.v_minus_u = select(m, plus, n.v_minus_u);
  n.t2d = select(m, -n.t2d, n.t2d);
}

// The digits of eight scalars below 2^127, as masks.
struct WindowDigits {
  static constexpr int WINDOWS = 32, LARGEST = 8;
  Mask8 is[WINDOWS][LARGEST + 1], minus[WINDOWS]; // the lanes whose digit is +-m; those whose digit is negative

  WindowDigits() {
    for (int i = 0; i < WINDOWS; i++) {
      minus[i] = Mask8::none();
      for (Mask8 &m : is[i]) m = Mask8::none();
    }
  }
  // negated: stands for -k.
  void set(int lane, const u64 *k, bool negated) {
    constexpr u64 EIGHTS = 0x8888888888888888;
    const u64 low = k[0] + EIGHTS, high = k[1] + EIGHTS + (low < EIGHTS);
    for (int i = 0; i < WINDOWS; i++) {
      const int digit = static_cast<int>(((i < 16 ? low : high) >> (4 * (i % 16))) & 15) - 8;
      is[i][digit < 0 ? -digit : digit].set_lane(lane, true);
      minus[i].set_lane(lane, (digit < 0) != negated);
    }
  }
};

template <class F> class WindowTable {
  Niels<F> multiple_[WindowDigits::LARGEST + 1];

 public:
  WindowTable(const F &u, const F &v) {
    Extended<F> p[WindowDigits::LARGEST + 1];
    p[1] = Extended<F>::affine(u, v);
    multiple_[0] = {F::one(), F::one(), dbl(F::one()), F::zero()};
    multiple_[1] = niels(p[1]);
    for (int i = 2; i <= WindowDigits::LARGEST; i++) {
      p[i] = extended(i % 2 ? add_lanes(p[i - 1], multiple_[1]) : dbl_lanes(p[i / 2].u, p[i / 2].v, p[i / 2].z));
      multiple_[i] = niels(p[i]);
    }
  }
  Niels<F> at(const WindowDigits &digits, int window) const {
    Niels<F> r = multiple_[0];
    for (int m = 1; m <= WindowDigits::LARGEST; m++) r = select(digits.is[window][m], multiple_[m], r);
    negate_where(digits.minus[window], r);
    return r;
  }
};

// The digits of eight multipliers of the generator.
class GeneratorDigits {
  using Row = constants::Element<4, 5>[3];
  u64 c_[8][4];

  template <class F> static COPROC_INLINE F coordinate(const Row *const *at, int k) {
    Vec8 rows[8];
    for (int l = 0; l < 8; l++) rows[l] = _mm512_maskz_loadu_epi64(0x1f, (*at[l])[k].r52);
    transpose(rows);
    F r;
    for (int i = 0; i < 5; i++) r.v[i] = rows[i];
    return r;
  }

 public:
  static constexpr int WINDOW = constants::jubjub::GENERATOR_WINDOW - 1, WINDOWS = constants::jubjub::GENERATOR_SPLIT / WINDOW;
  static_assert(WINDOW * WINDOWS == constants::jubjub::GENERATOR_SPLIT);

  // g below the order.
  void set(int lane, const u64 *g) {
    u64 odd[4] = {g[0], g[1], g[2], g[3]};
    if (g[0] % 2 == 0) Limbs<Word64, 4>::add(odd, odd, constants::jubjub::Fr::MODULUS);
    for (int i = 0; i < 4; i++) c_[lane][i] = (odd[i] >> 1) | (i < 3 ? odd[i + 1] << 63 : 0);
  }
  // The multiple of G (half 0) or 2^126 G (half 1) of digit `window` of that half.
  template <class F> AffineNiels<F> at(int half, int window) const {
    const int bit = WINDOW * (WINDOWS * half + window);
    const Row *row[8];
    Mask8 minus = Mask8::none();
    for (int l = 0; l < 8; l++) {
      const int word = bit / 64, shift = bit % 64;
      u64 c = c_[l][word] >> shift;
      if (shift > 64 - WINDOW && word < 3) c |= c_[l][word + 1] << (64 - shift);
      const int digit = 2 * static_cast<int>(c & ((1 << WINDOW) - 1)) + 1 - (1 << WINDOW);
      row[l] = &constants::jubjub::GENERATOR_TABLE[half][(digit < 0 ? -digit : digit) / 2];
      minus.set_lane(l, digit < 0);
    }
    AffineNiels<F> r = {coordinate<F>(row, 0), coordinate<F>(row, 1), coordinate<F>(row, 2)};
    negate_where(minus, r);
    return r;
  }
};

// Whether g G + a A + b B is the identity, A = (ua, va) and B likewise. The signs are in the digits.
template <class F>
inline Mask8 sum_is_identity(const GeneratorDigits &g, const WindowDigits &a, const F &ua, const F &va, const WindowDigits &b, const F &ub,
                             const F &vb) {
  using G = GeneratorDigits;
  const WindowTable<F> table_a(ua, va), table_b(ub, vb);
  // 64^42 G = 2^126 (2^126 G); u = e / g and v = h / f
  const auto &top = constants::jubjub::GENERATOR_TABLE[1][0];
  const F plus = F::constant(top[0]), minus = F::constant(top[1]), two = dbl(F::one());
  Completed<F> sum = {plus - minus, two, two, plus + minus};
  for (int i = constants::jubjub::GENERATOR_SPLIT - 1; i >= 0; i--) {
    const Projective<F> p = projective(sum);
    sum = dbl_lanes(p.u, p.v, p.z);
    if (i % 4 == 0) {
      sum = add_lanes(extended(sum), table_a.at(a, i / 4));
      sum = add_lanes(extended(sum), table_b.at(b, i / 4));
    }
    if (i % G::WINDOW == 0) {
      sum = add_lanes(extended(sum), g.at<F>(0, i / G::WINDOW));
      sum = add_lanes(extended(sum), g.at<F>(1, i / G::WINDOW));
    }
  }
  // the identity has u = 0 and v = z
  const Projective<F> p = projective(sum);
  return is_zero(p.u) & (p.v == p.z);
}

}
// namespace jubjub

COPROC_END
#endif
