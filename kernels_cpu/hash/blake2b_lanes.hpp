// BLAKE2b with a digest of 64 bytes of eight messages at once that have the same number of blocks.
#pragma once
#include "hash/blake2b.hpp"
#include "isa/lane.hpp"

#if COPROC_LANES
#include "field/limbs52.hpp"

COPROC_BEGIN

// The message is head || data[l]: one piece that all share, and one of its own.
class Blake2b512Lanes {
  const u8 *head_;
  usize head_length_;
  Vec8 h_[8];

  static COPROC_INLINE Vec8 add(Vec8 a, Vec8 b) { return _mm512_add_epi64(a, b); }
  template <int N> static COPROC_INLINE Vec8 turned(Vec8 a, Vec8 b) { return _mm512_ror_epi64(_mm512_xor_si512(a, b), N); }

  static COPROC_INLINE void mix(Vec8 &a, Vec8 &b, Vec8 &c, Vec8 &d, Vec8 x, Vec8 y) {
    a = add(add(a, x), b), d = turned<32>(d, a), c = add(c, d), b = turned<24>(b, c);
    a = add(add(a, y), b), d = turned<16>(d, a), c = add(c, d), b = turned<63>(b, c);
  }
  template <int R> static COPROC_INLINE void round(Vec8 *v, const Vec8 *m) {
    constexpr auto &s = blake2b_tables::SIGMA[R];
    mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]), mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]), mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]), mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]), mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
  }
  COPROC_NOINLINE void compress(const Vec8 *m, Vec8 length, bool last) {
    Vec8 v[16];
    for (int i = 0; i < 8; i++) v[i] = h_[i], v[8 + i] = splat(blake2b_tables::IV[i]);
    v[12] = _mm512_xor_si512(v[12], length);
    if (last) v[14] = splat(~blake2b_tables::IV[6]);
    round<0>(v, m), round<1>(v, m), round<2>(v, m), round<3>(v, m), round<4>(v, m), round<5>(v, m);
    round<6>(v, m), round<7>(v, m), round<8>(v, m), round<9>(v, m), round<0>(v, m), round<1>(v, m);
    for (int i = 0; i < 8; i++) h_[i] = _mm512_ternarylogic_epi64(h_[i], v[i], v[8 + i], 0x96);
  }

  // `bytes` <= 128 bytes of the message from `start` on, then zeros.
  void copy(u8 *block, const u8 *data, usize start, usize bytes) const {
    const usize from_head = start >= head_length_ ? 0 : head_length_ - start < bytes ? head_length_ - start : bytes;
    if (from_head) std::memcpy(block, head_ + start, from_head);
    if (bytes > from_head) std::memcpy(block + from_head, data + (start + from_head - head_length_), bytes - from_head);
    std::memset(block + bytes, 0, 128 - bytes);
  }

 public:
  static u64 blocks(u64 length) { return length == 0 ? 1 : (length - 1) / 128 + 1; }

  Blake2b512Lanes(const u8 *head, usize head_length) : head_(head), head_length_(head_length) {}

  // n[l]: lengths of the eight own pieces, with blocks(head_length + n[l]) the same for all.
  void hash(const u8 *const *data, const u64 *n, u8 (*out)[64]) {
    for (int i = 0; i < 8; i++) h_[i] = splat(blake2b_tables::IV[i]);
    h_[0] = _mm512_xor_si512(h_[0], splat(0x01010040)); // as in blake2b.hpp
    const u64 count = blocks(head_length_ + n[0]);
    alignas(64) u8 rows[8][128];
    for (u64 block = 0; block < count; block++) {
      const bool last = block + 1 == count;
      alignas(64) u64 end[8];
      Vec8 m[16];
      for (int l = 0; l < 8; l++) {
        end[l] = last ? head_length_ + n[l] : 128 * (block + 1);
        copy(rows[l], data[l], 128 * block, end[l] - 128 * block);
        m[l] = _mm512_load_si512(rows[l]), m[8 + l] = _mm512_load_si512(rows[l] + 64);
      }
      transpose(m), transpose(m + 8);
      compress(m, _mm512_load_si512(end), last);
    }
    transpose(h_);
    for (int l = 0; l < 8; l++) _mm512_storeu_si512(out[l], h_[l]);
  }
};

COPROC_END
#endif
