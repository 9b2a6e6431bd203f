// Inversion by the divsteps of Bernstein and Yang ("safegcd", eprint 2019/266), variable time, 62 steps at a time.
//
// (f, g) starts at (p, a) and (d, e) at (0, 1), with d a = f and e a = g mod p throughout. 62 division steps depend on the lowest 62
// bits of f and g alone; they are collected in a matrix t with (f, g) <- t (f, g) / 2^62 exactly and (d, e) <- t (d, e) / 2^62 mod p.
// At the end g = 0 and f = +-1, so d = +-1/a. Numbers are signed, in limbs of 62 bits.
#pragma once
#include "field/fp2.hpp"

COPROC_BEGIN

struct DivstepMatrix {
  i64 u, v, q, r;
};

// 62 division steps on the low words; eta = -delta. Several zero bits of g are cancelled at once with a multiple of f.
inline i64 divsteps_62_var(i64 eta, u64 f, u64 g, DivstepMatrix &t) {
  u64 u = 1, v = 0, q = 0, r = 1;
  int left = 62;
  for (;;) {
    const int zeros = __builtin_ctzll(g | (~u64{0} << left));
    g >>= zeros, u <<= zeros, v <<= zeros;
    eta -= zeros, left -= zeros;
    if (left == 0) break;
    u64 w, mask;
    if (eta < 0) {
      eta = -eta;
      const u64 f1 = f, u1 = u, v1 = v;
      f = g, g = u64{0} - f1, u = q, q = u64{0} - u1, v = r, r = u64{0} - v1;
      // w = -g / f mod 2^6: f (f^2 - 2) = -1/f mod 2^6 for odd f
      const int limit = eta + 1 > left ? left : static_cast<int>(eta + 1);
      mask = (~u64{0} >> (64 - limit)) & 63;
      w = (f * g * (f * f - 2)) & mask;
    } else {
      // w = -g / f mod 2^4: f + 2 ((f + 1) & 4) = 1/f mod 2^4
      const int limit = eta + 1 > left ? left : static_cast<int>(eta + 1);
      mask = (~u64{0} >> (64 - limit)) & 15;
      w = f + (((f + 1) & 4) << 1);
      w = ((u64{0} - w) * g) & mask;
    }
    g += f * w, q += u * w, r += v * w;
  }
  t = {static_cast<i64>(u), static_cast<i64>(v), static_cast<i64>(q), static_cast<i64>(r)};
  return eta;
}

template <class P> struct SafeGcd {
  static constexpr int LEN = (P::BITS + 2 + 61) / 62;
  static constexpr u64 M62 = ~u64{0} >> 2;
  // 1/p mod 2^62
  static constexpr u64 P_INVERSE = (u64{0} - P::N0) & M62;

  struct Signed62 {
    i64 v[LEN];
  };

  static constexpr Signed62 split(const u64 *a) {
    Signed62 r{};
    for (int i = 0; i < LEN; i++) {
      const int bit = 62 * i, word = bit / 64, shift = bit % 64;
      u64 x = word < P::LIMBS ? a[word] >> shift : 0;
      if (shift > 2 && word + 1 < P::LIMBS) x |= a[word + 1] << (64 - shift);
      r.v[i] = static_cast<i64>(x & M62);
    }
    return r;
  }
  static void join(const Signed62 &a, u64 *r) {
    for (int w = 0; w < P::LIMBS; w++) r[w] = 0;
    for (int i = 0; i < LEN; i++) {
      const int bit = 62 * i, word = bit / 64, shift = bit % 64;
      const u64 x = static_cast<u64>(a.v[i]);
      if (word < P::LIMBS) r[word] |= x << shift;
      if (shift > 2 && word + 1 < P::LIMBS) r[word + 1] |= x >> (64 - shift);
    }
  }
  static constexpr Signed62 MODULUS = split(P::MODULUS);

  // (d, e) <- t (d, e) / 2^62 mod p; d and e stay in (-2p, p).
  static void update_de(Signed62 &d, Signed62 &e, const DivstepMatrix &t) {
    const i64 sd = d.v[LEN - 1] >> 63, se = e.v[LEN - 1] >> 63;
    // multiples of p that bring negative d, e back and make the sums divisible by 2^62
    i64 md = (t.u & sd) + (t.v & se), me = (t.q & sd) + (t.r & se);
    i128 cd = static_cast<i128>(t.u) * d.v[0] + static_cast<i128>(t.v) * e.v[0];
    i128 ce = static_cast<i128>(t.q) * d.v[0] + static_cast<i128>(t.r) * e.v[0];
    md -= static_cast<i64>((P_INVERSE * static_cast<u64>(cd) + static_cast<u64>(md)) & M62);
    me -= static_cast<i64>((P_INVERSE * static_cast<u64>(ce) + static_cast<u64>(me)) & M62);
    cd += static_cast<i128>(MODULUS.v[0]) * md;
    ce += static_cast<i128>(MODULUS.v[0]) * me;
    cd >>= 62, ce >>= 62;
    for (int i = 1; i < LEN; i++) {
      cd += static_cast<i128>(t.u) * d.v[i] + static_cast<i128>(t.v) * e.v[i] + static_cast<i128>(MODULUS.v[i]) * md;
      ce += static_cast<i128>(t.q) * d.v[i] + static_cast<i128>(t.r) * e.v[i] + static_cast<i128>(MODULUS.v[i]) * me;
      d.v[i - 1] = static_cast<i64>(static_cast<u64>(cd) & M62);
      e.v[i - 1] = static_cast<i64>(static_cast<u64>(ce) & M62);
      cd >>= 62, ce >>= 62;
    }
    d.v[LEN - 1] = static_cast<i64>(cd);
    e.v[LEN - 1] = static_cast<i64>(ce);
  }

  static void update_fg(int len, Signed62 &f, Signed62 &g, const DivstepMatrix &t) {
    i128 cf = static_cast<i128>(t.u) * f.v[0] + static_cast<i128>(t.v) * g.v[0];
    i128 cg = static_cast<i128>(t.q) * f.v[0] + static_cast<i128>(t.r) * g.v[0];
    cf >>= 62, cg >>= 62;
    for (int i = 1; i < len; i++) {
      cf += static_cast<i128>(t.u) * f.v[i] + static_cast<i128>(t.v) * g.v[i];
      cg += static_cast<i128>(t.q) * f.v[i] + static_cast<i128>(t.r) * g.v[i];
      f.v[i - 1] = static_cast<i64>(static_cast<u64>(cf) & M62);
      g.v[i - 1] = static_cast<i64>(static_cast<u64>(cg) & M62);
      cf >>= 62, cg >>= 62;
    }
    f.v[len - 1] = static_cast<i64>(cf);
    g.v[len - 1] = static_cast<i64>(cg);
  }

  static void add_modulus_if(Signed62 &a, bool yes) {
    i64 carry = 0;
    for (int i = 0; i < LEN; i++) {
      const i64 s = a.v[i] + (yes ? MODULUS.v[i] : 0) + carry;
      a.v[i] = i < LEN - 1 ? static_cast<i64>(static_cast<u64>(s) & M62) : s;
      carry = s >> 62;
    }
  }
  static void negate_if(Signed62 &a, bool yes) {
    i64 carry = 0;
    for (int i = 0; i < LEN; i++) {
      const i64 s = (yes ? -a.v[i] : a.v[i]) + carry;
      a.v[i] = i < LEN - 1 ? static_cast<i64>(static_cast<u64>(s) & M62) : s;
      carry = s >> 62;
    }
  }

  // r = 1/a mod p for plain a in [0, p); 0 for a = 0.
  static COPROC_NOINLINE void run(u64 *r, const u64 *a) {
    Signed62 d{}, e{}, f = MODULUS, g = split(a);
    e.v[0] = 1;
    i64 eta = -1;
    int len = LEN;
    for (;;) {
      DivstepMatrix t;
      eta = divsteps_62_var(eta, static_cast<u64>(f.v[0]) | (static_cast<u64>(f.v[1]) << 62),
                            static_cast<u64>(g.v[0]) | (static_cast<u64>(g.v[1]) << 62), t);
      update_de(d, e, t);
      update_fg(len, f, g, t);
      i64 any = 0;
      for (int i = 0; i < len; i++) any |= g.v[i];
      if (any == 0) break;
      // drop the top limb where it is only the sign of both
      const i64 fn = f.v[len - 1], gn = g.v[len - 1];
      if (len > 2 && ((fn ^ (fn >> 63)) | (gn ^ (gn >> 63))) == 0) {
        f.v[len - 2] |= static_cast<i64>(static_cast<u64>(fn) << 62);
        g.v[len - 2] |= static_cast<i64>(static_cast<u64>(gn) << 62);
        len--;
      }
    }
    // d in (-2p, p) is +-1/a with the sign of f
    add_modulus_if(d, d.v[LEN - 1] < 0);
    negate_if(d, f.v[len - 1] < 0);
    add_modulus_if(d, d.v[LEN - 1] < 0);
    join(d, r);
  }
};

// 1/a; 0 for a = 0. The routine inverts a R; two multiplications by R^2 give a^-1 R.
template <class P> COPROC_NOINLINE Fp<P, Lane1> inverse(const Fp<P, Lane1> &a) {
  using F = Fp<P, Lane1>;
  F r;
  SafeGcd<P>::run(r.v, a.v);
  const F r2 = F::load(P::R2);
  return (r * r2) * r2;
}

// conj(a) / norm(a)
template <class F> COPROC_NOINLINE Fp2<F> inverse(const Fp2<F> &a) {
  const F d = inverse(norm(a));
  return {a.c0 * d, -(a.c1 * d)};
}

// Inverts n elements in place with one inversion (Montgomery's trick); zeros stay zero. scratch: n elements.
template <class F> COPROC_NOINLINE void batch_inverse(F *a, usize n, F *scratch) {
  F product = F::one();
  for (usize i = 0; i < n; i++) {
    scratch[i] = product;
    const F next = product * a[i];
    product = select(is_zero(a[i]), product, next);
  }
  F inv = inverse(product);
  for (usize i = n; i-- > 0;) {
    const auto zero = is_zero(a[i]);
    const F r = inv * scratch[i], next = inv * a[i];
    inv = select(zero, inv, next);
    a[i] = select(zero, a[i], r);
  }
}

COPROC_END
