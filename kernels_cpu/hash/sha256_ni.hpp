// SHA-256's compression by the SHA extensions of x86, for the instruction sets above `portable`; used where the processor has them.
#pragma once
#include "isa/config.hpp"

#if defined(__x86_64__) && defined(__ADX__) && defined(__GNUC__) && !defined(__clang__)
#define COPROC_SHA_NI 1
#include <immintrin.h>

COPROC_BEGIN

inline bool has_sha_ni() { return __builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1"); }

// h: the eight state words; K: the 64 round constants. sha256rnds2 keeps the state as (a, b, e, f) and (c, d, g, h).
__attribute__((target("sha,sse4.1"), noinline)) inline void sha256_compress_ni(u32 *h, const u32 *K, const u8 *data, usize blocks) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  const auto load = [](const void *p) __attribute__((target("sha,sse4.1"))) { return _mm_loadu_si128(static_cast<const __m128i *>(p)); };
  const __m128i cdab = _mm_shuffle_epi32(load(h), 0xb1), efgh = _mm_shuffle_epi32(load(h + 4), 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (; blocks; blocks--, data += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4]; // the last sixteen words of the message schedule
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
      __m128i &now = w[i % 4];
      if (i < 4) {
        now = _mm_shuffle_epi8(load(data + 16 * i), big_endian);
      } else {
        const __m128i &before = w[(i + 3) % 4];
        const __m128i seven_back = _mm_alignr_epi8(before, w[(i + 2) % 4], 4);
        now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(now, w[(i + 1) % 4]), seven_back), before);
      }
      const __m128i keyed = _mm_add_epi32(now, load(K + 4 * i));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, keyed);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(keyed, 0x0e));
    }
    abef = _mm_add_epi32(abef, abef_before), cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i *>(h), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i *>(h + 4), _mm_alignr_epi8(dchg, feba, 8));
}

COPROC_END
#endif
