// poseidon_hash and its permutation: the fast form where every limb array is reduced, upstream's own order of operations elsewhere.
#include "hash/poseidon.hpp"
#include "exact/raw_hades.hpp"
#include "hash/octets.hpp"
#include "hash/poseidon_lanes.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

namespace {

using Fr = Fp<constants::bls12_381::Fr, Lane1>;
#if COPROC_LANES
using Fr8 = Fp<constants::bls12_381::Fr, Lane8>;
constexpr usize FEWEST = 2; // for fewer one by one is faster
#endif

Fr load_element(const u8 *bytes) {
  Fr a;
  std::memcpy(a.v, bytes, sizeof a.v);
  return a;
}
bool all_reduced(const u8 *bytes, u64 n) {
  bool all = true;
  for (u64 i = 0; i < n; i++) all &= reduced<Fr>(load_element(bytes + 32 * i).v);
  return all;
}

void permute_one(u64 *words) {
  Fr state[5];
  for (int j = 0; j < 5; j++) state[j] = Fr::load(words + 4 * j);
  hades::permute(state);
  for (int j = 0; j < 5; j++) state[j].store(words + 4 * j);
}
void permute_exactly(u64 *words) {
  RawFr state[5];
  for (int j = 0; j < 5; j++) state[j] = RawFr::load(words + 4 * j);
  exact_hades_permute(state);
  for (int j = 0; j < 5; j++) state[j].store(words + 4 * j);
}

#if COPROC_LANES
// The lists scalars[members[l]], l < count, of n reduced elements each.
void hash_lanes(const Fr &tag, u64 n, coproc_data scalars, const usize *members, usize count, u64 *out) {
  u64 *to[8];
  for (usize l = 0; l < 8; l++) to[l] = out + 4 * members[l < count ? l : 0];
  const Fr8 hash = poseidon_lanes(tag, n, [&](u64 i) {
    u64 words[8][4];
    const u64 *at[8];
    for (usize l = 0; l < 8; l++) {
      std::memcpy(words[l], scalars[members[l < count ? l : 0]] + 32 * i, 32);
      at[l] = words[l];
    }
    return gather<Fr8>(at);
  });
  scatter(hash, to, Mask8::first(count));
}
void permute_lanes(u64 *const *states, usize count) {
  Fr8 state[5];
  for (int j = 0; j < 5; j++) {
    const u64 *at[8];
    for (usize l = 0; l < 8; l++) at[l] = states[l < count ? l : 0] + 4 * j;
    state[j] = gather<Fr8>(at);
  }
  hades::permute(state);
  for (int j = 0; j < 5; j++) {
    u64 *at[8];
    for (usize l = 0; l < 8; l++) at[l] = states[l < count ? l : 0] + 4 * j;
    scatter(state[j], at, Mask8::first(count));
  }
}
#endif

} // namespace

void k_poseidon_hash(usize n, coproc_data scalars, const u64 *counts, u64 *out, u8 *status) {
  Poseidon<Fr> poseidon;
  const auto one = [&](u64 count, usize i) {
    poseidon.hash(count, [&](u64 j) { return load_element(scalars[i] + 32 * j); }).store(out + 4 * i);
  };
#if COPROC_LANES
  Octets octets([&](u64 count, const usize *members, usize width) {
    if (width >= FEWEST) return hash_lanes(poseidon.tag_of(count), count, scalars, members, width, out);
    for (usize l = 0; l < width; l++) one(count, members[l]);
  });
  const auto fast = [&](u64 count, usize i) { octets.add(count, i); };
#else
  const auto &fast = one;
#endif
  for (usize i = 0; i < n; i++) {
    status[i] = counts[i] == 0 ? COPROC_PANIC : COPROC_OK;
    if (counts[i] == 0) std::memset(out + 4 * i, 0, 32);
    else if (all_reduced(scalars[i], counts[i])) fast(counts[i], i);
    else exact_poseidon(scalars[i], counts[i]).store(out + 4 * i);
  }
#if COPROC_LANES
  octets.finish();
#endif
}

void k_hades_permute(usize n, u64 *states) {
#if COPROC_LANES
  Octets octets([&](u64, const usize *members, usize count) {
    u64 *at[8];
    for (usize l = 0; l < count; l++) at[l] = states + 20 * members[l];
    if (count >= FEWEST) return permute_lanes(at, count);
    for (usize l = 0; l < count; l++) permute_one(at[l]);
  });
  const auto fast = [&](usize i) { octets.add(0, i); };
#else
  const auto fast = [&](usize i) { permute_one(states + 20 * i); };
#endif
  for (usize i = 0; i < n; i++) {
    if (all_reduced(reinterpret_cast<const u8 *>(states + 20 * i), 5)) fast(i);
    else permute_exactly(states + 20 * i);
  }
#if COPROC_LANES
  octets.finish();
#endif
}

COPROC_END
