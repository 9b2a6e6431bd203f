// Merlin transcripts, "Merlin v1.0" (merlin.cool): labelled messages go in, labelled challenges come out.
#pragma once
#include "hash/strobe.hpp"

COPROC_BEGIN

struct Transcript {
  Strobe strobe;

  static Transcript create(const u8 *label, usize n) {
    static constexpr u8 PROTOCOL[] = {'M', 'e', 'r', 'l', 'i', 'n', ' ', 'v', '1', '.', '0'};
    Transcript t;
    t.strobe = Strobe::create(PROTOCOL, sizeof PROTOCOL);
    t.append("dom-sep", label, n);
    return t;
  }

  void append(const char *label, const u8 *message, usize n) {
    head(label, n);
    strobe.ad(message, n, false);
  }
  void append_u64(const char *label, u64 x) {
    u8 bytes[8];
    store_le64(bytes, x);
    append(label, bytes, 8);
  }
  void challenge(const char *label, u8 *out, usize n) {
    head(label, n);
    strobe.prf(out, n);
  }

 private:
  // Lengths are taken modulo 2^32, as upstream does.
  void head(const char *label, usize n) {
    u8 length[4];
    store_le32(length, static_cast<u32>(n));
    strobe.meta_ad(reinterpret_cast<const u8 *>(label), std::strlen(label), false);
    strobe.meta_ad(length, 4, true);
  }
};

COPROC_END
