// The SAFE sponge over Hades252 with one output: absorb n, squeeze 1, rate 4, domain separator 0.
#pragma once
#include "hash/bytes.hpp"
#include "hash/hades.hpp"
#include "hash/hash_to_fr.hpp"

COPROC_BEGIN

template <class F> struct Poseidon {
  u64 tag_count = 0;
  F tag;

  // blake2b-512( u32 BE (2^31 + n) || u32 BE 1 || u64 BE 0 ) mod r: depends on n alone, and is kept for the next hash of n elements.
  const F &tag_of(u64 n) {
    if (n != tag_count) {
      u8 pattern[16] = {}, digest[64];
      store_be32(pattern, 0x80000000u + static_cast<u32>(n));
      pattern[7] = 1;
      Blake2b512 hash;
      hash.update(pattern, sizeof pattern);
      hash.finish(digest);
      tag = wide_to_field<F>(digest);
      tag_count = n;
    }
    return tag;
  }

  // n > 0 reduced elements; element(i) is the i-th.
  template <class Element> F hash(u64 n, Element element) {
    F state[hades::WIDTH] = {tag_of(n), F::zero(), F::zero(), F::zero(), F::zero()};
    for (u64 i = 0; i < n; i++) {
      if (i != 0 && i % 4 == 0) hades::permute(state);
      state[1 + i % 4] += element(i);
    }
    hades::permute_scaled(state);
    return state[1] * F::constant(constants::hades::SCALED_OUTPUT);
  }
};

COPROC_END
