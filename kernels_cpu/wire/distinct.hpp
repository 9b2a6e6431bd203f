// Distinct byte strings of a batch, found in time proportional to their bytes.
//
// A string's fingerprint reads sixteen words of it. The first string with a fingerprint is its owner; whatever has the same
// fingerprint is compared with the owner, and that comparison nearly always ends the search: a batch in which few keys occur again
// and again costs one memcmp a string. Strings that share a fingerprint with an owner they differ from are told apart by a hash of
// all bytes. Both are keyed by a number drawn per call, so strings that collide cannot be prepared beforehand; only time depends on it.
#pragma once
#include "hash/bytes.hpp"

COPROC_BEGIN

struct Bytes {
  const u8 *data;
  u64 size;
  bool operator==(const Bytes &o) const { return size == o.size && (size == 0 || std::memcmp(data, o.data, size) == 0); }
};

class DistinctBytes {
  struct Slot {
    u64 key;
    u64 index; // + 1; 0: a free slot
  };
  coproc_data data_;
  const u64 *sizes_;
  u64 mask_;
  u64 seed_;
  Buffer<Slot> owners_; // by fingerprint
  Buffer<Slot> others_; // by the hash of all bytes

  static u64 capacity(usize n) {
    u64 c = 16;
    while (c < 2 * static_cast<u64>(n)) c *= 2;
    return c;
  }
  static COPROC_INLINE u64 fold(u64 a, u64 b) {
    const u128 t = static_cast<u128>(a) * b;
    return static_cast<u64>(t) ^ static_cast<u64>(t >> 64);
  }

  u64 short_hash(const Bytes &s) const {
    u64 h = seed_ ^ s.size;
    usize i = 0;
    for (; i + 8 <= s.size; i += 8) h = fold(h ^ load_le64(s.data + i), 0x9e3779b97f4a7c15);
    u64 tail = 0;
    if (i < s.size) std::memcpy(&tail, s.data + i, s.size - i);
    return fold(h ^ tail, 0xd6e8feb86659fd93 ^ seed_);
  }
  u64 fingerprint(const Bytes &s) const {
    if (s.size <= 128) return short_hash(s);
    u64 h = seed_ ^ s.size;
    const u64 step = (s.size - 8) / 15;
    for (u64 i = 0; i < 15; i++) h = fold(h ^ load_le64(s.data + i * step), 0x9e3779b97f4a7c15);
    return fold(h ^ load_le64(s.data + s.size - 8), 0xd6e8feb86659fd93 ^ seed_);
  }
  u64 full_hash(const Bytes &s) const {
    u64 h[4] = {seed_, seed_ * 3, seed_ * 5, seed_ * 7};
    const u8 *p = s.data;
    u64 left = s.size;
    for (; left >= 64; left -= 64, p += 64)
      for (int k = 0; k < 4; k++) h[k] = fold(h[k] ^ load_le64(p + 16 * k), seed_ ^ 0x9e3779b97f4a7c15 ^ load_le64(p + 16 * k + 8));
    return short_hash({p, left}) ^ fold(h[0] + h[1], 0x9e3779b97f4a7c15) ^ fold(h[2] + h[3], 0xd6e8feb86659fd93);
  }
  Bytes at(u64 i) const { return {data_[i], sizes_[i]}; }

  // The slot of an equal string, or the free slot where it would go; `owner_only` stops at the first slot of that key.
  Slot *probe(Buffer<Slot> &table, u64 key, const Bytes &s, bool owner_only) {
    for (u64 j = key & mask_;; j = (j + 1) & mask_) {
      Slot &slot = table[j];
      if (slot.index == 0 || (slot.key == key && (owner_only || at(slot.index - 1) == s))) return &slot;
    }
  }

 public:
  // Up to n strings of data/sizes will be inserted.
  DistinctBytes(usize n, coproc_data data, const u64 *sizes)
      : data_(data), sizes_(sizes), mask_(capacity(n) - 1), seed_(0), owners_(mask_ + 1), others_(mask_ + 1) {
    if (!ok()) return;
    std::memset(static_cast<void *>(owners_.data()), 0, owners_.size() * sizeof(Slot));
    std::memset(static_cast<void *>(others_.data()), 0, others_.size() * sizeof(Slot));
    u64 clock = 0;
#if defined(__x86_64__)
    clock = __builtin_ia32_rdtsc();
#endif
    seed_ = fold(clock ^ reinterpret_cast<u64>(owners_.data()), 0x9e3779b97f4a7c15 ^ reinterpret_cast<u64>(this)) | 1;
  }
  bool ok() const { return owners_.ok() && others_.ok(); }

  // The index of the string equal to s that was inserted first, or -1; `insert` >= 0 is the index under which s joins if it is new.
  i64 find(const Bytes &s, i64 insert) {
    const u64 key = fingerprint(s);
    Slot *slot = probe(owners_, key, s, true);
    if (slot->index && !(at(slot->index - 1) == s)) {
      const u64 full = full_hash(s);
      slot = probe(others_, full, s, false);
      if (insert >= 0 && slot->index == 0) *slot = {full, static_cast<u64>(insert) + 1};
    } else if (insert >= 0 && slot->index == 0) {
      *slot = {key, static_cast<u64>(insert) + 1};
    }
    return static_cast<i64>(slot->index) - 1;
  }
};

COPROC_END
