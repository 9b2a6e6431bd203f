// Lane types: how many field elements one `Fp` holds, and what a comparison of them answers.
#pragma once
#include "isa/config.hpp"

#ifndef COPROC_LANES // the test on toy limbs brings its own
#if defined(__AVX512F__) && defined(__AVX512IFMA__)
#define COPROC_LANES 1
#include <immintrin.h>
#else
#define COPROC_LANES 0
#endif
#endif

COPROC_BEGIN

// One element; a mask is a plain bool.
struct Lane1 {
  using Mask = bool;
  static constexpr int WIDTH = 1;
};

COPROC_INLINE bool any(bool m) { return m; }
COPROC_INLINE bool all(bool m) { return m; }

#if COPROC_LANES
// A truth value a lane, with the operators of bool.
struct Mask8 {
  __mmask8 bits;

  static COPROC_INLINE Mask8 none() { return {0}; }
  static COPROC_INLINE Mask8 every() { return {0xff}; }
  // The lanes below k, 0 <= k <= 8.
  static COPROC_INLINE Mask8 first(usize k) { return {static_cast<__mmask8>((1u << k) - 1)}; }
  COPROC_INLINE bool lane(int i) const { return (bits >> i) & 1; }
  COPROC_INLINE void set_lane(int i, bool value) {
    bits = static_cast<__mmask8>((bits & ~(1u << i)) | (static_cast<unsigned>(value) << i));
  }

  friend COPROC_INLINE Mask8 operator&(Mask8 a, Mask8 b) { return {static_cast<__mmask8>(a.bits & b.bits)}; }
  friend COPROC_INLINE Mask8 operator|(Mask8 a, Mask8 b) { return {static_cast<__mmask8>(a.bits | b.bits)}; }
  friend COPROC_INLINE Mask8 operator^(Mask8 a, Mask8 b) { return {static_cast<__mmask8>(a.bits ^ b.bits)}; }
  friend COPROC_INLINE Mask8 operator==(Mask8 a, Mask8 b) { return {static_cast<__mmask8>(~(a.bits ^ b.bits))}; }
  COPROC_INLINE Mask8 operator!() const { return {static_cast<__mmask8>(~bits)}; }
  COPROC_INLINE Mask8 &operator|=(Mask8 b) { return *this = *this | b; }
  COPROC_INLINE Mask8 &operator&=(Mask8 b) { return *this = *this & b; }
};

// Eight elements, radix 2^52 (AVX-512 IFMA).
struct Lane8 {
  using Mask = Mask8;
  static constexpr int WIDTH = 8;
};

COPROC_INLINE bool any(Mask8 m) { return m.bits != 0; }
COPROC_INLINE bool all(Mask8 m) { return m.bits == 0xff; }
#endif

COPROC_END
