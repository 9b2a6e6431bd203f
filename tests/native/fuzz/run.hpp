// One input on its way through the kernels: the parts that several host functions share, and what is required of all of them.
#pragma once
#include <cstdlib>

#include "target.hpp"

#define REQUIRE(condition)                                                                                                                 \
  do {                                                                                                                                     \
    if (!(condition)) {                                                                                                                    \
      std::fprintf(stderr, "fuzz: %s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                                                   \
      std::abort();                                                                                                                        \
    }                                                                                                                                      \
  } while (0)

// A copy of bytes in a block of exactly their size behind `shift` bytes: reading past either end is seen by the sanitizer.
namespace fuzz {

class Placed {
  std::vector<u8> block_;
  usize shift_;

 public:
  Placed(const u8 *data, usize size, usize shift) : block_(shift + size), shift_(shift) {
    if (size != 0) std::memcpy(block_.data() + shift, data, size);
  }
  const u8 *data() const { return block_.data() + shift_; }
};

struct Points {
  Words words;
  Bytes status;
  bool all_ok() const {
    for (const u8 s : status)
      if (s != COPROC_OK) return false;
    return true;
  }
  bool any(u8 value) const {
    for (const u8 s : status)
      if (s == value) return true;
    return false;
  }
};

struct Run {
  const Kernels *k;
  Header header;
  const u8 *base;
  u64 length;
  u64 digest = 0xcbf29ce484222325;
  const u8 *fields[COPROC_MAX_FIELDS] = {};
  u64 counts[COPROC_MAX_FIELDS] = {};

  void note(const void *data, usize size) {
    const u8 *bytes = static_cast<const u8 *>(data);
    for (usize i = 0; i < size; i++) digest = (digest ^ bytes[i]) * 0x100000001b3;
  }
  template <class T> void note(const std::vector<T> &data) { note(data.data(), data.size() * sizeof(T)); }

  bool parse() {
    // size of an element of each field
    constexpr u64 SIZES[LAYOUTS][COPROC_MAX_FIELDS] = {{1},       {32},        {1, 1, 32},   {1, 1, 1}, {1, 1, 1},
                                                       {1, 1, 1}, {1, 200, 1}, {1, 1, 1, 1}, {1, 1}};
    const u8 align = static_cast<u8>(1u << (header.placement & 3));
    u8 status = 99;
    k->parse(header.layout, 1, &base, &length, &align, fields, counts, &status);
    REQUIRE(status == COPROC_OK || status == COPROC_MALFORMED);
    note(&status, 1);
    tally.runs++;
    if (status != COPROC_OK) return false;
    tally.parsed++;
    for (int i = 0; i < COPROC_MAX_FIELDS && SIZES[header.layout][i] != 0; i++) {
      REQUIRE(fields[i] >= base && fields[i] <= base + length);
      REQUIRE(counts[i] <= static_cast<u64>(base + length - fields[i]) / SIZES[header.layout][i]);
      note(&counts[i], 8);
    }
    return true;
  }

  // The buffer, its halves and its fields compared with each other.
  void distinct() {
    const u8 *data[] = {base, base, base + length / 2, fields[0] != nullptr ? fields[0] : base, base};
    const u64 lens[] = {length, length / 2, length - length / 2,
                        fields[0] != nullptr && header.layout < 4 && header.layout != 1 ? counts[0] : 0, 0};
    u64 group[5];
    i64 index[5];
    k->group(5, data, lens, group);
    k->match(5, data, lens, 2, data + 1, lens + 1, index);
    for (u64 i = 0; i < 5; i++) {
      REQUIRE(group[i] <= i && lens[group[i]] == lens[i] && (lens[i] == 0 || std::memcmp(data[group[i]], data[i], lens[i]) == 0));
      REQUIRE(index[i] >= -1 && index[i] < 2);
      if (index[i] >= 0) REQUIRE(lens[index[i] + 1] == lens[i] && (lens[i] == 0 || std::memcmp(data[index[i] + 1], data[i], lens[i]) == 0));
    }
    note(group, sizeof group);
    note(index, sizeof index);
  }

  Points decode(int group, int encoding, int checks, const std::vector<const u8 *> &data) {
    const usize words = point_words(group);
    Points out = {Words(words * data.size(), 7), Bytes(data.size(), 99)};
    k->decode(group, encoding, checks, data.size(), data.data(), out.words.data(), out.status.data());
    for (usize i = 0; i < data.size(); i++) {
      REQUIRE(out.status[i] == COPROC_OK || out.status[i] == COPROC_INVALID || out.status[i] == COPROC_UNREDUCED);
      if (out.status[i] == COPROC_OK) tally.points++;
      else
        for (usize j = 0; j < words; j++) REQUIRE(out.words[i * words + j] == 0);
    }
    note(out.words);
    note(out.status);
    return out;
  }

  bool pairing_check(int curve, const Words &g1, const std::vector<const u64 *> &lines, const u64 *target) {
    const u64 offsets[2] = {0, lines.size()};
    u8 verdict = 99;
    k->pairing_check(curve, 1, offsets, g1.data(), lines.data(), &target, &verdict);
    REQUIRE(verdict <= 1);
    note(&verdict, 1);
    tally.pairings++;
    tally.accepted += verdict;
    return verdict == 1;
  }
  Words lines_of(int curve, const Words &g2) {
    Words out(k->lines_words(curve), 7);
    k->lines(curve, 1, g2.data(), out.data());
    return out;
  }
};

} // namespace fuzz
