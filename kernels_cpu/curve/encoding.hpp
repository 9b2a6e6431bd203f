// The byte forms of points (enum coproc_encoding): what the bytes say, before any curve arithmetic; and the way back.
//
// zcash       BLS12-381, big-endian, Fp2 as c1 c0, three flags in the first byte: 0x80 compressed, 0x40 infinity, 0x20 y is the larger
// root. ark         BN254, little-endian, Fp2 as c0 c1, two flags in the last byte: 0x80 y is the larger root, 0x40 infinity. dusk raw
// BLS12-381, Montgomery limbs in memory order, infinity byte, padding. evm         big-endian; BN254 Fp2 as c1 c0 in 32-byte words,
// BLS12-381 Fp2 as c0 c1 in 64-byte words; zeros are infinity.
#pragma once
#include "coproc.h"
#include "curve/affine.hpp"
#include "hash/bytes.hpp"

COPROC_BEGIN

// How the coordinates of one form lie in memory: bytes a base field element, their order, the order of an Fp2's parts.
struct ByteLayout {
  int stride;
  bool big_endian, c1_first;
};
inline constexpr ByteLayout ZCASH_LAYOUT{48, true, true}, ARK_LAYOUT{32, false, false}, EVM_BN254_LAYOUT{32, true, true},
    EVM_BLS12_LAYOUT{64, true, false};

template <class F> inline constexpr int DEGREE = 1;
template <class F> inline constexpr int DEGREE<Fp2<F>> = 2;

// Reads a coordinate as plain limbs; false where a value is not below p. top_mask: the bits of the most significant byte that are no
// flags; of an Fp2 it applies to c1.
template <class P> inline bool read_limbs(const u8 *bytes, ByteLayout layout, u8 top_mask, u64 *limbs) {
  constexpr int N = P::LIMBS;
  if (layout.big_endian) {
    for (; layout.stride > 8 * N; layout.stride--)
      if (*bytes++) return false;
    for (int i = 0; i < N; i++) limbs[i] = load_be64(bytes + 8 * (N - 1 - i));
  } else {
    for (int i = 0; i < N; i++) limbs[i] = load_le64(bytes + 8 * i);
  }
  limbs[N - 1] &= (static_cast<u64>(top_mask) << 56) | (~u64{0} >> 8);
  return less(limbs, P::MODULUS, N);
}
template <class F> inline bool read_coordinate(const u8 *bytes, ByteLayout layout, u8 top_mask, u64 *limbs) {
  using P = typename F::Params;
  if constexpr (DEGREE<F> == 1) return read_limbs<P>(bytes, layout, top_mask, limbs);
  const int first = layout.c1_first ? layout.stride : 0;
  return read_limbs<P>(bytes + first, layout, 0xff, limbs) &
         read_limbs<P>(bytes + (layout.stride - first), layout, top_mask, limbs + P::LIMBS);
}

template <class P> inline void write_coordinate(u8 *bytes, ByteLayout layout, const Fp<P, Lane1> &a) {
  constexpr int N = P::LIMBS;
  u64 limbs[N];
  to_plain(a, limbs);
  if (layout.big_endian) {
    for (; layout.stride > 8 * N; layout.stride--) *bytes++ = 0;
    for (int i = 0; i < N; i++) store_be64(bytes + 8 * (N - 1 - i), limbs[i]);
  } else {
    for (int i = 0; i < N; i++) store_le64(bytes + 8 * i, limbs[i]);
  }
}
template <class F> inline void write_coordinate(u8 *bytes, ByteLayout layout, const Fp2<F> &a) {
  const int first = layout.c1_first ? layout.stride : 0;
  write_coordinate(bytes + first, layout, a.c0);
  write_coordinate(bytes + (layout.stride - first), layout, a.c1);
}

enum class Form : u8 { INVALID, UNREDUCED, INFINITE, X_ONLY, X_AND_Y };

// What an encoding says. X_ONLY: y is the larger of the two roots or the smaller. words: x, then y, below p where the form is X_ONLY or
// X_AND_Y; plain integers, of DUSK_RAW Montgomery limbs (holds_montgomery).
template <class F> struct Encoded {
  Form form;
  bool larger;
  u64 words[2 * WORDS<F>];

  const u64 *x() const { return words; }
  const u64 *y() const { return words + WORDS<F>; }
  u64 *x() { return words; }
  u64 *y() { return words + WORDS<F>; }
};
constexpr bool holds_montgomery(int encoding) { return encoding == COPROC_DUSK_RAW; }

COPROC_INLINE bool all_zero(const u64 *words, int n) {
  u64 any = 0;
  for (int i = 0; i < n; i++) any |= words[i];
  return any == 0;
}

namespace read {

template <class F> inline Encoded<F> zcash(const u8 *bytes) {
  Encoded<F> e{Form::INVALID, (bytes[0] & 0x20) != 0, {}};
  if (!(bytes[0] & 0x80) || !read_coordinate<F>(bytes, ZCASH_LAYOUT, 0x1f, e.x())) return e;
  if (!(bytes[0] & 0x40)) e.form = Form::X_ONLY;
  else if (!e.larger && all_zero(e.x(), WORDS<F>)) e.form = Form::INFINITE;
  return e;
}

template <class F> inline Encoded<F> zcash_uncompressed(const u8 *bytes) {
  Encoded<F> e{Form::INVALID, false, {}};
  if ((bytes[0] & 0xa0) || !read_coordinate<F>(bytes, ZCASH_LAYOUT, 0x1f, e.x()) ||
      !read_coordinate<F>(bytes + 48 * DEGREE<F>, ZCASH_LAYOUT, 0xff, e.y()))
    return e;
  if (!(bytes[0] & 0x40)) e.form = Form::X_AND_Y;
  else if (all_zero(e.words, 2 * WORDS<F>)) e.form = Form::INFINITE;
  return e;
}

// The infinity flag counts whatever the coordinates are, once they are below p.
template <class F> inline Encoded<F> ark(const u8 *bytes) {
  const u8 flags = bytes[32 * DEGREE<F> - 1] & 0xc0;
  Encoded<F> e{Form::INVALID, flags == 0x80, {}};
  if (flags == 0xc0 || !read_coordinate<F>(bytes, ARK_LAYOUT, 0x3f, e.x())) return e;
  e.form = flags == 0x40 ? Form::INFINITE : Form::X_ONLY;
  return e;
}

// Flags are those of y; the one of the larger root is without effect, y stands as given.
template <class F> inline Encoded<F> ark_uncompressed(const u8 *bytes) {
  const u8 flags = bytes[64 * DEGREE<F> - 1] & 0xc0;
  Encoded<F> e{Form::INVALID, false, {}};
  if (flags == 0xc0 || !read_coordinate<F>(bytes, ARK_LAYOUT, 0xff, e.x()) ||
      !read_coordinate<F>(bytes + 32 * DEGREE<F>, ARK_LAYOUT, 0x3f, e.y()))
    return e;
  e.form = flags == 0x40 ? Form::INFINITE : Form::X_AND_Y;
  return e;
}

// An infinity byte makes the point invalid whatever its limbs are.
template <class F> inline Encoded<F> dusk_raw(const u8 *bytes) {
  constexpr int N = F::Params::LIMBS, COUNT = 2 * WORDS<F>;
  Encoded<F> e{Form::INVALID, false, {}};
  if (bytes[8 * COUNT] != 0) return e;
  bool all_reduced = true;
  for (int i = 0; i < COUNT; i++) e.words[i] = load_le64(bytes + 8 * i);
  for (int i = 0; i < COUNT; i += N) all_reduced &= less(e.words + i, F::Params::MODULUS, N);
  e.form = all_reduced ? Form::X_AND_Y : Form::UNREDUCED;
  return e;
}

template <class F> inline Encoded<F> evm(const u8 *bytes) {
  constexpr ByteLayout layout = F::Params::LIMBS == 4 ? EVM_BN254_LAYOUT : EVM_BLS12_LAYOUT;
  Encoded<F> e{Form::INVALID, false, {}};
  if (!read_coordinate<F>(bytes, layout, 0xff, e.x()) || !read_coordinate<F>(bytes + layout.stride * DEGREE<F>, layout, 0xff, e.y()))
    return e;
  e.form = all_zero(e.words, 2 * WORDS<F>) ? Form::INFINITE : Form::X_AND_Y;
  return e;
}

} // namespace read

namespace write {

template <class F> inline void zcash(const Affine<F> &p, u8 *bytes) {
  const bool inf = p.infinity();
  write_coordinate(bytes, ZCASH_LAYOUT, p.x);
  bytes[0] |= static_cast<u8>(0x80 | (inf ? 0x40 : 0) | (!inf && is_larger(p.y) ? 0x20 : 0));
}
template <class F> inline void zcash_uncompressed(const Affine<F> &p, u8 *bytes) {
  write_coordinate(bytes, ZCASH_LAYOUT, p.x);
  write_coordinate(bytes + 48 * DEGREE<F>, ZCASH_LAYOUT, p.y);
  if (p.infinity()) bytes[0] |= 0x40;
}
template <class F> inline u8 ark_flags(const Affine<F> &p) { return p.infinity() ? 0x40 : is_larger(p.y) ? 0x80 : 0; }
template <class F> inline void ark(const Affine<F> &p, u8 *bytes) {
  write_coordinate(bytes, ARK_LAYOUT, p.x);
  bytes[32 * DEGREE<F> - 1] |= ark_flags(p);
}
template <class F> inline void ark_uncompressed(const Affine<F> &p, u8 *bytes) {
  write_coordinate(bytes, ARK_LAYOUT, p.x);
  write_coordinate(bytes + 32 * DEGREE<F>, ARK_LAYOUT, p.y);
  bytes[64 * DEGREE<F> - 1] |= ark_flags(p);
}
// Infinity as upstream holds it: (0, 1) with the byte set.
template <class F> inline void dusk_raw(const Affine<F> &p, u8 *bytes) {
  constexpr int COUNT = 2 * WORDS<F>;
  const bool inf = p.infinity();
  u64 words[COUNT + 1];
  store_affine(Affine<F>{p.x, select(inf, F::one(), p.y)}, words);
  words[COUNT] = inf;
  for (int i = 0; i <= COUNT; i++) store_le64(bytes + 8 * i, words[i]);
}
template <class F> inline void evm(const Affine<F> &p, u8 *bytes) {
  constexpr ByteLayout layout = F::Params::LIMBS == 4 ? EVM_BN254_LAYOUT : EVM_BLS12_LAYOUT;
  write_coordinate(bytes, layout, p.x);
  write_coordinate(bytes + layout.stride * DEGREE<F>, layout, p.y);
}

} // namespace write

// Bytes of a form of the field's curve; 0 where the curve has no such form.
template <class F> constexpr int encoded_size(int encoding) {
  constexpr bool bls = F::Params::LIMBS == 6;
  switch (encoding) {
  case COPROC_ZCASH:
    return bls ? 48 * DEGREE<F> : 0;
  case COPROC_ZCASH_UNCOMPRESSED:
    return bls ? 96 * DEGREE<F> : 0;
  case COPROC_ARK_COMPRESSED:
    return bls ? 0 : 32 * DEGREE<F>;
  case COPROC_ARK_UNCOMPRESSED:
    return bls ? 0 : 64 * DEGREE<F>;
  case COPROC_DUSK_RAW:
    return bls ? 96 * DEGREE<F> + 8 : 0;
  case COPROC_EVM:
    return (bls ? 128 : 64) * DEGREE<F>;
  default:
    return 0;
  }
}

COPROC_END
