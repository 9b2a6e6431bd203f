// Eight Merlin transcripts in lockstep: the same operations with the same lengths, over a permutation of eight states at once.
//
// What has been taken in since the last permutation lies beside the states, as bytes: once for what all transcripts share (labels,
// lengths, the framing of STROBE), and once a transcript for messages.
#pragma once
#include "hash/keccak_lanes.hpp"
#include "hash/merlin.hpp"

#if COPROC_LANES
COPROC_BEGIN

class TranscriptLanes {
  static constexpr u32 RATE = Strobe::RATE;
  static constexpr usize ROW = 192; // RATE + 2 bytes, rounded up to vectors

  Vec8 state_[25];
  alignas(64) u8 shared_[ROW];
  alignas(64) u8 own_[8][ROW];
  u32 position_, begin_;

  void clear() {
    std::memset(shared_, 0, sizeof shared_);
    std::memset(own_, 0, sizeof own_);
  }
  void run_f() {
    shared_[position_] ^= static_cast<u8>(begin_);
    shared_[position_ + 1] ^= 0x04;
    shared_[RATE + 1] ^= 0x80;
    for (usize block = 0; block < ROW / 64; block++) {
      Vec8 rows[8];
      for (int l = 0; l < 8; l++) rows[l] = _mm512_load_si512(own_[l] + 64 * block);
      transpose(rows);
      for (usize i = 0; i < 8; i++) {
        Vec8 &word = state_[8 * block + i];
        word = xor3(word, rows[i], splat(load_le64(shared_ + 64 * block + 8 * i)));
      }
    }
    keccak_f1600(state_);
    clear();
    position_ = begin_ = 0;
  }
  // take(from, bytes) puts the next bytes at position_.
  template <class Take> void absorb(usize n, Take take) {
    for (usize from = 0; from < n;) {
      const usize room = RATE - position_, k = n - from < room ? n - from : room;
      take(from, k);
      from += k, position_ += static_cast<u32>(k);
      if (position_ == RATE) run_f();
    }
  }
  void absorb_shared(const u8 *data, usize n) {
    absorb(n, [&](usize from, usize k) {
      for (usize i = 0; i < k; i++) shared_[position_ + i] ^= data[from + i];
    });
  }
  void begin_operation(u8 flags) {
    const u8 head[2] = {static_cast<u8>(begin_), flags};
    begin_ = position_ + 1;
    absorb_shared(head, 2);
    if ((flags & Strobe::FLAG_C) && position_ != 0) run_f();
  }
  void head(const char *label, usize n) {
    u8 length[4];
    store_le32(length, static_cast<u32>(n));
    begin_operation(Strobe::FLAG_M | Strobe::FLAG_A);
    absorb_shared(reinterpret_cast<const u8 *>(label), std::strlen(label));
    absorb_shared(length, 4);
  }

 public:
  // Transcripts of one shape() go on together; below 2^16.
  static u64 shape(const Transcript &t) { return u64{t.strobe.position} << 8 | t.strobe.begin; }

  explicit TranscriptLanes(const Transcript *const *at) : position_(at[0]->strobe.position), begin_(at[0]->strobe.begin) {
    alignas(64) u64 last[8];
    for (int l = 0; l < 8; l++) last[l] = load_le64(at[l]->strobe.state + 192);
    for (int block = 0; block < 3; block++) {
      for (int l = 0; l < 8; l++) state_[8 * block + l] = _mm512_loadu_si512(at[l]->strobe.state + 64 * block);
      transpose(state_ + 8 * block);
    }
    state_[24] = _mm512_load_si512(last);
    clear();
  }

  void append(const char *label, const u8 *const *messages, usize n) {
    head(label, n);
    begin_operation(Strobe::FLAG_A);
    absorb(n, [&](usize from, usize k) {
      for (int l = 0; l < 8; l++) std::memcpy(own_[l] + position_, messages[l] + from, k);
    });
  }
  // 64 bytes; out[i] holds the i-th eight of each lane.
  void challenge(const char *label, Vec8 *out) {
    head(label, 64);
    begin_operation(Strobe::FLAG_I | Strobe::FLAG_A | Strobe::FLAG_C); // a fresh block: position 0, nothing taken in since
    for (int i = 0; i < 8; i++) {
      out[i] = state_[i];
      state_[i] = _mm512_setzero_si512();
    }
    position_ = 64;
  }
};

COPROC_END
#endif
