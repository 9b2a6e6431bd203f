// BLAKE2b with a digest of 64 bytes, no key, salt or personalisation (RFC 7693). A message may come in any number of pieces.
#pragma once
#include "hash/bytes.hpp"

COPROC_BEGIN

namespace blake2b_tables {
// The first 64 bits of the fractional parts of the square roots of the first 8 primes.
inline constexpr u64 IV[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                              0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
// Which message word enters where; rounds 10 and 11 use rows 0 and 1 again.
inline constexpr u8 SIGMA[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};
} // namespace blake2b_tables

struct Blake2b512 {
  u64 h[8];
  u64 length = 0; // bytes compressed so far; the second word of the counter stays 0 below 2^64 bytes
  usize held = 0; // bytes in `block`: up to 128, since the last block must be told apart when it is compressed
  u8 block[128];

  Blake2b512() {
    std::memcpy(h, blake2b_tables::IV, sizeof h);
    h[0] ^= 0x01010040; // fan-out 1, depth 1, no key, 64 bytes of digest
  }

  void update(const u8 *data, usize n) {
    if (n == 0) return;
    const usize room = 128 - held;
    if (n > room) {
      if (held) {
        std::memcpy(block + held, data, room);
        compress(block, 128, false);
        data += room;
        n -= room;
        held = 0;
      }
      for (; n > 128; data += 128, n -= 128) compress(data, 128, false);
    }
    std::memcpy(block + held, data, n);
    held += n;
  }

  void finish(u8 out[64]) {
    std::memset(block + held, 0, 128 - held);
    compress(block, held, true);
    std::memcpy(out, h, 64);
  }

 private:
  COPROC_NOINLINE void compress(const u8 *data, usize bytes, bool last) {
    using blake2b_tables::IV;
    length += bytes;
    u64 m[16], v[16];
    std::memcpy(m, data, 128);
    std::memcpy(v, h, 64);
    std::memcpy(v + 8, IV, 64);
    v[12] ^= length;
    if (last) v[14] = ~v[14];
    round<0>(v, m), round<1>(v, m), round<2>(v, m), round<3>(v, m), round<4>(v, m), round<5>(v, m);
    round<6>(v, m), round<7>(v, m), round<8>(v, m), round<9>(v, m), round<0>(v, m), round<1>(v, m);
    for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
  }

  template <int R> static COPROC_INLINE void round(u64 *v, const u64 *m) {
    constexpr auto &s = blake2b_tables::SIGMA[R];
    mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]), mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]), mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]), mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]), mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
  }

  static COPROC_INLINE void mix(u64 &a, u64 &b, u64 &c, u64 &d, u64 x, u64 y) {
    a += b + x, d = rotr(d ^ a, 32), c += d, b = rotr(b ^ c, 24);
    a += b + y, d = rotr(d ^ a, 16), c += d, b = rotr(b ^ c, 63);
  }
};

COPROC_END
