// Plain scalars of 256 bits: reduction modulo the group order, short multiples (GLV, GLS) and signed window digits.
//
// The groups of prime order r carry an endomorphism e that acts as multiplication by a known number mu, so that
// k P = sum k_i e^i(P) with D short k_i: D = 2 for G1, D = 4 for G2. Any k below 2^256 is taken, and first reduced mod r.
// Sources [GLV01], [GS08].
#pragma once
#include "field/fp_plain.hpp"

COPROC_BEGIN

// One of the D multipliers: (-1)^negative v, v < 2^128.
struct ShortScalar {
  u64 v[2];
  bool negative;

  bool zero() const { return (v[0] | v[1]) == 0; }
  int bits() const { return v[1] ? 128 - __builtin_clzll(v[1]) : v[0] ? 64 - __builtin_clzll(v[0]) : 0; }
};

// r = a - b over 4 words.
COPROC_INLINE void sub_4(u64 *r, const u64 *a, const u64 *b) { Limbs<Word64, 4>::sub(r, a, b); }

// k mod r for r > 2^252: a few subtractions.
COPROC_INLINE void reduce_scalar(u64 *out, const u64 *k, const u64 *r) {
  for (int i = 0; i < 4; i++) out[i] = k[i];
  while (!less(out, r, 4)) sub_4(out, out, r);
}

// Division of two words by a constant with the top bit set ([MG11] algorithm 4): v = floor((2^128 - 1) / d) - 2^64.
template <u64 d> struct WordDivisor {
  static_assert(d >> 63 == 1);
  static constexpr u64 v = static_cast<u64>(~u128{0} / d - (u128{1} << 64));

  // Quotient of (high, low), high < d; the remainder goes to `high`.
  static COPROC_INLINE u64 divide(u64 &high, u64 low) {
    const u128 q = static_cast<u128>(v) * high + ((static_cast<u128>(high) << 64) | low);
    u64 q1 = static_cast<u64>(q >> 64) + 1;
    u64 rest = low - q1 * d;
    if (rest > static_cast<u64>(q)) q1--, rest += d;
    if (rest >= d) q1++, rest -= d;
    high = rest;
    return q1;
  }
};

// The four digits of k < |x|^4 in base |x|, least first (BLS12-381: r < x^4).
inline void digits_base_x(const u64 *k, u64 *digits) {
  u64 t[4] = {k[0], k[1], k[2], k[3]};
  for (int i = 0; i < 3; i++) {
    u64 rest = 0;
    for (int j = 3 - i; j >= 0; j--) t[j] = WordDivisor<constants::bls12_381::X_ABS>::divide(rest, t[j]);
    digits[i] = rest;
  }
  digits[3] = t[0];
}

// r = c b mod 2^256 for c of 3 words, b of 2.
COPROC_INLINE void mul_3_2(u64 *r, const u64 *c, const u64 *b) {
  u64 t[6] = {};
  for (int i = 0; i < 2; i++) Limbs<Word64, 3>::mul_add_row(t + i, c, b[i]);
  for (int i = 0; i < 4; i++) r[i] = t[i];
}

// k - sum c_i B_i for the lattice {v : sum v_j mu^j = 0 mod r} of rows B_i, c_i = round(k Q_i / r) up to one, where sum Q_i B_i = (r, 0,
// ...): what is left of (k, 0, ...) is as short as the rows. reciprocal[i] = floor(2^256 |Q_i| / r).
template <int D, int N>
inline void decompose_in_lattice(const u64 *k, const u64 (&basis)[D][D][2], const signed char (&basis_sign)[D][D],
                                 const u64 (&reciprocal)[D][N], const signed char (&reciprocal_sign)[D], ShortScalar *out) {
  u64 acc[D][4] = {};
  for (int j = 0; j < 4; j++) acc[0][j] = k[j];
  for (int i = 0; i < D; i++) {
    // c = (k reciprocal + 2^255) >> 256
    u64 t[4 + N] = {};
    for (int j = 0; j < N; j++) Limbs<Word64, 4>::mul_add_row(t + j, k, reciprocal[i][j]);
    u64 c[3] = {};
    u64 carry = t[3] >> 63;
    for (int j = 0; j < 3 && j < N; j++) {
      c[j] = t[4 + j] + carry;
      carry = c[j] < carry;
    }
    for (int j = 0; j < D; j++) {
      u64 product[4];
      mul_3_2(product, c, basis[i][j]);
      if (basis_sign[i][j] * reciprocal_sign[i] > 0) sub_4(acc[j], acc[j], product);
      else Limbs<Word64, 4>::add(acc[j], acc[j], product);
    }
  }
  for (int j = 0; j < D; j++) {
    const bool negative = acc[j][3] >> 63;
    const u64 zero[4] = {};
    if (negative) sub_4(acc[j], zero, acc[j]);
    out[j] = {{acc[j][0], acc[j][1]}, negative};
  }
}

// Calls emit(position, digit) for the non-zero digits of the width-w NAF of v, lowest first: odd, |digit| < 2^(w-1), at least w - 1 zeros
// between two of them; v < 2^128 has its last at most at position 128.
template <class Emit> COPROC_INLINE void for_each_naf_digit(const u64 *v, int w, Emit emit) {
  u64 low = v[0], high = v[1];
  const u64 mask = (u64{1} << w) - 1;
  int position = 0;
  while (low | high) {
    if (low == 0) low = high, high = 0, position += 64;
    const int zeros = __builtin_ctzll(low);
    if (zeros) {
      low = (low >> zeros) | (high << (64 - zeros));
      high >>= zeros;
      position += zeros;
    }
    const u64 window = low & mask;
    const bool up = window >> (w - 1);
    emit(position, static_cast<int>(window) - (up ? 1 << w : 0));
    // (v - digit) / 2^w = floor(v / 2^w) + up
    low = (low >> w) | (high << (64 - w));
    high >>= w;
    low += up;
    high += low < static_cast<u64>(up);
    position += w;
  }
}

COPROC_END
