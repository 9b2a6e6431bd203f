// Plain hashes of a batch of byte strings.
#include "constants.hpp"
#include "field/fp.hpp"
#include "hash/blake2b_lanes.hpp"
#include "hash/hash_to_fr.hpp"
#include "hash/keccak_lanes.hpp"
#include "hash/octets.hpp"
#include "hash/sha256.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

namespace {

// Calls emit(i, digest) for blake2b-512 of prefix || data[i], in any order.
template <class Emit> void blake2b_each(usize n, const u8 *prefix, usize prefix_len, coproc_data data, const u64 *lens, Emit emit) {
  Blake2b512 start;
  start.update(prefix, prefix_len);
  const auto one = [&](usize i) {
    Blake2b512 hash = start;
    hash.update(data[i], lens[i]);
    u8 digest[64];
    hash.finish(digest);
    emit(i, digest);
  };
#if COPROC_LANES
  Blake2b512Lanes lanes(prefix, prefix_len);
  Octets octets([&](u64, const usize *members, usize count) {
    if (count < 2) return one(members[0]);
    const u8 *at[8];
    u64 length[8];
    for (usize l = 0; l < 8; l++) at[l] = data[members[l < count ? l : 0]], length[l] = lens[members[l < count ? l : 0]];
    alignas(64) u8 digests[8][64];
    lanes.hash(at, length, digests);
    for (usize l = 0; l < count; l++) emit(members[l], digests[l]);
  });
  for (usize i = 0; i < n; i++) octets.add(Blake2b512Lanes::blocks(prefix_len + lens[i]), i);
  octets.finish();
#else
  for (usize i = 0; i < n; i++) one(i);
#endif
}

} // namespace

void k_blake2b_512(usize n, coproc_data data, const u64 *lens, u8 *out) {
  blake2b_each(n, nullptr, 0, data, lens, [&](usize i, const u8 *digest) { std::memcpy(out + 64 * i, digest, 64); });
}

void k_sha256(usize n, coproc_data data, const u64 *lens, u8 *out) {
  for (usize i = 0; i < n; i++) {
    Sha256 hash;
    hash.update(data[i], lens[i]);
    hash.finish(out + 32 * i);
  }
}

void k_keccak256(usize n, coproc_data data, const u64 *lens, u8 *out) {
#if COPROC_LANES
  Octets octets([&](u64, const usize *members, usize count) {
    if (count < 2) return keccak256(data[members[0]], lens[members[0]], out + 32 * members[0]);
    const u8 *at[8];
    u64 length[8];
    u8 *to[8];
    for (usize l = 0; l < 8; l++) {
      const usize i = members[l < count ? l : 0];
      at[l] = data[i], length[l] = lens[i], to[l] = out + 32 * i;
    }
    keccak256(at, length, to);
  });
  for (usize i = 0; i < n; i++) octets.add(lens[i] / 136, i);
  octets.finish();
#else
  for (usize i = 0; i < n; i++) keccak256(data[i], lens[i], out + 32 * i);
#endif
}

void k_hash_to_fr(usize n, const u8 *prefix, usize prefix_len, coproc_data data, const u64 *lens, u64 *mont, u64 *scalar) {
  using Fr = Fp<constants::bls12_381::Fr, Lane1>;
  blake2b_each(n, prefix, prefix_len, data, lens, [&](usize i, const u8 *digest) {
    const Fr value = wide_to_field<Fr>(digest);
    if (mont) value.store(mont + 4 * i);
    if (scalar) to_plain(value, scalar + 4 * i);
  });
}

COPROC_END
