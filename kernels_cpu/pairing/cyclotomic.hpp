// The cyclotomic subgroup of Fp12*: squaring after Granger and Scott (eprint 2009/565), powers by the curve parameters.
#pragma once
#include "pairing/spread.hpp"

COPROC_BEGIN

// (a + b s)^2 in Fp4 = Fp2[s] / (s^2 - xi): (a^2 + xi b^2, 2 a b). Where xi is cheap, two products replace three squares:
// a^2 + xi b^2 = (a + b)(a + xi b) - ab - xi ab.
template <class F2> COPROC_INLINE void fp4_sqr(const F2 &a, const F2 &b, F2 &r0, F2 &r1) {
  if constexpr (F2::XI_RE == 1) {
    const F2 m = a * b, n = (a + b) * (a + mul_by_nonresidue(b));
    r0 = n - (m + mul_by_nonresidue(m));
    r1 = dbl(m);
  } else {
    const F2 x = sqr(a), y = sqr(b);
    r1 = sqr(a + b) - (x + y);
    r0 = mul_by_nonresidue(y) + x;
  }
}

template <class F6> COPROC_NOINLINE Fp12<F6> cyclotomic_sqr(const Fp12<F6> &f) {
  using F2 = typename F6::Base;
  F2 t0, t1, t2, t3, t4, t5;
  fp4_sqr(f.c0.c0, f.c1.c1, t0, t1);
  fp4_sqr(f.c1.c0, f.c0.c2, t2, t3);
  fp4_sqr(f.c0.c1, f.c1.c2, t4, t5);
  t5 = mul_by_nonresidue(t5);
  return {{three_minus_two(t0, f.c0.c0), three_minus_two(t2, f.c0.c1), three_minus_two(t4, f.c0.c2)},
          {three_plus_two(t5, f.c1.c0), three_plus_two(t1, f.c1.c1), three_plus_two(t3, f.c1.c2)}};
}

template <class F12> COPROC_INLINE F12 cyclotomic_sqr_times(F12 f, int n) {
  for (int i = 0; i < n; i++) f = cyclotomic_sqr(f);
  return f;
}

// Compressed squaring (Karabina, eprint 2010/542): with f = (z0 + z1 s) + (z2 + z3 s) t + (z4 + z5 s) t^2, t^3 = s, s^2 = xi, the
// coordinates z2 .. z5 of a square depend on z2 .. z5 alone: two squarings in Fp4 instead of three.
template <class F2> struct Compressed {
  F2 z2, z3, z4, z5;
};

template <class F2> COPROC_NOINLINE Compressed<F2> compressed_sqr(const Compressed<F2> &f) {
  F2 t2, t3, t4, t5;
  fp4_sqr(f.z2, f.z3, t2, t3);
  fp4_sqr(f.z4, f.z5, t4, t5);
  t5 = mul_by_nonresidue(t5);
  return {three_plus_two(t5, f.z2), three_minus_two(t4, f.z3), three_minus_two(t2, f.z4), three_plus_two(t3, f.z5)};
}

// z1 = (xi z5^2 + 3 z4^2 - 2 z3) / (4 z2), z0 = xi (2 z1^2 + z2 z5 - 3 z3 z4) + 1; inv = 1 / (4 z2).
template <class F2> COPROC_NOINLINE Fp12<Fp6<F2>> decompress(const Compressed<F2> &f, const F2 &inv) {
  const F2 a = sqr(f.z4);
  const F2 z1 = (mul_by_nonresidue(sqr(f.z5)) + (a + dbl(a - f.z3))) * inv;
  const F2 b = f.z3 * f.z4;
  const F2 z0 = mul_by_nonresidue(dbl(sqr(z1) - b) + (f.z2 * f.z5 - b)) + F2::one();
  return {{z0, f.z4, f.z3}, {f.z2, z1, f.z5}};
}

// f^|x|, |x| = 0xd201000000010000 = 2^63 + 2^62 + 2^60 + 2^57 + 2^48 + 2^16, square by square; for any f of the cyclotomic subgroup.
template <class F12> COPROC_NOINLINE F12 cyclotomic_pow_x_plain(const F12 &f) {
  auto r = cyclotomic_sqr(f) * f;      // 11
  r = cyclotomic_sqr_times(r, 2) * f;  // 1101
  r = cyclotomic_sqr_times(r, 3) * f;  // 1101001
  r = cyclotomic_sqr_times(r, 9) * f;  // ... 2^48
  r = cyclotomic_sqr_times(r, 32) * f; // ... 2^16
  return cyclotomic_sqr_times(r, 16);
}

// The same from compressed squares: f^(2^16), f^(2^48), ..., f^(2^63) are decompressed with one inversion and multiplied.
template <class F6> COPROC_NOINLINE Fp12<F6> cyclotomic_pow_x(const Fp12<F6> &f) {
  using F2 = typename F6::Base;
  constexpr int BITS[6] = {16, 48, 57, 60, 62, 63};
  Compressed<F2> c{f.c1.c0, f.c0.c2, f.c0.c1, f.c1.c2}, powers[6];
  F2 denominators[6], scratch[6];
  for (int i = 0, done = 0; i < 6; i++) {
    for (; done < BITS[i]; done++) c = compressed_sqr(c);
    powers[i] = c;
    denominators[i] = mul_small<4>(c.z2);
  }
  // z2 = 0 somewhere (the image of 1, say): nothing can be decompressed
  auto exceptional = is_zero(powers[0].z2);
  for (int i = 1; i < 6; i++) exceptional = exceptional | is_zero(powers[i].z2);
  if (all(exceptional)) return cyclotomic_pow_x_plain(f);
  batch_inverse(denominators, 6, scratch);
  auto r = decompress(powers[0], denominators[0]);
  for (int i = 1; i < 6; i++) r = r * decompress(powers[i], denominators[i]);
  return any(exceptional) ? select(exceptional, cyclotomic_pow_x_plain(f), r) : r;
}

#if COPROC_LANES
// Across the lanes a full square is not dear enough for an inversion.
template <class P> COPROC_INLINE Spread12<P> cyclotomic_pow_x(const Spread12<P> &f) { return cyclotomic_pow_x_plain(f); }
#endif

// f^z, z = 4965661367192848881: signed windows of odd powers up to 7.
template <class F12> COPROC_NOINLINE F12 cyclotomic_pow_z(const F12 &f) {
  // digits from the least significant, width 4: every non-zero digit is odd and in [-7, 7]
  struct Digits {
    signed char d[66];
    int n;
    constexpr Digits() : d{}, n(0) {
      u128 k = constants::bn254::Z;
      while (k) {
        int c = 0;
        if (k & 1) {
          c = static_cast<int>(k & 15);
          if (c > 7) c -= 16;
          k -= static_cast<u128>(static_cast<__int128_t>(c));
        }
        d[n++] = static_cast<signed char>(c);
        k >>= 1;
      }
    }
  };
  static constexpr Digits digits{};
  const auto f2 = cyclotomic_sqr(f);
  F12 odd[4];
  odd[0] = f;
  for (int i = 1; i < 4; i++) odd[i] = odd[i - 1] * f2;
  int i = digits.n - 1;
  auto r = odd[digits.d[i] / 2];
  for (i--; i >= 0; i--) {
    r = cyclotomic_sqr(r);
    const int d = digits.d[i];
    if (d > 0) r = r * odd[d / 2];
    if (d < 0) r = r * conj(odd[-d / 2]);
  }
  return r;
}

COPROC_END
