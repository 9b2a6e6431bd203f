// Hades252 and its sponge on limbs as given, in upstream's own order of operations (dense matrix, constants added each round).
#pragma once
#include "exact/raw_fr.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

// One permutation of five words: 4 full, 60 partial, 4 full rounds; the S-box of a partial round is on the last word.
inline void exact_hades_permute(RawFr state[5]) {
  const auto quintic = [](const RawFr &x) { return sqr(sqr(x)) * x; };
  for (int round = 0; round < 68; round++) {
    for (int i = 0; i < 5; i++) state[i] = state[i] + RawFr::constant(constants::hades::ROUND_CONSTANTS[5 * round + i]);
    if (round < 4 || round >= 64)
      for (int i = 0; i < 4; i++) state[i] = quintic(state[i]);
    state[4] = quintic(state[4]);
    RawFr out[5] = {};
    for (int j = 0; j < 5; j++)
      for (int k = 0; k < 5; k++) out[k] = out[k] + RawFr::constant(constants::hades::MDS[k][j]) * state[j];
    for (int i = 0; i < 5; i++) state[i] = out[i];
  }
}

// The hash of n > 0 elements (32 bytes each, Montgomery limbs): absorb n, squeeze 1, domain separator 0.
inline RawFr exact_poseidon(const u8 *elements, u64 n) {
  // tag = hash( u32 BE (2^31 + n) || u32 BE 1 || u64 BE 0 )
  const u8 pattern[16] = {u8(0x80 | (n >> 24 & 0x7f)), u8(n >> 16), u8(n >> 8), u8(n), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  const u8 *data = pattern;
  const u64 len = sizeof pattern;
  RawFr state[5] = {};
  k_hash_to_fr(1, nullptr, 0, &data, &len, state[0].v, nullptr);
  int position = 0;
  for (u64 i = 0; i < n; i++) {
    if (position == 4) {
      exact_hades_permute(state);
      position = 0;
    }
    position++;
    state[position] = state[position] + RawFr::load_bytes(elements + 32 * i);
  }
  exact_hades_permute(state);
  return state[1];
}

COPROC_END
