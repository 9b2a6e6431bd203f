// poseidon_hash and its permutation: the fast form where every limb array is reduced, upstream's own order of operations elsewhere.
#include "hash/poseidon.hpp"
#include "exact/raw_hades.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

namespace {

using Fr = Fp<constants::bls12_381::Fr, Lane1>;

Fr load_element(const u8 *bytes) {
  Fr a;
  std::memcpy(a.v, bytes, sizeof a.v);
  return a;
}

} // namespace

void k_poseidon_hash(usize n, coproc_data scalars, const u64 *counts, u64 *out, u8 *status) {
  Poseidon<Fr> poseidon;
  for (usize i = 0; i < n; i++, out += 4) {
    if (counts[i] == 0) {
      std::memset(out, 0, 32);
      status[i] = COPROC_PANIC;
      continue;
    }
    bool all_reduced = true;
    for (u64 j = 0; j < counts[i]; j++) all_reduced &= reduced<Fr>(load_element(scalars[i] + 32 * j).v);
    if (all_reduced) poseidon.hash(counts[i], [&](u64 j) { return load_element(scalars[i] + 32 * j); }).store(out);
    else exact_poseidon(scalars[i], counts[i]).store(out);
    status[i] = COPROC_OK;
  }
}

void k_hades_permute(usize n, u64 *states) {
  for (usize i = 0; i < n; i++, states += 20) {
    bool all_reduced = true;
    for (int j = 0; j < 5; j++) all_reduced &= reduced<Fr>(states + 4 * j);
    if (all_reduced) {
      Fr state[5];
      for (int j = 0; j < 5; j++) state[j] = Fr::load(states + 4 * j);
      hades::permute(state);
      for (int j = 0; j < 5; j++) state[j].store(states + 4 * j);
    } else {
      RawFr state[5];
      for (int j = 0; j < 5; j++) state[j] = RawFr::load(states + 4 * j);
      exact_hades_permute(state);
      for (int j = 0; j < 5; j++) state[j].store(states + 4 * j);
    }
  }
}

COPROC_END
