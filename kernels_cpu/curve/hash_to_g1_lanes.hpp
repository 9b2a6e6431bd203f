// Eight messages at a time to G1: hashed one by one, mapped in lanes.
#pragma once
#include "curve/hash_to_g1.hpp"

#if COPROC_LANES
COPROC_BEGIN

// Eight numbers of 64 big-endian bytes mod p: high 2^384 + low, and Montgomery's R2 is the form of R = 2^384.
inline bls12_381::FpT<Lane8> fp_of_64_bytes(const u8 *const *bytes) {
  using F = bls12_381::FpT<Lane8>;
  u64 low[8][6], high[8][6] = {};
  const u64 *low_at[8], *high_at[8];
  for (int i = 0; i < 8; i++) {
    high[i][0] = load_be64(bytes[i] + 8), high[i][1] = load_be64(bytes[i]);
    for (int j = 0; j < 6; j++) low[i][j] = load_be64(bytes[i] + 56 - 8 * j);
    low_at[i] = low[i], high_at[i] = high[i];
  }
  return gather_plain<F>(low_at) + gather_plain<F>(high_at) * broadcast<F>(bls12_381::Fp::load(F::Params::R2));
}

inline Jacobian<bls12_381::FpT<Lane8>> hash_to_g1_lanes(usize count, coproc_data data, const u64 *lens, const DomainTag &tag) {
  using F = bls12_381::FpT<Lane8>;
  u8 uniform[8][128];
  const u8 *first[8], *second[8];
  for (usize i = 0; i < 8; i++) {
    const usize j = i < count ? i : count - 1;
    if (i < count) expand_message_128(data[i], lens[i], tag, uniform[i]);
    first[i] = uniform[j], second[i] = uniform[j] + 64;
  }
  const F u[2] = {fp_of_64_bytes(first), fp_of_64_bytes(second)};
  Jacobian<F> p[2];
  sswu::map_to_curve<2>(u, p);
  return sswu::sum_in_g1(p[0], p[1]);
}

COPROC_END
#endif
