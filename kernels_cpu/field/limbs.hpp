// Multi-limb integers and Montgomery arithmetic, portable, as templates over the limb.
//
// `Word` describes the limb: `T` holds a limb, `Wide` the product of two limbs plus two limbs, `BITS` its width. The kernels use
// Word64; the native tests instantiate the very same text with 4-bit limbs and enumerate every input.
//
// Ranges. "canonical" is [0, p). p leaves at least one bit of the top limb free, so a sum of two canonical values never overflows N
// limbs, and 4 p <= R for the base fields that use the wide forms, R = 2^(N BITS). A wide value (2N limbs) is kept in [0, p R).
#pragma once
#include "isa/config.hpp"

COPROC_BEGIN

struct Word64 {
  using T = u64;
  using Wide = u128;
  static constexpr int BITS = 64;
#if defined(__x86_64__) && defined(__GNUC__)
  // The compiler's own carry primitives (plain adc and sbb): it does not see a carry chain in sums of 128-bit integers.
  static COPROC_INLINE u64 add_carry(u64 a, u64 b, unsigned char &carry) {
    unsigned long long r;
    carry = __builtin_ia32_addcarryx_u64(carry, a, b, &r);
    return r;
  }
  static COPROC_INLINE u64 sub_borrow(u64 a, u64 b, unsigned char &borrow) {
    unsigned long long r;
    borrow = __builtin_ia32_sbb_u64(borrow, a, b, &r);
    return r;
  }
#endif
};

template <class Word, int N> struct Limbs {
  using T = typename Word::T;
  using Wide = typename Word::Wide;
  static constexpr int BITS = Word::BITS;
  static constexpr T MASK = static_cast<T>((Wide{1} << BITS) - 1);

  static COPROC_INLINE T low(Wide w) { return static_cast<T>(w & MASK); }
  static COPROC_INLINE T high(Wide w) { return static_cast<T>(w >> BITS); }

  // a + b + carry, a - b - borrow: the limb, and the carry or borrow (0 or 1) of the next.
  static COPROC_INLINE T add_carry(T a, T b, unsigned char &carry) {
    if constexpr (requires { Word::add_carry(a, b, carry); }) {
      return Word::add_carry(a, b, carry);
    } else {
      const Wide s = static_cast<Wide>(static_cast<Wide>(a) + b + carry);
      carry = static_cast<unsigned char>(high(s));
      return low(s);
    }
  }
  static COPROC_INLINE T sub_borrow(T a, T b, unsigned char &borrow) {
    if constexpr (requires { Word::sub_borrow(a, b, borrow); }) {
      return Word::sub_borrow(a, b, borrow);
    } else {
      const Wide d = static_cast<Wide>(static_cast<Wide>(a) - b - borrow);
      borrow = static_cast<unsigned char>(high(d) & 1);
      return low(d);
    }
  }

  // r = a + b over n limbs; returns the carry.
  template <int n = N> static COPROC_INLINE T add(T *r, const T *a, const T *b) {
    unsigned char carry = 0;
    for (int i = 0; i < n; i++) r[i] = add_carry(a[i], b[i], carry);
    return carry;
  }

  // r = a - b over n limbs; returns the borrow (0 or 1).
  template <int n = N> static COPROC_INLINE T sub(T *r, const T *a, const T *b) {
    unsigned char borrow = 0;
    for (int i = 0; i < n; i++) r[i] = sub_borrow(a[i], b[i], borrow);
    return borrow;
  }

  // r = m ? a : b
  static COPROC_INLINE void select(T *r, bool m, const T *a, const T *b) {
    const T k = static_cast<T>(T{0} - static_cast<T>(m)) & MASK;
    for (int i = 0; i < N; i++) r[i] = static_cast<T>(b[i] ^ ((a[i] ^ b[i]) & k));
  }

  // r = a mod p for a < 2p.
  static COPROC_INLINE void subtract_once(T *r, const T *a, const T *p) {
    T d[N];
    const T borrow = sub(d, a, p);
    select(r, borrow != 0, a, d);
  }

  static COPROC_INLINE void add_mod(T *r, const T *a, const T *b, const T *p) {
    T s[N];
    add(s, a, b);
    subtract_once(r, s, p);
  }

  static COPROC_INLINE void sub_mod(T *r, const T *a, const T *b, const T *p) {
    T d[N], e[N];
    const T borrow = sub(d, a, b);
    add(e, d, p);
    select(r, borrow != 0, e, d);
  }

  // The products a[i] b, low and high halves apart: the two carry chains that add them up are independent of the multiplier.
  static COPROC_INLINE void products(T *lo, T *hi, const T *a, T b) {
    for (int i = 0; i < N; i++) {
      const Wide s = static_cast<Wide>(static_cast<Wide>(a[i]) * b);
      lo[i] = low(s);
      hi[i] = high(s);
    }
  }

  // t[0..N] = a b.
  static COPROC_INLINE void mul_row(T *t, const T *a, T b) {
    T lo[N], hi[N];
    products(lo, hi, a, b);
    unsigned char carry = 0;
    t[0] = lo[0];
    for (int i = 1; i < N; i++) t[i] = add_carry(lo[i], hi[i - 1], carry);
    t[N] = static_cast<T>(hi[N - 1] + carry);
  }

  // One row of a product: t[0..N] = t[0..N-1] + a b, the high limb new.
  static COPROC_INLINE void mul_add_row(T *t, const T *a, T b) {
    T lo[N], hi[N];
    products(lo, hi, a, b);
    unsigned char carry = 0;
    for (int i = 0; i < N; i++) t[i] = add_carry(t[i], lo[i], carry);
    const T top = static_cast<T>(hi[N - 1] + carry); // the row is below 2^(BITS (N + 1)): no carry beyond
    carry = 0;
    for (int i = 1; i < N; i++) t[i] = add_carry(t[i], hi[i - 1], carry);
    t[N] = static_cast<T>(top + carry) & MASK;
  }

  // One Montgomery step: t = (t + m p) / 2^BITS with m = -t / p mod 2^BITS; `top` is added to the new top limb.
  static COPROC_INLINE void reduce_row(T *t, const T *p, T n0, T top) {
    T lo[N], hi[N];
    products(lo, hi, p, low(static_cast<Wide>(static_cast<Wide>(t[0]) * n0)));
    unsigned char carry = 0;
    add_carry(t[0], lo[0], carry); // the sum is 0: only its carry counts
    for (int i = 1; i < N; i++) t[i - 1] = add_carry(t[i], lo[i], carry);
    t[N - 1] = static_cast<T>(top + carry) & MASK;
    carry = 0;
    for (int i = 0; i < N; i++) t[i] = add_carry(t[i], hi[i], carry);
  }

  // r = a b / R mod p, interleaved. The top bit of p is free, so no step carries out of N + 1 limbs (the "no-carry" form).
  static COPROC_INLINE void mul_mont(T *r, const T *a, const T *b, const T *p, T n0) {
    T t[N + 1];
    mul_row(t, a, b[0]);
    reduce_row(t, p, n0, t[N]);
    for (int i = 1; i < N; i++) {
      mul_add_row(t, a, b[i]);
      reduce_row(t, p, n0, t[N]);
    }
    subtract_once(r, t, p);
  }

  // r[0..2N-1] = a b.
  static COPROC_INLINE void mul_wide(T *r, const T *a, const T *b) {
    T w[2 * N]; // apart from a and b for the compiler
    mul_row(w, a, b[0]);
    for (int i = 1; i < N; i++) mul_add_row(w + i, a, b[i]);
    for (int i = 0; i < 2 * N; i++) r[i] = w[i];
  }

  // r[0..2N-1] = a^2: products off the diagonal once, doubled, plus the squares.
  static COPROC_INLINE void sqr_wide(T *r, const T *a) {
    for (int i = 0; i < 2 * N; i++) r[i] = 0;
    for (int i = 0; i < N - 1; i++) {
      T carry = 0;
      for (int j = i + 1; j < N; j++) {
        Wide s = static_cast<Wide>(a[i]) * a[j] + r[i + j] + carry;
        r[i + j] = low(s);
        carry = high(s);
      }
      r[i + N] = carry;
    }
    T shifted = 0, carry = 0;
    for (int i = 0; i < N; i++) {
      const Wide sq = static_cast<Wide>(a[i]) * a[i];
      T lo = static_cast<T>((r[2 * i] << 1) & MASK) | shifted;
      shifted = static_cast<T>(r[2 * i] >> (BITS - 1));
      T hi = static_cast<T>((r[2 * i + 1] << 1) & MASK) | shifted;
      shifted = static_cast<T>(r[2 * i + 1] >> (BITS - 1));
      Wide s = static_cast<Wide>(lo) + low(sq) + carry;
      r[2 * i] = low(s);
      s = static_cast<Wide>(hi) + high(sq) + high(s);
      r[2 * i + 1] = low(s);
      carry = high(s);
    }
  }

  // r = w / R mod p for w < p R: (w_low + m p) / R <= p and w_high < p, so one subtraction is enough.
  static COPROC_INLINE void redc(T *r, const T *w, const T *p, T n0) {
    T t[N + 1];
    for (int i = 0; i < N; i++) t[i] = w[i];
    for (int i = 0; i < N; i++) reduce_row(t, p, n0, 0);
    T s[N];
    add(s, t, w + N);
    subtract_once(r, s, p);
  }

  static COPROC_INLINE void sqr_mont(T *r, const T *a, const T *p, T n0) {
    T w[2 * N];
    sqr_wide(w, a);
    redc(r, w, p, n0);
  }

  // Wide values modulo p R.
  static COPROC_INLINE void add_wide(T *r, const T *a, const T *b, const T *p) {
    T s[2 * N];
    add<2 * N>(s, a, b);
    for (int i = 0; i < N; i++) r[i] = s[i];
    subtract_once(r + N, s + N, p);
  }
  static COPROC_INLINE void sub_wide(T *r, const T *a, const T *b, const T *p) {
    T d[2 * N], e[N];
    const T borrow = sub<2 * N>(d, a, b);
    add(e, d + N, p);
    for (int i = 0; i < N; i++) r[i] = d[i];
    select(r + N, borrow != 0, e, d + N);
  }
  // r = a - b where a >= b as integers.
  static COPROC_INLINE void sub_wide_plain(T *r, const T *a, const T *b) { sub<2 * N>(r, a, b); }
};

COPROC_END
