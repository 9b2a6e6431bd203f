// STROBE-128 (strobe.sourceforge.io, version 1.0.2) over Keccak-f[1600], with the three operations that Merlin uses:
// meta-AD, AD and PRF.
#pragma once
#include "hash/keccak.hpp"

COPROC_BEGIN

struct Strobe {
  static constexpr u32 RATE = 166;
  static constexpr u8 FLAG_I = 1, FLAG_A = 2, FLAG_C = 4, FLAG_M = 16;

  u8 state[200]; // the lanes of Keccak, little-endian
  u32 position;
  u32 begin; // position + 1 of the operation's first byte in this block, 0 where it began in an earlier one

  static Strobe create(const u8 *protocol, usize n) {
    Strobe s;
    s.position = s.begin = 0;
    static constexpr u8 HEADER[18] = {1, RATE + 2, 1, 0, 1, 96, 'S', 'T', 'R', 'O', 'B', 'E', 'v', '1', '.', '0', '.', '2'};
    std::memset(s.state, 0, sizeof s.state);
    std::memcpy(s.state, HEADER, sizeof HEADER);
    s.permute();
    s.meta_ad(protocol, n, false);
    return s;
  }

  void meta_ad(const u8 *data, usize n, bool more) {
    begin_operation(FLAG_M | FLAG_A, more);
    absorb(data, n);
  }
  void ad(const u8 *data, usize n, bool more) {
    begin_operation(FLAG_A, more);
    absorb(data, n);
  }
  void prf(u8 *out, usize n) {
    begin_operation(FLAG_I | FLAG_A | FLAG_C, false);
    squeeze(out, n);
  }

 private:
  void permute() {
    u64 lanes[25];
    std::memcpy(lanes, state, sizeof lanes);
    keccak_f1600(lanes);
    std::memcpy(state, lanes, sizeof lanes);
  }

  void run_f() {
    state[position] ^= static_cast<u8>(begin);
    state[position + 1] ^= 0x04;
    state[RATE + 1] ^= 0x80;
    permute();
    position = begin = 0;
  }

  // `more` goes on with the operation under way. PRF (a cipher operation) starts on a fresh block.
  void begin_operation(u8 flags, bool more) {
    if (more) return;
    const u8 head[2] = {static_cast<u8>(begin), flags};
    begin = position + 1;
    absorb(head, 2);
    if ((flags & FLAG_C) && position != 0) run_f();
  }

  void absorb(const u8 *data, usize n) {
    while (n) {
      const usize room = RATE - position, k = n < room ? n : room;
      for (usize i = 0; i < k; i++) state[position + i] ^= data[i];
      data += k, n -= k, position += static_cast<u32>(k);
      if (position == RATE) run_f();
    }
  }

  void squeeze(u8 *out, usize n) {
    while (n) {
      const usize room = RATE - position, k = n < room ? n : room;
      std::memcpy(out, state + position, k);
      std::memset(state + position, 0, k);
      out += k, n -= k, position += static_cast<u32>(k);
      if (position == RATE) run_f();
    }
  }
};

COPROC_END
