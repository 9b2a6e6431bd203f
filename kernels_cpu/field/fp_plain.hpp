// From Montgomery form to plain integers and back, comparisons on plain values, powers.
#pragma once
#include "field/fp.hpp"

COPROC_BEGIN

// a < b over n limbs.
COPROC_INLINE bool less(const u64 *a, const u64 *b, int n) {
  u64 borrow = 0;
  for (int i = 0; i < n; i++) {
    u128 d = static_cast<u128>(a[i]) - b[i] - borrow;
    borrow = static_cast<u64>(d >> 64) & 1;
  }
  return borrow != 0;
}

template <class F> COPROC_INLINE bool reduced(const u64 *limbs) { return less(limbs, F::Params::MODULUS, F::LIMBS); }

// out = a / R mod p: the value itself.
template <class P> COPROC_INLINE void to_plain(const Fp<P, Lane1> &a, u64 *out) {
  u64 w[2 * P::LIMBS] = {};
  for (int i = 0; i < P::LIMBS; i++) w[i] = a.v[i];
  Arithmetic<P>::redc(out, w);
}

// The field element of any integer below 2^(64 LIMBS): Montgomery multiplication by R^2 reduces it, since R^2 mod p < p.
template <class F> COPROC_INLINE F from_plain(const u64 *in) {
  const F a = F::load(in);
  F r;
  // The first operand must be below p: then every intermediate sum stays below 2p whatever the limbs of the second.
  F::A::mul(r.v, F::Params::R2, a.v);
  return r;
}

template <class F> COPROC_INLINE F from_u64(u64 x) {
  u64 w[F::LIMBS] = {x};
  return from_plain<F>(w);
}

// Plain value > (p - 1) / 2: which of y and -y is the "larger" one in the point encodings.
template <class P> COPROC_INLINE bool is_larger(const Fp<P, Lane1> &a) {
  u64 w[P::LIMBS];
  to_plain(a, w);
  return less(P::HALF, w, P::LIMBS);
}

// a^e for a public exponent of n limbs: fixed windows of 4 bits.
template <class F> COPROC_NOINLINE F pow(const F &a, const u64 *e, int n) {
  F table[16];
  table[0] = F::one();
  table[1] = a;
  for (int i = 2; i < 16; i++) table[i] = i % 2 ? table[i - 1] * a : sqr(table[i / 2]);
  int i = 16 * n - 1;
  while (i >= 0 && ((e[i / 16] >> (4 * (i % 16))) & 15) == 0) i--;
  if (i < 0) return F::one();
  F r = table[(e[i / 16] >> (4 * (i % 16))) & 15];
  for (i--; i >= 0; i--) {
    r = sqr(sqr(sqr(sqr(r))));
    const int d = static_cast<int>((e[i / 16] >> (4 * (i % 16))) & 15);
    if (d) r = r * table[d];
  }
  return r;
}

COPROC_END
