// A scalar as a quotient of two numbers of half its length: c = (-1)^negative a / b modulo the order of JubJub.
//
// Remainders A_i of Euclid's algorithm on (r, c) satisfy A_i = (-1)^(i+1) t_i c mod r with t_i <= r / A_(i-1). Stopping at the first
// A_i below 2^126 leaves both below 2^127. The steps are done on the leading 64 bits as long as these decide the quotients (Lehmer,
// with Jebelean's condition), and then on the numbers. [Antipa05]
#pragma once
#include "field/fp_plain.hpp"

COPROC_BEGIN

struct HalfScalar {
  u64 a[2], b[2];
  bool negative;
};

class HalfEuclid {
  static constexpr int TARGET = 126;
  u64 A[4], B[4]; // consecutive remainders, A >= B
  u128 tA = 0, tB = 1;
  bool odd = true; // whether B is an odd-numbered remainder

  static int bits(const u64 *x) {
    for (int i = 3; i >= 0; i--)
      if (x[i]) return 64 * i + 64 - __builtin_clzll(x[i]);
    return 0;
  }
  // 64 bits of x from bit `shift` on.
  static u64 window(const u64 *x, int shift) {
    const int i = shift / 64, k = shift % 64;
    return k == 0 || i == 3 ? x[i] >> k : (x[i] >> k) | (x[i + 1] << (64 - k));
  }
  // r = m x - n y >= 0 for m, n below 2^32.
  static void combine(u64 *r, const u64 *x, u64 m, const u64 *y, u64 n) {
    u64 carry_x = 0, carry_y = 0, borrow = 0;
    for (int i = 0; i < 4; i++) {
      const u128 p = static_cast<u128>(x[i]) * m + carry_x, q = static_cast<u128>(y[i]) * n + carry_y;
      carry_x = static_cast<u64>(p >> 64), carry_y = static_cast<u64>(q >> 64);
      const u128 d = static_cast<u128>(static_cast<u64>(p)) - static_cast<u64>(q) - borrow;
      r[i] = static_cast<u64>(d);
      borrow = static_cast<u64>(d >> 64) & 1;
    }
  }

  // Some steps on the leading bits; false where these do not decide even one.
  bool leading_steps() {
    const int shift = bits(A) - 64;
    const u64 target = shift < TARGET ? u64{1} << (TARGET - shift) : 0;
    u64 a = window(A, shift), b = window(B, shift), u0 = 1, v0 = 0, u1 = 0, v1 = 1;
    bool steps_odd = false, any = false;
    while (b != 0 && b >= target) {
      const u64 q = a / b, rest = a - q * b;
      if (q >> 32) break;
      const u64 u2 = u0 + q * u1, v2 = v0 + q * v1;
      if (v2 >> 32 || rest < v2 || b - rest < v1 + v2) break;
      a = b, b = rest, u0 = u1, v0 = v1, u1 = u2, v1 = v2;
      steps_odd = !steps_odd, any = true;
    }
    if (!any) return false;
    u64 next_a[4], next_b[4];
    if (steps_odd) combine(next_a, B, v0, A, u0), combine(next_b, A, u1, B, v1);
    else combine(next_a, A, u0, B, v0), combine(next_b, B, v1, A, u1);
    for (int i = 0; i < 4; i++) A[i] = next_a[i], B[i] = next_b[i];
    const u128 t = u0 * tA + v0 * tB;
    tB = u1 * tA + v1 * tB;
    tA = t;
    odd ^= steps_odd;
    return true;
  }

  // One exact step, by shifts and subtractions.
  void division_step() {
    while (!less(A, B, 4)) {
      int s = bits(A) - bits(B);
      u64 d[4];
      for (;; s--) {
        for (int i = 3; i >= 0; i--) {
          const int from = i - s / 64;
          d[i] = from < 0 ? 0 : B[from] << (s % 64);
          if (s % 64 && from > 0) d[i] |= B[from - 1] >> (64 - s % 64);
        }
        if (!less(A, d, 4)) break;
      }
      Limbs<Word64, 4>::sub(A, A, d);
      tA += tB << s;
    }
    for (int i = 0; i < 4; i++) {
      const u64 x = A[i];
      A[i] = B[i], B[i] = x;
    }
    const u128 t = tA;
    tA = tB, tB = t;
    odd = !odd;
  }

 public:
  // c below r.
  explicit HalfEuclid(const u64 *c) {
    for (int i = 0; i < 4; i++) A[i] = constants::jubjub::Fr::MODULUS[i], B[i] = c[i];
    while (bits(B) > TARGET)
      if (!leading_steps()) division_step();
  }
  HalfScalar result() const { return {{B[0], B[1]}, {static_cast<u64>(tB), static_cast<u64>(tB >> 64)}, !odd}; }
};

COPROC_END
