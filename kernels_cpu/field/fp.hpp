// Fp: a prime field in Montgomery form; one element a lane.
//
// Lane1: N = P::LIMBS limbs of 64 bits, R = 2^(64 N), always canonical (< p). `FpWide` is an unreduced product below p R.
#pragma once
#include "constants.hpp"
#include "field/limbs.hpp"
#include "isa/lane.hpp"
#if defined(__ADX__) && defined(__BMI2__)
#include "field/arithmetic_adx.hpp"
#endif

COPROC_BEGIN

// Chooses the limb routines of this instruction set: inline assembly where it exists, the portable templates elsewhere.
#if defined(__ADX__) && defined(__BMI2__)
template <class P> using Arithmetic = ArithmeticAdx<P>;
#else
template <class P> struct Arithmetic {
  using L = Limbs<Word64, P::LIMBS>;
  static void add(u64 *r, const u64 *a, const u64 *b) { L::add_mod(r, a, b, P::MODULUS); }
  static void sub(u64 *r, const u64 *a, const u64 *b) { L::sub_mod(r, a, b, P::MODULUS); }
  static COPROC_NOINLINE void mul(u64 *r, const u64 *a, const u64 *b) { L::mul_mont(r, a, b, P::MODULUS, P::N0); }
  static COPROC_NOINLINE void sqr(u64 *r, const u64 *a) { L::mul_mont(r, a, a, P::MODULUS, P::N0); }
  static COPROC_NOINLINE void mul_wide(u64 *r, const u64 *a, const u64 *b) { L::mul_wide(r, a, b); }
  static COPROC_NOINLINE void sqr_wide(u64 *r, const u64 *a) { L::sqr_wide(r, a); }
  static COPROC_NOINLINE void redc(u64 *r, const u64 *w) { L::redc(r, w, P::MODULUS, P::N0); }
  static void add_wide(u64 *r, const u64 *a, const u64 *b) { L::add_wide(r, a, b, P::MODULUS); }
  static void sub_wide(u64 *r, const u64 *a, const u64 *b) { L::sub_wide(r, a, b, P::MODULUS); }
  static void sub_wide_plain(u64 *r, const u64 *a, const u64 *b) { L::sub_wide_plain(r, a, b); }
  static void add_loose(u64 *r, const u64 *a, const u64 *b) { L::add(r, a, b); }
};
#endif

template <class P, class L> struct Fp;

template <class P> struct Fp<P, Lane1> {
  using Params = P;
  using Lane = Lane1;
  using Mask = bool;
  using A = Arithmetic<P>;
  static constexpr int LIMBS = P::LIMBS;

  u64 v[LIMBS];

  static COPROC_INLINE Fp zero() { return Fp{}; }
  static COPROC_INLINE Fp one() { return load(P::ONE); }
  static COPROC_INLINE Fp load(const u64 *limbs) {
    Fp r;
    for (int i = 0; i < LIMBS; i++) r.v[i] = limbs[i];
    return r;
  }
  template <int N52> static COPROC_INLINE Fp constant(const constants::Element<LIMBS, N52> &e) { return load(e.r64); }
  COPROC_INLINE void store(u64 *limbs) const {
    for (int i = 0; i < LIMBS; i++) limbs[i] = v[i];
  }

  friend COPROC_INLINE Fp operator+(const Fp &a, const Fp &b) {
    Fp r;
    A::add(r.v, a.v, b.v);
    return r;
  }
  friend COPROC_INLINE Fp operator-(const Fp &a, const Fp &b) {
    Fp r;
    A::sub(r.v, a.v, b.v);
    return r;
  }
  friend COPROC_INLINE Fp operator*(const Fp &a, const Fp &b) {
    Fp r;
    A::mul(r.v, a.v, b.v);
    return r;
  }
  COPROC_INLINE Fp operator-() const { return zero() - *this; }
  COPROC_INLINE Fp &operator+=(const Fp &b) { return *this = *this + b; }
  COPROC_INLINE Fp &operator-=(const Fp &b) { return *this = *this - b; }
  // In place: a copy of a fresh result would load two limbs at once where one was just stored, and wait for the stores.
  COPROC_INLINE Fp &operator*=(const Fp &b) {
    A::mul(v, v, b.v);
    return *this;
  }
  // this^(2^n), n >= 1
  COPROC_INLINE void square_times(int n) {
    if constexpr (requires { A::sqr_times(v, v, 1); }) A::sqr_times(v, v, static_cast<u64>(n));
    else
      for (; n > 0; n--) A::sqr(v, v);
  }

  friend COPROC_INLINE Fp sqr(const Fp &a) {
    Fp r;
    A::sqr(r.v, a.v);
    return r;
  }
  friend COPROC_INLINE Fp dbl(const Fp &a) { return a + a; }
  // a / 2: a or a + p is even.
  friend COPROC_INLINE Fp half(const Fp &a) {
    Fp r;
    const u64 odd = u64{0} - (a.v[0] & 1);
    u64 carry = 0;
    for (int i = 0; i < LIMBS; i++) {
      u128 s = static_cast<u128>(a.v[i]) + (P::MODULUS[i] & odd) + carry;
      r.v[i] = static_cast<u64>(s);
      carry = static_cast<u64>(s >> 64);
    }
    for (int i = 0; i < LIMBS - 1; i++) r.v[i] = (r.v[i] >> 1) | (r.v[i + 1] << 63);
    r.v[LIMBS - 1] = (r.v[LIMBS - 1] >> 1) | (carry << 63);
    return r;
  }
  friend COPROC_INLINE Mask is_zero(const Fp &a) {
    u64 x = 0;
    for (int i = 0; i < LIMBS; i++) x |= a.v[i];
    return x == 0;
  }
  friend COPROC_INLINE Mask operator==(const Fp &a, const Fp &b) {
    u64 x = 0;
    for (int i = 0; i < LIMBS; i++) x |= a.v[i] ^ b.v[i];
    return x == 0;
  }
  friend COPROC_INLINE Fp select(Mask m, const Fp &a, const Fp &b) {
    Fp r;
    Limbs<Word64, LIMBS>::select(r.v, m, a.v, b.v);
    return r;
  }
};

// Unreduced products, kept below p R.
template <class P, class L> struct FpWide;

template <class P> struct FpWide<P, Lane1> {
  using A = Arithmetic<P>;
  using Element = Fp<P, Lane1>;
  u64 v[2 * P::LIMBS];

  friend COPROC_INLINE FpWide operator+(const FpWide &a, const FpWide &b) {
    FpWide r;
    A::add_wide(r.v, a.v, b.v);
    return r;
  }
  friend COPROC_INLINE FpWide operator-(const FpWide &a, const FpWide &b) {
    FpWide r;
    A::sub_wide(r.v, a.v, b.v);
    return r;
  }
  friend COPROC_INLINE Element redc(const FpWide &a) {
    Element r;
    A::redc(r.v, a.v);
    return r;
  }
};

template <class F> struct WideOf;
template <class P, class L> struct WideOf<Fp<P, L>> {
  using Type = FpWide<P, L>;
};
template <class F> using Wide = typename WideOf<F>::Type;

template <class P> COPROC_INLINE FpWide<P, Lane1> mul_wide(const Fp<P, Lane1> &a, const Fp<P, Lane1> &b) {
  FpWide<P, Lane1> r;
  Arithmetic<P>::mul_wide(r.v, a.v, b.v);
  return r;
}
template <class P> COPROC_INLINE FpWide<P, Lane1> sqr_wide(const Fp<P, Lane1> &a) {
  FpWide<P, Lane1> r;
  Arithmetic<P>::sqr_wide(r.v, a.v);
  return r;
}
// a + b below 2p, for products alone.
template <class P> COPROC_INLINE Fp<P, Lane1> add_loose(const Fp<P, Lane1> &a, const Fp<P, Lane1> &b) {
  Fp<P, Lane1> r;
  Arithmetic<P>::add_loose(r.v, a.v, b.v);
  return r;
}
// a b for canonical a and b below 2p.
template <class P> COPROC_INLINE Fp<P, Lane1> mul_loose(const Fp<P, Lane1> &a, const Fp<P, Lane1> &b) {
  Fp<P, Lane1> r;
  Arithmetic<P>::mul(r.v, a.v, b.v);
  return r;
}
// (a0 + a1)(b0 + b1) - x - y for x = a0 b0, y = a1 b1, the cross term of Karatsuba: the sums stay below 2p (4 p^2 <= p R), and the
// difference is a0 b1 + a1 b0 >= 0, so nothing is corrected.
template <class P>
COPROC_INLINE FpWide<P, Lane1> karatsuba_cross(const Fp<P, Lane1> &a0, const Fp<P, Lane1> &a1, const Fp<P, Lane1> &b0,
                                               const Fp<P, Lane1> &b1, const FpWide<P, Lane1> &x, const FpWide<P, Lane1> &y) {
  using A = Arithmetic<P>;
  FpWide<P, Lane1> r = mul_wide(add_loose(a0, a1), add_loose(b0, b1));
  A::sub_wide_plain(r.v, r.v, x.v);
  A::sub_wide_plain(r.v, r.v, y.v);
  return r;
}

// 3 t - 2 z and 3 t + 2 z.
template <class P> COPROC_INLINE Fp<P, Lane1> three_minus_two(const Fp<P, Lane1> &t, const Fp<P, Lane1> &z) {
  if constexpr (requires { Arithmetic<P>::three_minus_two; }) {
    Fp<P, Lane1> r;
    Arithmetic<P>::three_minus_two(r.v, t.v, z.v);
    return r;
  } else {
    return dbl(t - z) + t;
  }
}
template <class P> COPROC_INLINE Fp<P, Lane1> three_plus_two(const Fp<P, Lane1> &t, const Fp<P, Lane1> &z) {
  if constexpr (requires { Arithmetic<P>::three_plus_two; }) {
    Fp<P, Lane1> r;
    Arithmetic<P>::three_plus_two(r.v, t.v, z.v);
    return r;
  } else {
    return dbl(t + z) + t;
  }
}

// k a for a small public k, by additions.
template <int k, class F> COPROC_INLINE F mul_small(const F &a) {
  static_assert(k >= 1);
  if constexpr (k == 1) return a;
  else if constexpr (k % 2 == 0) return mul_small<k / 2>(dbl(a));
  else return mul_small<k - 1>(a) + a;
}

COPROC_END
