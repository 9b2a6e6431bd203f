// Keccak-f[1600] (FIPS 202, section 3) and Keccak-256 as Ethereum uses it (padding 0x01, not SHA-3's 0x06).
#pragma once
#include "hash/bytes.hpp"

COPROC_BEGIN

namespace keccak_tables {
struct Constants {
  u64 round[24];
};
// iota: bit 2^j - 1 of round constant i is rc(j + 7 i), the output of the register x^8 + x^6 + x^5 + x^4 + 1 after j + 7 i steps.
constexpr Constants constants() {
  Constants c{};
  u32 state = 1;
  for (int i = 0; i < 24; i++)
    for (int j = 0; j < 7; j++) {
      if (state & 1) c.round[i] |= u64{1} << ((1 << j) - 1);
      state <<= 1;
      if (state & 0x100) state ^= 0x171;
    }
  return c;
}
inline constexpr Constants IOTA = constants();
} // namespace keccak_tables

namespace keccak_tables {
// rho: lane (x, y) is turned by TURN[x + 5 y], the triangular numbers along the orbit of pi.
inline constexpr u8 TURN[25] = {0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14};
} // namespace keccak_tables

// One round from `in` to `out`; lane (x, y) is [x + 5 y]. Row by row, so that few lanes are alive at a time.
COPROC_INLINE void keccak_round(u64 *out, const u64 *in, u64 iota) {
  u64 c[5], d[5];
#pragma GCC unroll 5
  for (int x = 0; x < 5; x++) c[x] = in[x] ^ in[x + 5] ^ in[x + 10] ^ in[x + 15] ^ in[x + 20];
#pragma GCC unroll 5
  for (int x = 0; x < 5; x++) d[x] = c[(x + 4) % 5] ^ rotl(c[(x + 1) % 5], 1);
#pragma GCC unroll 5
  for (int y = 0; y < 5; y++) {
    // pi moves lane (x', y') to (y', 2x' + 3y'): (x, y) comes from (x + 3y, x).
    u64 b[5];
#pragma GCC unroll 5
    for (int x = 0; x < 5; x++) {
      const int from = (x + 3 * y) % 5 + 5 * x;
      b[x] = rotl(in[from] ^ d[from % 5], keccak_tables::TURN[from]);
    }
#pragma GCC unroll 5
    for (int x = 0; x < 5; x++) out[x + 5 * y] = b[x] ^ (~b[(x + 1) % 5] & b[(x + 2) % 5]);
  }
  out[0] ^= iota;
}

// Every processor with BMI2 has BMI1, whose andn is chi's operation.
#if defined(__BMI2__)
__attribute__((target("bmi")))
#endif
COPROC_NOINLINE inline void keccak_f1600(u64 a[25]) {
  u64 b[25];
  for (int r = 0; r < 24; r += 2) {
    keccak_round(b, a, keccak_tables::IOTA.round[r]);
    keccak_round(a, b, keccak_tables::IOTA.round[r + 1]);
  }
}

inline void keccak256(const u8 *data, usize n, u8 out[32]) {
  constexpr usize RATE = 136;
  u64 a[25] = {};
  for (; n >= RATE; n -= RATE, data += RATE) {
    for (usize i = 0; i < RATE / 8; i++) a[i] ^= load_le64(data + 8 * i);
    keccak_f1600(a);
  }
  u8 last[RATE] = {};
  if (n) std::memcpy(last, data, n);
  last[n] ^= 0x01;
  last[RATE - 1] ^= 0x80;
  for (usize i = 0; i < RATE / 8; i++) a[i] ^= load_le64(last + 8 * i);
  keccak_f1600(a);
  std::memcpy(out, a, 32);
}

COPROC_END
