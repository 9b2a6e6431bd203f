// hash_to_curve of BLS12381G1_XMD:SHA-256_SSWU_RO_ ([RFC9380] 3, 5.2, 5.3.1).
#pragma once
#include "curve/sswu.hpp"
#include "hash/sha256.hpp"

COPROC_BEGIN

// DST_prime: the domain separation tag with its length, hashed first where it is longer than 255 bytes.
// zeros: SHA-256 after the block of zeros that every expansion starts with.
struct DomainTag {
  u8 bytes[256];
  usize length;
  Sha256 zeros;

  DomainTag(const u8 *dst, usize n) {
    static constexpr u8 BLOCK[64] = {};
    zeros.update(BLOCK, sizeof BLOCK);
    if (n > 255) {
      static constexpr u8 PREFIX[] = {'H', '2', 'C', '-', 'O', 'V', 'E', 'R', 'S', 'I', 'Z', 'E', '-', 'D', 'S', 'T', '-'};
      Sha256 h;
      h.update(PREFIX, sizeof PREFIX);
      h.update(dst, n);
      h.finish(bytes);
      n = 32;
    } else if (n) {
      std::memcpy(bytes, dst, n);
    }
    bytes[n] = static_cast<u8>(n);
    length = n + 1;
  }
};

// expand_message_xmd with SHA-256 to 128 bytes.
inline void expand_message_128(const u8 *msg, usize n, const DomainTag &tag, u8 out[128]) {
  static constexpr u8 LENGTH[3] = {0, 128, 0};
  u8 b0[32], mixed[33] = {};
  Sha256 first = tag.zeros;
  if (n) first.update(msg, n);
  first.update(LENGTH, 3);
  first.update(tag.bytes, tag.length);
  first.finish(b0);
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 32; j++) mixed[j] = i ? b0[j] ^ out[32 * (i - 1) + j] : b0[j];
    mixed[32] = static_cast<u8>(i + 1);
    Sha256 h;
    h.update(mixed, 33);
    h.update(tag.bytes, tag.length);
    h.finish(out + 32 * i);
  }
}

// 64 big-endian bytes mod p: high 2^384 + low, and Montgomery's R2 is the form of R = 2^384.
inline bls12_381::Fp fp_of_64_bytes(const u8 *bytes) {
  using F = bls12_381::Fp;
  u64 low[6], high[6] = {load_be64(bytes + 8), load_be64(bytes)};
  for (int i = 0; i < 6; i++) low[i] = load_be64(bytes + 56 - 8 * i);
  return from_plain<F>(low) + from_plain<F>(high) * F::load(F::Params::R2);
}

inline Jacobian<bls12_381::Fp> hash_to_g1(const u8 *msg, usize n, const DomainTag &tag) {
  u8 uniform[128];
  expand_message_128(msg, n, tag, uniform);
  return sswu::sum_in_g1(sswu::map_to_curve(fp_of_64_bytes(uniform)), sswu::map_to_curve(fp_of_64_bytes(uniform + 64)));
}

template <class F> COPROC_INLINE Jacobian<F> map_to_g1(const F &u) { return sswu::clear_cofactor(sswu::isogeny(sswu::map_to_curve(u))); }

COPROC_END
