// Points of eight lanes and the arrays of the C interface: addresses, loads and stores.
#pragma once
#include "curve/groups.hpp"
#include "field/lanes.hpp"

COPROC_BEGIN

// How many of n elements go into vectors of eight: a rest below `least`, where a vector costs more than single lanes, does not.
COPROC_INLINE usize in_lanes(usize n, usize least) { return n % 8 < least ? n - n % 8 : n; }

#if COPROC_LANES
// The same group in eight lanes.
template <class G> struct InEightLanes;
template <template <class> class G> struct InEightLanes<G<Lane1>> {
  using Type = G<Lane8>;
};
template <class G> using Eight = typename InEightLanes<G>::Type;

// Addresses of the elements of a vector, `stride` apart; from the count-th on the last one again.
template <class T> struct Addresses {
  T *at[8];

  Addresses(T *first, usize stride, usize count) {
    for (usize i = 0; i < 8; i++) at[i] = first + (i < count ? i : count - 1) * stride;
  }
  Addresses(T *const *from, usize offset) {
    for (usize i = 0; i < 8; i++) at[i] = from[i] + offset;
  }
};

// Affine points at eight addresses, in the ABI form.
template <class F> COPROC_INLINE Affine<F> gather_affine(const u64 *const *at) {
  return {gather<F>(at), gather<F>(Addresses<const u64>(at, WORDS<F>).at)};
}
template <class F> COPROC_INLINE void scatter_affine(const Affine<F> &a, u64 *const *at, Mask8 m) {
  scatter(a.x, at, m);
  scatter(a.y, Addresses<u64>(at, WORDS<F>).at, m);
}
#endif

COPROC_END
