// Keccak-f[1600] of eight states at once, one 64-bit word of each in a vector, and Keccak-256 of eight messages of one block count.
#pragma once
#include "hash/keccak.hpp"
#include "isa/lane.hpp"

#if COPROC_LANES
#include "field/limbs52.hpp"

COPROC_BEGIN

template <int N> COPROC_INLINE Vec8 rotl(Vec8 x) { return _mm512_rol_epi64(x, N); }
COPROC_INLINE Vec8 xor3(Vec8 a, Vec8 b, Vec8 c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
// a ^ (~b & c)
COPROC_INLINE Vec8 chi(Vec8 a, Vec8 b, Vec8 c) { return _mm512_ternarylogic_epi64(a, b, c, 0xd2); }

// theta, rho and pi of lane (X, Y) of the result (keccak_round): d = left ^ rotl(right, 1) is folded into one operation.
template <int X, int Y> COPROC_INLINE Vec8 keccak_moved(const Vec8 *a, const Vec8 *c, const Vec8 *turned) {
  constexpr int FROM = (X + 3 * Y) % 5 + 5 * X;
  return rotl<keccak_tables::TURN[FROM]>(xor3(a[FROM], c[(FROM + 4) % 5], turned[(FROM + 1) % 5]));
}
template <int Y> COPROC_INLINE void keccak_row(Vec8 *out, const Vec8 *a, const Vec8 *c, const Vec8 *turned) {
  const Vec8 b[5] = {keccak_moved<0, Y>(a, c, turned), keccak_moved<1, Y>(a, c, turned), keccak_moved<2, Y>(a, c, turned),
                     keccak_moved<3, Y>(a, c, turned), keccak_moved<4, Y>(a, c, turned)};
#pragma GCC unroll 5
  for (int x = 0; x < 5; x++) out[x + 5 * Y] = chi(b[x], b[(x + 1) % 5], b[(x + 2) % 5]);
}

COPROC_INLINE void keccak_round(Vec8 *out, const Vec8 *a, u64 iota) {
  Vec8 c[5], turned[5];
#pragma GCC unroll 5
  for (int x = 0; x < 5; x++) {
    c[x] = xor3(xor3(a[x], a[x + 5], a[x + 10]), a[x + 15], a[x + 20]);
    turned[x] = rotl<1>(c[x]);
  }
  keccak_row<0>(out, a, c, turned), keccak_row<1>(out, a, c, turned), keccak_row<2>(out, a, c, turned);
  keccak_row<3>(out, a, c, turned), keccak_row<4>(out, a, c, turned);
  out[0] = _mm512_xor_si512(out[0], splat(iota));
}

COPROC_NOINLINE inline void keccak_f1600(Vec8 *state) {
  Vec8 a[25], b[25];
#pragma GCC unroll 25
  for (int i = 0; i < 25; i++) a[i] = state[i];
  for (int r = 0; r < 24; r += 2) {
    keccak_round(b, a, keccak_tables::IOTA.round[r]);
    keccak_round(a, b, keccak_tables::IOTA.round[r + 1]);
  }
#pragma GCC unroll 25
  for (int i = 0; i < 25; i++) state[i] = a[i];
}

// state[first .. first + 8) ^= the eight words at each address.
COPROC_INLINE void xor_words(Vec8 *state, const u8 *const *at) {
  Vec8 rows[8];
  for (int l = 0; l < 8; l++) rows[l] = _mm512_loadu_si512(at[l]);
  transpose(rows);
  for (int i = 0; i < 8; i++) state[i] = _mm512_xor_si512(state[i], rows[i]);
}

// Digests of eight messages with the same number of blocks, n[l] / 136 + 1.
inline void keccak256(const u8 *const *data, const u64 *n, u8 *const *out) {
  constexpr usize RATE = 136;
  Vec8 state[25];
  for (Vec8 &word : state) word = _mm512_setzero_si512();
  const usize blocks = n[0] / RATE + 1;
  u8 last[8][RATE];
  const u8 *at[8];
  for (usize block = 0; block < blocks; block++) {
    for (int l = 0; l < 8; l++) {
      at[l] = data[l] + RATE * block;
      if (block + 1 != blocks) continue;
      const usize rest = n[l] - RATE * block;
      std::memset(last[l], 0, RATE);
      if (rest) std::memcpy(last[l], at[l], rest);
      last[l][rest] ^= 0x01;
      last[l][RATE - 1] ^= 0x80;
      at[l] = last[l];
    }
    const u8 *second[8];
    alignas(64) u64 sixteenth[8];
    for (int l = 0; l < 8; l++) second[l] = at[l] + 64, sixteenth[l] = load_le64(at[l] + 128);
    xor_words(state, at);
    xor_words(state + 8, second);
    state[16] = _mm512_xor_si512(state[16], _mm512_load_si512(sixteenth));
    keccak_f1600(state);
  }
  transpose(state);
  for (int l = 0; l < 8; l++) _mm256_storeu_si256(reinterpret_cast<__m256i_u *>(out[l]), _mm512_castsi512_si256(state[l]));
}

COPROC_END
#endif
