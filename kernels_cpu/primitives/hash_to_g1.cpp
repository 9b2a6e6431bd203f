// Hashing to G1 of BLS12-381 (hash_to_g1, map_to_g1 of coproc.h).
#include "curve/hash_to_g1.hpp"
#include "curve/batch.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

void k_hash_to_g1(usize n, coproc_data data, const u64 *lens, const u8 *dst, usize dst_len, u64 *points) {
  const DomainTag tag(dst, dst_len);
  write_affine<bls12_381::Fp>(n, points, [&](usize i) { return hash_to_g1(data[i], lens[i], tag); });
}

void k_map_to_g1(usize n, const u64 *u, u64 *points) {
  using F = bls12_381::Fp;
  write_affine<F>(n, points, [&](usize i) { return map_to_g1(F::load(u + i * F::LIMBS)); });
}

COPROC_END
