// SHA-256 (FIPS 180-4). A message may have any length below 2^61 bytes and come in any number of pieces.
#pragma once
#include "hash/bytes.hpp"
#include "hash/sha256_ni.hpp"

COPROC_BEGIN

namespace sha256_tables {
// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
inline constexpr u32 K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
// The same of the square roots of the first 8.
inline constexpr u32 IV[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
} // namespace sha256_tables

struct Sha256 {
  u32 h[8];
  u64 length = 0; // bytes taken in so far
  u8 block[64];   // the last length % 64 of them

  Sha256() { std::memcpy(h, sha256_tables::IV, sizeof h); }

  void update(const u8 *data, usize n) {
    const usize held = static_cast<usize>(length % 64);
    length += n;
    if (held) {
      const usize room = 64 - held;
      if (n < room) {
        if (n) std::memcpy(block + held, data, n);
        return;
      }
      std::memcpy(block + held, data, room);
      compress(block, 1);
      data += room;
      n -= room;
    }
    if (n >= 64) compress(data, n / 64);
    if (n % 64) std::memcpy(block, data + (n & ~usize{63}), n % 64);
  }

  // 0x80, zeros, and the length in bits as 8 bytes big-endian.
  void finish(u8 out[32]) {
    usize held = static_cast<usize>(length % 64);
    block[held++] = 0x80;
    if (held > 56) {
      std::memset(block + held, 0, 64 - held);
      compress(block, 1);
      held = 0;
    }
    std::memset(block + held, 0, 56 - held);
    store_be64(block + 56, length << 3);
    compress(block, 1);
    for (int i = 0; i < 8; i++) store_be32(out + 4 * i, h[i]);
  }

 private:
  void compress(const u8 *data, usize blocks) {
#ifdef COPROC_SHA_NI
    if (has_sha_ni()) return sha256_compress_ni(h, sha256_tables::K, data, blocks);
#endif
    compress_plain(data, blocks);
  }

  COPROC_NOINLINE void compress_plain(const u8 *data, usize blocks) {
    u32 a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
    for (; blocks; blocks--, data += 64) {
      u32 w[16];
      for (int i = 0; i < 16; i++) w[i] = load_be32(data + 4 * i);
      sixteen_rounds<false>(a, b, c, d, e, f, g, k, 0, w);
      for (int i = 16; i < 64; i += 16) sixteen_rounds<true>(a, b, c, d, e, f, g, k, i, w);
      a = h[0] += a, b = h[1] += b, c = h[2] += c, d = h[3] += d, e = h[4] += e, f = h[5] += f, g = h[6] += g, k = h[7] += k;
    }
  }

  // Eight rounds rename the eight variables back to themselves; w is a ring of the last sixteen words.
  template <bool EXPAND>
  static COPROC_INLINE void sixteen_rounds(u32 &a, u32 &b, u32 &c, u32 &d, u32 &e, u32 &f, u32 &g, u32 &k, int base, u32 *w) {
    for (int i = 0; i < 16; i += 8) {
      round<EXPAND>(a, b, c, d, e, f, g, k, base, i, w), round<EXPAND>(k, a, b, c, d, e, f, g, base, i + 1, w);
      round<EXPAND>(g, k, a, b, c, d, e, f, base, i + 2, w), round<EXPAND>(f, g, k, a, b, c, d, e, base, i + 3, w);
      round<EXPAND>(e, f, g, k, a, b, c, d, base, i + 4, w), round<EXPAND>(d, e, f, g, k, a, b, c, base, i + 5, w);
      round<EXPAND>(c, d, e, f, g, k, a, b, base, i + 6, w), round<EXPAND>(b, c, d, e, f, g, k, a, base, i + 7, w);
    }
  }

  template <bool EXPAND>
  static COPROC_INLINE void round(u32 a, u32 b, u32 c, u32 &d, u32 e, u32 f, u32 g, u32 &k, int base, int i, u32 *w) {
    if (EXPAND) {
      const u32 x = w[(i + 1) & 15], y = w[(i + 14) & 15];
      w[i] += (rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3)) + w[(i + 9) & 15] + (rotr(y, 17) ^ rotr(y, 19) ^ (y >> 10));
    }
    const u32 t = k + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) + sha256_tables::K[base + i] + w[i];
    d += t;
    k = t + (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) | (c & (a | b)));
  }
};

COPROC_END
