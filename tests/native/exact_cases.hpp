// Signatures with unreduced limbs, made from a number: the cases whose answers by Dusk's own crates are recorded in exact_isa.cpp.
#pragma once
#include "curve/affine.hpp"
#include "exact/bls.hpp"
#include "exact/schnorr.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN
namespace exact_cases {

// hash("coproc exact" || a || b), a scalar of BLS12-381, plain.
inline void secret(u64 a, u64 b, u64 *scalar) {
  u8 bytes[28] = {'c', 'o', 'p', 'r', 'o', 'c', ' ', 'e', 'x', 'a', 'c', 't'};
  std::memcpy(bytes + 12, &a, 8);
  std::memcpy(bytes + 20, &b, 8);
  const u8 *data = bytes;
  const u64 len = sizeof bytes;
  k_hash_to_fr(1, nullptr, 0, &data, &len, nullptr, scalar);
}

// The limbs at `bytes` plus k times the modulus, as far as they fit.
template <int N> void add_multiple(u8 *bytes, const u64 *p, int k) {
  u64 limbs[N];
  std::memcpy(limbs, bytes, sizeof limbs);
  for (; k > 0; k--) {
    u64 sum[N];
    if (exact::add_limbs<N>(sum, limbs, p) != 0) break;
    std::memcpy(limbs, sum, sizeof limbs);
  }
  std::memcpy(bytes, limbs, sizeof limbs);
}

struct BlsCase {
  int version;
  u8 msg[1], key[200], sig[104];
};

// A good signature of message i, then multiples of p in the key or the signature. H(m) by hash_to_g1 in version 2.
inline BlsCase bls_case(int i) {
  BlsCase out = {};
  out.version = 1 + i % 2;
  out.msg[0] = static_cast<u8>(i);
  const u8 *msg = out.msg;
  const u64 len = 1;
  u64 sk[4], generator[24], key[24], hash[12], sig[12];
  secret(1, static_cast<u64>(i), sk);
  RawFp::constant(constants::bls12_381::G2_X[0]).store(generator);
  RawFp::constant(constants::bls12_381::G2_X[1]).store(generator + 6);
  RawFp::constant(constants::bls12_381::G2_Y[0]).store(generator + 12);
  RawFp::constant(constants::bls12_381::G2_Y[1]).store(generator + 18);
  k_scalar_mul(COPROC_BLS12_381_G2, 1, generator, sk, key);
  if (out.version == 2) {
    constexpr char DST[] = "BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2";
    k_hash_to_g1(1, &msg, &len, reinterpret_cast<const u8 *>(DST), sizeof DST - 1, hash);
  } else {
    u64 scalar[4];
    k_hash_to_fr(1, nullptr, 0, &msg, &len, nullptr, scalar);
    RawFp::constant(constants::bls12_381::G1_X).store(generator);
    RawFp::constant(constants::bls12_381::G1_Y).store(generator + 6);
    k_scalar_mul(COPROC_BLS12_381_G1, 1, generator, scalar, hash);
  }
  k_scalar_mul(COPROC_BLS12_381_G1, 1, hash, sk, sig);
  std::memcpy(out.key, key, sizeof key);
  std::memcpy(out.sig, sig, sizeof sig);
  const u64 *p = constants::bls12_381::Fp::MODULUS;
  constexpr int X = 0, Y = 96; // in the key
  switch (i / 2 % 8) {
  case 0:
    add_multiple<6>(out.key + X, p, 4);
    break;
  case 1:
    add_multiple<6>(out.key + Y, p, 4);
    break;
  case 2:
    add_multiple<6>(out.key + X, p, 3), add_multiple<6>(out.key + Y, p, 3);
    break;
  case 3:
    add_multiple<6>(out.key + X, p, 4), add_multiple<6>(out.key + Y, p, 2);
    break;
  case 4:
    add_multiple<6>(out.sig, p, 6);
    break;
  case 5:
    add_multiple<6>(out.sig + 48, p, 4);
    break;
  case 6:
    add_multiple<6>(out.sig, p, 5), add_multiple<6>(out.sig + 48, p, 3);
    break;
  default:
    add_multiple<6>(out.key + Y, p, 3), add_multiple<6>(out.sig, p, 2);
    break;
  }
  return out;
}

struct SchnorrCase {
  u8 msg[32], key[160], sig[192];
};

// Archives an affine point with the denominator z (Montgomery limbs, not zero), its limbs `times` p higher than need be.
inline void archive(const RawFr &u, const RawFr &v, const RawFr &z, int times, u8 *out) {
  const RawFr coordinates[5] = {u * z, v * z, z, u, v * z};
  std::memcpy(out, coordinates, sizeof coordinates);
  add_multiple<4>(out + 64, RawFr::P::MODULUS, times);
}

// A good signature; key and R come with denominators whose unreduced limbs lie anywhere in p .. 2^256, many of them where
// upstream's inversion loses a carry.
inline SchnorrCase schnorr_case(int i) {
  using namespace exact;
  using Scalar = jubjub::Fr;
  SchnorrCase out;
  u64 sk[4], nonce[4], word[4];
  const auto scalar = [&](u64 which, u64 *plain) { // below r_j
    secret(which, static_cast<u64>(i), plain);
    to_plain(from_plain<Scalar>(plain), plain);
  };
  scalar(2, sk), scalar(3, nonce);
  const RawFr gu = RawFr::constant(constants::jubjub::GENERATOR_U), gv = RawFr::constant(constants::jubjub::GENERATOR_V);
  const RawExtended generator = {gu, gv, RawFr::one(), gu, gv};
  const auto affine = [](const RawExtended &p, RawFr *uv) {
    const RawFr z = invert(p.z);
    uv[0] = p.u * z, uv[1] = p.v * z;
  };
  RawFr hashed[5];
  affine(exact::scalar_mul(generator, nonce), hashed);
  affine(exact::scalar_mul(generator, sk), hashed + 2);
  secret(4, static_cast<u64>(i), word);
  u8 bytes[160];
  std::memcpy(out.msg, word, 32);
  out.msg[31] &= 0x3f;
  hashed[4] = RawFr::load_bytes(out.msg);
  std::memcpy(bytes, hashed, sizeof bytes);
  u64 challenge[4];
  to_plain(exact_poseidon(bytes, 5), challenge);
  challenge[3] &= (u64{1} << 58) - 1;
  const Scalar u = from_plain<Scalar>(nonce) - from_plain<Scalar>(challenge) * from_plain<Scalar>(sk);
  std::memcpy(out.sig, u.v, 32);
  const auto denominator = [&](u64 which) { // p + z below 2^256, for odd i close to it
    secret(which, static_cast<u64>(i), word);
    RawFr z = RawFr::load(word);
    constexpr u64 ROOM = ~RawFr::P::MODULUS[3];
    z.v[3] = ROOM - 1 - z.v[3] % (i % 2 == 0 ? ROOM : u64{1} << 61);
    return z;
  };
  archive(hashed[2], hashed[3], denominator(5), i % 3 == 2 ? 0 : 1, out.key);
  archive(hashed[0], hashed[1], denominator(6), i % 3 == 1 ? 0 : 1, out.sig + 32);
  return out;
}

} // namespace exact_cases
COPROC_END
