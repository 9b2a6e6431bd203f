// Hashing to G1 of BLS12-381 (hash_to_g1, map_to_g1 of coproc.h).
#include "curve/batch.hpp"
#include "curve/hash_to_g1_lanes.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

// Below so many elements a vector of eight is slower than single lanes (measured).
inline constexpr usize HASH_LEAST = 2;

void k_hash_to_g1(usize n, coproc_data data, const u64 *lens, const u8 *dst, usize dst_len, u64 *points) {
  const DomainTag tag(dst, dst_len);
  usize done = 0;
#if COPROC_LANES
  done = in_lanes(n, HASH_LEAST);
  write_affine_lanes<bls12_381::FpT<Lane8>>(done, points,
                                            [&](usize i, usize count) { return hash_to_g1_lanes(count, data + i, lens + i, tag); });
#endif
  write_affine<bls12_381::Fp>(n - done, points + 12 * done, [&](usize i) { return hash_to_g1(data[done + i], lens[done + i], tag); });
}

void k_map_to_g1(usize n, const u64 *u, u64 *points) {
  using F = bls12_381::Fp;
  usize done = 0;
#if COPROC_LANES
  using F8 = bls12_381::FpT<Lane8>;
  done = in_lanes(n, HASH_LEAST);
  write_affine_lanes<F8>(done, points,
                         [&](usize i, usize count) { return map_to_g1(gather<F8>(Addresses<const u64>(u + 6 * i, 6, count).at)); });
#endif
  write_affine<F>(n - done, points + 12 * done, [&](usize i) { return map_to_g1(F::load(u + (done + i) * F::LIMBS)); });
}

COPROC_END
