// Hades252 over Fr of BLS12-381 on reduced states, in the scaled form of coproc/params/hades_scaled.py: the matrix has small integer
// entries and the constants carry the scale.
#pragma once
#include "field/fp_plain.hpp"

COPROC_BEGIN

namespace hades {

using constants::hades::SMALL_MDS_NUMERATOR;
using constants::hades::SMALL_MDS_QUOTIENT;
constexpr int WIDTH = 5, HALF_FULL = 4, PARTIAL = 60;

constexpr u64 small_mds(int i, int j) { return SMALL_MDS_NUMERATOR / static_cast<u64>(i + j + 5); }

// constant + sum_j small_mds(ROW, j) y[j] mod p, below 2p, for y below 2p; without the constant where it is null. The sum S is below
// 2^277; subtracting p times the estimate of S / p from its highest bits leaves less than 2p (hades_scaled.py proves the bound).
template <int ROW, class P> COPROC_INLINE Fp<P, Lane1> small_row_loose(const Fp<P, Lane1> *y, const Fp<P, Lane1> *constant) {
  static_assert(P::LIMBS == 4 && P::BITS == 255);
  Fp<P, Lane1> s;
  u128 t = 0;
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    if (constant) t += constant->v[i];
#pragma GCC unroll 5
    for (int j = 0; j < WIDTH; j++) t += static_cast<u128>(y[j].v[i]) * small_mds(ROW, j);
    s.v[i] = static_cast<u64>(t);
    t >>= 64;
  }
  const u64 q = (((static_cast<u64>(t) << 4) | (s.v[3] >> 60)) * SMALL_MDS_QUOTIENT) >> 40;
  u64 borrow = 0;
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const u128 m = static_cast<u128>(q) * P::MODULUS[i] + borrow;
    borrow = static_cast<u64>(m >> 64) + (s.v[i] < static_cast<u64>(m));
    s.v[i] -= static_cast<u64>(m);
  }
  return s;
}
template <class P> COPROC_INLINE Fp<P, Lane1> reduce_loose(const Fp<P, Lane1> &a) {
  Fp<P, Lane1> r;
  Limbs<Word64, P::LIMBS>::subtract_once(r.v, a.v, P::MODULUS);
  return r;
}

template <class F> COPROC_INLINE F quintic(const F &x) { return sqr(sqr(x)) * x; }

// y = SMALL_MDS y, plus the constants that the next round begins with (none: the end).
template <class F> COPROC_INLINE void mix(F *y, const F *c) {
  const F r0 = small_row_loose<0>(y, c), r1 = small_row_loose<1>(y, c ? c + 1 : c), r2 = small_row_loose<2>(y, c ? c + 2 : c);
  const F r3 = small_row_loose<3>(y, c ? c + 3 : c), r4 = small_row_loose<4>(y, c ? c + 4 : c);
  y[0] = reduce_loose(r0), y[1] = reduce_loose(r1), y[2] = reduce_loose(r2), y[3] = reduce_loose(r3), y[4] = reduce_loose(r4);
}
template <class F, class E> COPROC_INLINE void mix_with(F *y, const E *c) {
  const F k[WIDTH] = {F::constant(c[0]), F::constant(c[1]), F::constant(c[2]), F::constant(c[3]), F::constant(c[4])};
  mix(y, k);
}
template <class F> COPROC_INLINE void quintic_all(F *y) {
  for (int i = 0; i < WIDTH; i++) y[i] = quintic(y[i]);
}

// The permutation without its last factor: the state is SCALED_OUTPUT y.
template <class F> COPROC_NOINLINE void permute_scaled(F *y) {
  namespace C = constants::hades;
  const F *none = nullptr;
  for (int i = 0; i < WIDTH; i++) y[i] += F::constant(C::SCALED_FIRST[0][i]);
  for (int r = 1; r < HALF_FULL; r++) {
    quintic_all(y);
    mix_with(y, C::SCALED_FIRST[r]);
  }
  quintic_all(y);
  for (int r = 0; r < PARTIAL; r++) {
    // Word 4 first: the other rows, which stay loose, are computed while its S-box waits for its own products.
    const F c = F::constant(C::SCALED_PARTIAL[r]);
    const F x = reduce_loose(small_row_loose<4>(y, &c));
    const F s = sqr(sqr(x)) * (x * F::constant(C::SCALED_FACTORS[r]));
    const F r0 = small_row_loose<0>(y, none), r1 = small_row_loose<1>(y, none), r2 = small_row_loose<2>(y, none),
            r3 = small_row_loose<3>(y, none);
    y[0] = r0, y[1] = r1, y[2] = r2, y[3] = r3, y[4] = s;
  }
  for (int r = 0; r < HALF_FULL; r++) {
    mix_with(y, C::SCALED_LAST[r]);
    quintic_all(y);
  }
  mix(y, none);
}

template <class F> inline void permute(F *state) {
  permute_scaled(state);
  for (int i = 0; i < WIDTH; i++) state[i] *= F::constant(constants::hades::SCALED_OUTPUT);
}

} // namespace hades

COPROC_END
