// Limb arithmetic for values that may exceed the modulus: what a Montgomery library computes on any limbs whatever.
//
// A contract may hand in field elements whose limbs are not below the modulus, and Dusk's crates compute with them as they stand:
// carries out of the top limb are lost, and one conditional subtraction follows each operation. These functions are that
// arithmetic to the bit, for N little-endian limbs of 64 bits. They are used by the limb-exact slow path alone.
#pragma once
#include "isa/config.hpp"

COPROC_BEGIN
namespace exact {

// out = (a + b) mod 2^(64 N); returns the carry. out may be a or b.
template <int N> COPROC_INLINE u64 add_limbs(u64 *out, const u64 *a, const u64 *b) {
  u64 carry = 0;
  for (int i = 0; i < N; i++) {
    const u128 t = u128(a[i]) + b[i] + carry;
    out[i] = u64(t);
    carry = u64(t >> 64);
  }
  return carry;
}

// out = (a - b) mod 2^(64 N); returns the borrow. out may be a or b.
template <int N> COPROC_INLINE u64 sub_limbs(u64 *out, const u64 *a, const u64 *b) {
  u64 borrow = 0;
  for (int i = 0; i < N; i++) {
    const u128 t = u128(a[i]) - b[i] - borrow;
    out[i] = u64(t);
    borrow = u64(t >> 64) & 1;
  }
  return borrow;
}

// a = a - p if a >= p: once, so that a may still be at or above p afterwards.
template <int N> COPROC_INLINE void subtract_once(u64 *a, const u64 *p) {
  u64 t[N];
  const u64 keep = u64{0} - sub_limbs<N>(t, a, p);
  for (int i = 0; i < N; i++) a[i] = (a[i] & keep) | (t[i] & ~keep);
}

template <int N> COPROC_INLINE bool is_zero_limbs(const u64 *a) {
  u64 any = 0;
  for (int i = 0; i < N; i++) any |= a[i];
  return any == 0;
}

template <int N> COPROC_INLINE bool equal_limbs(const u64 *a, const u64 *b) {
  u64 any = 0;
  for (int i = 0; i < N; i++) any |= a[i] ^ b[i];
  return any == 0;
}

template <int N> COPROC_INLINE bool below_limbs(const u64 *a, const u64 *p) {
  u64 t[N];
  return sub_limbs<N>(t, a, p) != 0;
}

// out += x * b over N + 1 limbs; what would carry beyond them is lost.
template <int N> COPROC_INLINE void multiply_accumulate(u64 *out, u64 x, const u64 *b) {
  u64 carry = 0;
  for (int i = 0; i < N; i++) {
    const u128 t = u128(x) * b[i] + out[i] + carry;
    out[i] = u64(t);
    carry = u64(t >> 64);
  }
  out[N] += carry;
}

// out = ((t + m p) / 2^(64 N)) mod 2^(64 N) with m = -t / p mod 2^(64 N), then one conditional subtraction. t: 2 N limbs, overwritten.
template <int N> COPROC_INLINE void reduce_limbs(u64 *out, u64 *t, const u64 *p, u64 n0) {
  u64 top = 0; // the carry into t[i + N]; the one out of t[2 N - 1] is lost
  for (int i = 0; i < N; i++) {
    const u64 m = t[i] * n0;
    u64 carry = 0;
    for (int j = 0; j < N; j++) {
      const u128 s = u128(m) * p[j] + t[i + j] + carry;
      t[i + j] = u64(s);
      carry = u64(s >> 64);
    }
    const u128 s = u128(t[i + N]) + carry + top;
    t[i + N] = u64(s);
    top = u64(s >> 64);
  }
  for (int i = 0; i < N; i++) out[i] = t[N + i];
  subtract_once<N>(out, p);
}

// out = a b through the full product and reduce_limbs. out may be a or b.
template <int N> COPROC_INLINE void multiply_limbs(u64 *out, const u64 *a, const u64 *b, const u64 *p, u64 n0) {
  u64 t[2 * N] = {};
  for (int i = 0; i < N; i++) multiply_accumulate<N>(t + i, a[i], b);
  reduce_limbs<N>(out, t, p, n0);
}

// out = (a + b) mod 2^(64 N), less p if that is at or above p.
template <int N> COPROC_INLINE void add_mod_limbs(u64 *out, const u64 *a, const u64 *b, const u64 *p) {
  add_limbs<N>(out, a, b);
  subtract_once<N>(out, p);
}

// out = (p - a) mod 2^(64 N), or 0 if a is 0.
template <int N> COPROC_INLINE void negate_limbs(u64 *out, const u64 *a, const u64 *p) {
  const u64 keep = is_zero_limbs<N>(a) ? 0 : ~u64{0};
  sub_limbs<N>(out, p, a);
  for (int i = 0; i < N; i++) out[i] &= keep;
}

} // namespace exact
COPROC_END
