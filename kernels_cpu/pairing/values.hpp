// Elements of the ABI form into the lanes of a formula and back: eight addresses, or one.
#pragma once
#include "pairing/curves.hpp"

COPROC_BEGIN

template <class F> COPROC_INLINE F load_lanes(const u64 *const *at) {
  if constexpr (F::Lane::WIDTH == 1) return F::load(at[0]);
  else return gather<F>(at);
}

template <class F> struct LaneAddresses {
  const u64 *at[F::Lane::WIDTH];
  COPROC_INLINE LaneAddresses operator+(int words) const {
    LaneAddresses r;
    for (int i = 0; i < F::Lane::WIDTH; i++) r.at[i] = at[i] + words;
    return r;
  }
};

// Lane i of an element of Fp12 to out[i], for the lanes of `m`; and back.
template <class F12> COPROC_NOINLINE void store_lanes(const F12 &f, u64 *const *out, typename F12::Mask m) {
  using F2 = typename F12::F2;
  using F = typename F12::F;
  constexpr int k = 2 * F::LIMBS;
  if constexpr (F::Lane::WIDTH == 1) {
    if (m) f.store(out[0]);
  } else {
    const F2 *const coefficients[6] = {&f.c0.c0, &f.c0.c1, &f.c0.c2, &f.c1.c0, &f.c1.c1, &f.c1.c2};
    for (int c = 0; c < 6; c++) {
      u64 *at[8];
      for (int i = 0; i < 8; i++) at[i] = out[i] + c * k;
      scatter(*coefficients[c], at, m);
    }
  }
}
template <class F12> COPROC_NOINLINE F12 load_gt_lanes(const u64 *const *in) {
  using F2 = typename F12::F2;
  using F = typename F12::F;
  constexpr int k = 2 * F::LIMBS;
  if constexpr (F::Lane::WIDTH == 1) {
    return F12::load(in[0]);
  } else {
    LaneAddresses<F> at;
    for (int i = 0; i < 8; i++) at.at[i] = in[i];
    F2 c[6];
    for (int i = 0; i < 6; i++) c[i] = gather<F2>((at + i * k).at);
    return {{c[0], c[1], c[2]}, {c[3], c[4], c[5]}};
  }
}

// A value a lane of a mask.
template <class L> COPROC_INLINE typename L::Mask first_lanes(usize n) {
  if constexpr (L::WIDTH == 1) return n > 0;
  else return L::Mask::first(n);
}

COPROC_END
