// Differences in lanes whose operands carry a sign of their own, loose (below 3.25 p, for products alone; see fused.hpp).
#pragma once
#include "field/fused.hpp"

#if COPROC_LANES
COPROC_BEGIN

// m ? a + b : a - b
template <class P> COPROC_INLINE Fp<P, Lane8> add_or_sub_loose(Mask8 m, const Fp<P, Lane8> &a, const Fp<P, Lane8> &b) {
  Fp<P, Lane8> r; // a + b or a - b + 2p
  for (int i = 0; i < P::LIMBS52; i++) {
    const Vec8 difference = _mm512_add_epi64(_mm512_sub_epi64(a.v[i], b.v[i]), splat(Radix52<P>::TWICE.v[i]));
    r.v[i] = _mm512_mask_add_epi64(difference, m.bits, a.v[i], b.v[i]);
  }
  propagate<P::LIMBS52>(r.v);
  return r;
}
// m ? b - a : a - b
template <class P> COPROC_INLINE Fp<P, Lane8> sub_either_loose(Mask8 m, const Fp<P, Lane8> &a, const Fp<P, Lane8> &b) {
  Fp<P, Lane8> r; // + 2p
  for (int i = 0; i < P::LIMBS52; i++) {
    const Vec8 difference = _mm512_sub_epi64(a.v[i], b.v[i]);
    r.v[i] = _mm512_add_epi64(_mm512_mask_sub_epi64(difference, m.bits, b.v[i], a.v[i]), splat(Radix52<P>::TWICE.v[i]));
  }
  propagate<P::LIMBS52>(r.v);
  return r;
}

// Where a loose number may be zero: a look at its low limb, which is that of 0, p, 2p or 3p. Other lanes are not zero.
template <class P> COPROC_INLINE Mask8 may_be_zero(const Fp<P, Lane8> &a) {
  unsigned m = _mm512_testn_epi64_mask(a.v[0], a.v[0]);
  for (u64 k = 1; k < 4; k++) m |= _mm512_cmpeq_epi64_mask(a.v[0], splat(Radix52<P>::MULTIPLES.v[0][k]));
  return {static_cast<__mmask8>(m)};
}

template <class F> COPROC_INLINE Fp2<F> add_or_sub_loose(Mask8 m, const Fp2<F> &a, const Fp2<F> &b) {
  return {add_or_sub_loose(m, a.c0, b.c0), add_or_sub_loose(m, a.c1, b.c1)};
}
template <class F> COPROC_INLINE Fp2<F> sub_either_loose(Mask8 m, const Fp2<F> &a, const Fp2<F> &b) {
  return {sub_either_loose(m, a.c0, b.c0), sub_either_loose(m, a.c1, b.c1)};
}
template <class F> COPROC_INLINE Mask8 may_be_zero(const Fp2<F> &a) { return may_be_zero(a.c0) & may_be_zero(a.c1); }

COPROC_END
#endif
