// Poseidon of eight lists of one length at once (poseidon.hpp has the sponge).
#pragma once
#include "hash/hades_lanes.hpp"
#include "hash/poseidon.hpp"

#if COPROC_LANES
COPROC_BEGIN

// tag: Poseidon<>::tag_of(n). n > 0; element(i) is the vector of the i-th elements.
template <class P, class Element> inline Fp<P, Lane8> poseidon_lanes(const Fp<P, Lane1> &tag, u64 n, Element element) {
  using F = Fp<P, Lane8>;
  F state[hades::WIDTH] = {broadcast<F>(tag), F::zero(), F::zero(), F::zero(), F::zero()};
  for (u64 i = 0; i < n; i++) {
    if (i != 0 && i % 4 == 0) hades::permute(state);
    state[1 + i % 4] += element(i);
  }
  hades::permute_scaled(state);
  return state[1] * F::constant(constants::hades::LANES_OUTPUT);
}

COPROC_END
#endif
