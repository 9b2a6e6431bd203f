// Eight numbers at once in radix 2^52: a vector of 64-bit words holds one limb of eight numbers.
//
// vpmadd52luq and vpmadd52huq add the low and the high half of the 104-bit product of two 52-bit limbs to a 64-bit word. Columns of
// a product are collected unreduced and uncarried in 64-bit words; they are signed once differences enter.
#pragma once
#include "constants.hpp"
#include "isa/lane.hpp"

#if COPROC_LANES
COPROC_BEGIN

using Vec8 = __m512i;

// 52; a few bits in the test that runs this text on every input (tests/native/toy_lanes.cpp).
#ifndef COPROC_LIMB_BITS
#define COPROC_LIMB_BITS 52
#endif
inline constexpr int LIMB_BITS = COPROC_LIMB_BITS;
inline constexpr u64 LIMB_MASK = (u64{1} << LIMB_BITS) - 1;

COPROC_INLINE Vec8 splat(u64 x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
COPROC_INLINE Vec8 madd_low(Vec8 acc, Vec8 a, Vec8 b) { return _mm512_madd52lo_epu64(acc, a, b); }
COPROC_INLINE Vec8 madd_high(Vec8 acc, Vec8 a, Vec8 b) { return _mm512_madd52hi_epu64(acc, a, b); }
COPROC_INLINE Vec8 low52(Vec8 a) { return _mm512_and_si512(a, splat(LIMB_MASK)); }
COPROC_INLINE Vec8 carry52(Vec8 a) { return _mm512_srai_epi64(a, LIMB_BITS); }

// Numbers that follow from the modulus, made when this is compiled.
template <class P> struct Radix52 {
  static constexpr int N = P::LIMBS52, L = P::LIMBS;
  static_assert(L <= 8);
  struct Number {
    u64 v[N];
  };

  static constexpr bool less(const u64 *a, const u64 *b) {
    for (int i = N - 1; i >= 0; i--)
      if (a[i] != b[i]) return a[i] < b[i];
    return false;
  }
  // 2^k a mod p
  static constexpr Number doubled(Number a, int k) {
    for (; k > 0; k--) {
      u64 carry = 0;
      for (int i = 0; i < N; i++) {
        const u64 s = 2 * a.v[i] + carry;
        a.v[i] = s & LIMB_MASK, carry = s >> LIMB_BITS;
      }
      if (!less(a.v, P::MODULUS52)) {
        u64 borrow = 0;
        for (int i = 0; i < N; i++) {
          const u64 d = a.v[i] - P::MODULUS52[i] - borrow;
          a.v[i] = d & LIMB_MASK, borrow = d >> 63;
        }
      }
    }
    return a;
  }
  static constexpr Number array(const u64 (&a)[N]) {
    Number r{};
    for (int i = 0; i < N; i++) r.v[i] = a[i];
    return r;
  }
  static constexpr Number resplit(const u64 (&a)[L]) {
    Number r{};
    for (int i = 0; i < N; i++) {
      const int bit = LIMB_BITS * i, word = bit / 64, shift = bit % 64;
      if (word >= L) break;
      u64 x = a[word] >> shift;
      if (shift > 64 - LIMB_BITS && word + 1 < L) x |= a[word + 1] << (64 - shift);
      r.v[i] = x & LIMB_MASK;
    }
    return r;
  }
  // k p with the carries done, the top limb whatever it is
  static constexpr Number multiple(u64 k) {
    Number r{};
    u128 t = 0;
    for (int i = 0; i < N; i++) {
      t += static_cast<u128>(P::MODULUS52[i]) * k;
      r.v[i] = static_cast<u64>(t) & (i < N - 1 ? LIMB_MASK : ~u64{0});
      t >>= LIMB_BITS;
    }
    return r;
  }

  // 2^(2 52 N - 64 L) and 2^(64 L): from R = 2^(64 L) to R = 2^(52 N) and back by one multiplication.
  static constexpr Number FROM_R64 = doubled(array(P::ONE52), LIMB_BITS *N - 64 * L);
  static constexpr Number TO_R64 = resplit(P::ONE);

  static constexpr Number TWICE = multiple(2), THRICE = multiple(3);

  // limb i of 0 p, 1 p, ..., 15 p: looked up by the quotient, one permutation a limb
  struct Multiples {
    alignas(64) u64 v[N][16];
  };
  static constexpr Multiples multiples() {
    Multiples r{};
    for (u64 k = 0; k < 16; k++) {
      const Number m = multiple(k);
      for (int i = 0; i < N; i++) r.v[i][k] = m.v[i];
    }
    return r;
  }
  static constexpr Multiples MULTIPLES = multiples();
  // The high half of (top word t) TOP_RECIPROCAL is a quotient of v by p, never too large. Below words of at least -E units, t exceeds
  // the true top limb of v by at most E; v < k p has a true top limb below k (top limb of p + 1), so that t < k (top limb of p + 1 + E)
  // for every k >= 1. E: sums of a few limbs are above -8 units, columns of products above -2^11.
  static constexpr u64 EXCESS = N > 5 ? 8 : N == 5 ? 4096 : 3;
  static constexpr u64 TOP_RECIPROCAL = (u64{1} << LIMB_BITS) / (P::MODULUS52[N - 1] + 1 + EXCESS);

  // Sums of products lie between -WIDE_MARGIN p^2 and WIDE_MARGIN p^2. A multiple of p above that makes them positive:
  // p 2^(52 (N - 1)) (WIDE_MARGIN (top limb + 1)), words for the columns N - 1 .. 2N - 1.
  static constexpr u64 WIDE_MARGIN = P::BITS > 300 ? 1024 : P::BITS == 255 ? 100 : 200;
  struct Offset {
    u64 v[N + 1];
  };
  static constexpr Offset offset() {
    Offset r{};
    u128 t = 0;
    for (int i = 0; i < N; i++) {
      t += static_cast<u128>(P::MODULUS52[i]) * (WIDE_MARGIN * (P::MODULUS52[N - 1] + 1));
      r.v[i] = static_cast<u64>(t) & LIMB_MASK;
      t >>= LIMB_BITS;
    }
    r.v[N] = static_cast<u64>(t);
    return r;
  }
  static constexpr Offset WIDE_OFFSET = offset();
};

// Limbs below 2^52 from signed words whose sum is not negative; the top one takes what is left.
template <int N> COPROC_INLINE void propagate(Vec8 *v) {
  for (int i = 0; i < N - 1; i++) {
    v[i + 1] = _mm512_add_epi64(v[i + 1], carry52(v[i]));
    v[i] = low52(v[i]);
  }
}

// Signed uncarried words of a value in [0, BOUND p), BOUND = 8 or 16, each word above -EXCESS units of the next -> limbs of a value below
// p + 2^-10 p, congruent to it.
template <class P, int BOUND = 8> COPROC_INLINE void reduce_top(Vec8 *v) {
  using R = Radix52<P>;
  constexpr int N = P::LIMBS52;
  static_assert(BOUND == 8 || BOUND == 16);
  const Vec8 q = madd_high(_mm512_setzero_si512(), v[N - 1], splat(R::TOP_RECIPROCAL));
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    const Vec8 low = _mm512_load_si512(R::MULTIPLES.v[i]);
    const Vec8 m =
        BOUND == 8 ? _mm512_permutexvar_epi64(q, low) : _mm512_permutex2var_epi64(low, q, _mm512_load_si512(R::MULTIPLES.v[i] + 8));
    v[i] = _mm512_sub_epi64(v[i], m);
  }
  propagate<N>(v);
}

// c[0 .. 2N) += the columns of a b, row by row: consecutive instructions go to different columns, so that none waits for another.
template <int N> COPROC_INLINE void add_product(Vec8 *c, const Vec8 *a, const Vec8 *b) {
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < N; j++) c[i + j] = madd_low(c[i + j], a[j], b[i]);
#pragma GCC unroll 8
    for (int j = 0; j < N; j++) c[i + j + 1] = madd_high(c[i + j + 1], a[j], b[i]);
  }
}

template <int N> COPROC_INLINE void product_columns(Vec8 *c, const Vec8 *a, const Vec8 *b) {
#pragma GCC unroll 16
  for (int k = 0; k < 2 * N; k++) c[k] = _mm512_setzero_si512();
  add_product<N>(c, a, b);
}

// The columns of a^2: the products of different limbs once, doubled.
template <int N> COPROC_INLINE void square_columns(Vec8 *c, const Vec8 *a) {
#pragma GCC unroll 16
  for (int k = 0; k < 2 * N; k++) c[k] = _mm512_setzero_si512();
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
#pragma GCC unroll 8
    for (int j = i + 1; j < N; j++) c[i + j] = madd_low(c[i + j], a[j], a[i]);
#pragma GCC unroll 8
    for (int j = i + 1; j < N; j++) c[i + j + 1] = madd_high(c[i + j + 1], a[j], a[i]);
  }
#pragma GCC unroll 16
  for (int k = 1; k < 2 * N - 1; k++) c[k] = _mm512_add_epi64(c[k], c[k]);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    c[2 * i] = madd_low(c[2 * i], a[i], a[i]);
    c[2 * i + 1] = madd_high(c[2 * i + 1], a[i], a[i]);
  }
}

// K numbers at once: c[k][N .. 2N) = uncarried words of c[k] / R mod p: with q = -c / p mod R they are (c + q p) / R, less than
// c / R + p. The lower columns are used up. The next q waits for one product, one carry and two sums, meanwhile another number uses
// the multipliers.
template <class P, int K> COPROC_INLINE void reduce_columns(Vec8 (*c)[2 * P::LIMBS52]) {
  constexpr int N = P::LIMBS52;
  const Vec8 zero = _mm512_setzero_si512(), n0 = splat(P::N052);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    Vec8 q[K], high[K];
#pragma GCC unroll 4
    for (int k = 0; k < K; k++) q[k] = madd_low(zero, c[k][i], n0);
#pragma GCC unroll 4
    for (int k = 0; k < K; k++) {
      c[k][i] = madd_low(c[k][i], q[k], splat(P::MODULUS52[0]));
      high[k] = madd_high(zero, q[k], splat(P::MODULUS52[0]));
    }
#pragma GCC unroll 8
    for (int j = 1; j < N; j++)
#pragma GCC unroll 4
      for (int k = 0; k < K; k++) c[k][i + j] = madd_low(c[k][i + j], q[k], splat(P::MODULUS52[j]));
#pragma GCC unroll 4
    for (int k = 0; k < K; k++) c[k][i + 1] = _mm512_add_epi64(c[k][i + 1], _mm512_add_epi64(carry52(c[k][i]), high[k]));
#pragma GCC unroll 8
    for (int j = 1; j < N; j++)
#pragma GCC unroll 4
      for (int k = 0; k < K; k++) c[k][i + j + 1] = madd_high(c[k][i + j + 1], q[k], splat(P::MODULUS52[j]));
  }
}

// c[N .. 2N) = uncarried words of a b / R mod p. Rows of the product stand between the steps of the reduction and fill their latency.
template <class P> COPROC_INLINE void mul_reduce(Vec8 *c, const Vec8 *a, const Vec8 *b) {
  constexpr int N = P::LIMBS52;
  const Vec8 zero = _mm512_setzero_si512(), n0 = splat(P::N052);
#pragma GCC unroll 16
  for (int k = 0; k < 2 * N; k++) c[k] = zero;
#pragma GCC unroll 8
  for (int j = 0; j < N; j++) c[j] = madd_low(c[j], a[j], b[0]);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    const Vec8 q = madd_low(zero, c[i], n0);
#pragma GCC unroll 8
    for (int j = 0; j < N; j++) c[i + j + 1] = madd_high(c[i + j + 1], a[j], b[i]);
    c[i] = madd_low(c[i], q, splat(P::MODULUS52[0]));
    const Vec8 high = madd_high(zero, q, splat(P::MODULUS52[0]));
#pragma GCC unroll 8
    for (int j = 1; j < N; j++) c[i + j] = madd_low(c[i + j], q, splat(P::MODULUS52[j]));
    if (i + 1 < N) {
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) c[i + 1 + j] = madd_low(c[i + 1 + j], a[j], b[i + 1 < N ? i + 1 : 0]);
    }
    c[i + 1] = _mm512_add_epi64(c[i + 1], _mm512_add_epi64(carry52(c[i]), high));
#pragma GCC unroll 8
    for (int j = 1; j < N; j++) c[i + j + 1] = madd_high(c[i + j + 1], q, splat(P::MODULUS52[j]));
  }
}

// Rows of eight words to columns: r[i] word j <-> r[j] word i.
COPROC_INLINE void transpose(Vec8 *r) {
  for (int s = 0; s < 4; s++) { // pairs of words
    const Vec8 x = r[2 * s], y = r[2 * s + 1];
    r[2 * s] = _mm512_unpacklo_epi64(x, y);
    r[2 * s + 1] = _mm512_unpackhi_epi64(x, y);
  }
  Vec8 t[8];
  for (int s = 0; s < 2; s++) { // 4 x 4 pairs
    const Vec8 *a = r + s;
    const Vec8 p = _mm512_shuffle_i64x2(a[0], a[2], 0x88), q = _mm512_shuffle_i64x2(a[0], a[2], 0xdd);
    const Vec8 u = _mm512_shuffle_i64x2(a[4], a[6], 0x88), w = _mm512_shuffle_i64x2(a[4], a[6], 0xdd);
    t[s] = _mm512_shuffle_i64x2(p, u, 0x88);
    t[2 + s] = _mm512_shuffle_i64x2(q, w, 0x88);
    t[4 + s] = _mm512_shuffle_i64x2(p, u, 0xdd);
    t[6 + s] = _mm512_shuffle_i64x2(q, w, 0xdd);
  }
  for (int i = 0; i < 8; i++) r[i] = t[i];
}

COPROC_END
#endif
