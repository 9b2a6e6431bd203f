// Plain hashes of a batch of byte strings.
#include "constants.hpp"
#include "field/fp.hpp"
#include "hash/hash_to_fr.hpp"
#include "hash/keccak.hpp"
#include "hash/sha256.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

void k_blake2b_512(usize n, coproc_data data, const u64 *lens, u8 *out) {
  for (usize i = 0; i < n; i++) {
    Blake2b512 hash;
    hash.update(data[i], lens[i]);
    hash.finish(out + 64 * i);
  }
}

void k_sha256(usize n, coproc_data data, const u64 *lens, u8 *out) {
  for (usize i = 0; i < n; i++) {
    Sha256 hash;
    hash.update(data[i], lens[i]);
    hash.finish(out + 32 * i);
  }
}

void k_keccak256(usize n, coproc_data data, const u64 *lens, u8 *out) {
  for (usize i = 0; i < n; i++) keccak256(data[i], lens[i], out + 32 * i);
}

void k_hash_to_fr(usize n, const u8 *prefix, usize prefix_len, coproc_data data, const u64 *lens, u64 *mont, u64 *scalar) {
  using Fr = Fp<constants::bls12_381::Fr, Lane1>;
  Blake2b512 start;
  start.update(prefix, prefix_len);
  for (usize i = 0; i < n; i++) {
    Blake2b512 hash = start;
    hash.update(data[i], lens[i]);
    u8 digest[64];
    hash.finish(digest);
    const Fr value = wide_to_field<Fr>(digest);
    if (mont) value.store(mont + 4 * i);
    if (scalar) to_plain(value, scalar + 4 * i);
  }
}

COPROC_END
