// Small linear combinations with one reduction at the end: 3t - 2z, 3t + 2z (cyclotomic squaring) and 9a - b, 9a + b (xi = 9 + u).
//
// The combination v is taken as an integer below 10 p; q <= v / p is read off its top bits with a reciprocal of p rounded down, one too
// small at most, q p comes from a table, and one conditional subtraction finishes.
#pragma once
#include "field/limbs_adx_add.hpp"

COPROC_BEGIN

// The modulus as the assembly reads it: p, n0 = -1/p mod 2^64, the reciprocal, then 0, p, 2p, ..., 10p modulo 2^(64 N).
// The reciprocal is floor(2^S / (h(p) + 1)) for h(v) = v >> (64 N - 32) and S = 60 (six limbs), h(v) = v >> 240 and S = 32 (four).
template <class P> struct AdxModulus {
  static constexpr int N = P::LIMBS;
  u64 limbs[N + 2 + 11 * N];
  constexpr AdxModulus() : limbs{} {
    for (int i = 0; i < N; i++) limbs[i] = P::MODULUS[i];
    limbs[N] = P::N0;
    limbs[N + 1] = N == 6 ? (u64{1} << 60) / ((P::MODULUS[N - 1] >> 32) + 1) : (u64{1} << 32) / ((P::MODULUS[N - 1] >> 48) + 1);
    for (int k = 1; k <= 10; k++) {
      u64 carry = 0;
      for (int i = 0; i < N; i++) {
        const u128 s = static_cast<u128>(limbs[N + 2 + (k - 1) * N + i]) + P::MODULUS[i] + carry;
        limbs[N + 2 + k * N + i] = static_cast<u64>(s);
        carry = static_cast<u64>(s >> 64);
      }
    }
  }
};

// clang-format off

// t -= q p, then once more if needed. rax: q in units of table rows when the block begins.
#define COPROC_QUOTIENT_6 \
  "movq %[t5], %%rax\n\t shrq $32, %%rax\n\t imulq 56(%[p]), %%rax\n\t shrq $60, %%rax\n\t leaq (%%rax,%%rax,2), %%rax\n\t shlq $4, %%rax\n\t" \
  "leaq 64(%[p],%%rax), %%rax\n\t" \
  "subq (%%rax), %[t0]\n\t sbbq 8(%%rax), %[t1]\n\t sbbq 16(%%rax), %[t2]\n\t sbbq 24(%%rax), %[t3]\n\t sbbq 32(%%rax), %[t4]\n\t sbbq 40(%%rax), %[t5]\n\t" \
  COPROC_ONCE_6
// The same on four limbs with the fifth in rax.
#define COPROC_QUOTIENT_4 \
  "shldq $16, %[t3], %%rax\n\t imulq 40(%[p]), %%rax\n\t shrq $32, %%rax\n\t shlq $5, %%rax\n\t leaq 48(%[p],%%rax), %%rax\n\t" \
  "subq (%%rax), %[t0]\n\t sbbq 8(%%rax), %[t1]\n\t sbbq 16(%%rax), %[t2]\n\t sbbq 24(%%rax), %[t3]\n\t" COPROC_ONCE_4

#define COPROC_ADD_TWO_P_6 \
  "addq 160(%[p]), %[t0]\n\t adcq 168(%[p]), %[t1]\n\t adcq 176(%[p]), %[t2]\n\t adcq 184(%[p]), %[t3]\n\t adcq 192(%[p]), %[t4]\n\t adcq 200(%[p]), %[t5]\n\t"
#define COPROC_ADD_TWO_P_4 "addq 112(%[p]), %[t0]\n\t adcq 120(%[p]), %[t1]\n\t adcq 128(%[p]), %[t2]\n\t adcq 136(%[p]), %[t3]\n\t"

// r = 3 t - 2 z for a = t, b = z: below 5 p, which fits the limbs (R > 5.2 p for the base fields).
inline COPROC_NOINLINE void adx_three_minus_two_6(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, t4, t5, s0, s1, s2, s3;
  __asm__ volatile(COPROC_EXPAND_LOAD_6("a", COPROC_LOW_6) COPROC_EXPAND_OP_6("addq", "adcq", "a", COPROC_LOW_6)
                   COPROC_EXPAND_OP_6("addq", "adcq", "a", COPROC_LOW_6) COPROC_ADD_TWO_P_6
                   COPROC_EXPAND_OP_6("subq", "sbbq", "b", COPROC_LOW_6) COPROC_EXPAND_OP_6("subq", "sbbq", "b", COPROC_LOW_6) COPROC_QUOTIENT_6
                   : COPROC_OPERANDS_6 : [p] "r"(p) : "rax", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3, r[4] = t4, r[5] = t5;
}
inline COPROC_NOINLINE void adx_three_plus_two_6(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, t4, t5, s0, s1, s2, s3;
  __asm__ volatile(COPROC_EXPAND_LOAD_6("a", COPROC_LOW_6) COPROC_EXPAND_OP_6("addq", "adcq", "b", COPROC_LOW_6)
                   "addq %[t0], %[t0]\n\t adcq %[t1], %[t1]\n\t adcq %[t2], %[t2]\n\t adcq %[t3], %[t3]\n\t adcq %[t4], %[t4]\n\t adcq %[t5], %[t5]\n\t"
                   COPROC_EXPAND_OP_6("addq", "adcq", "a", COPROC_LOW_6) COPROC_QUOTIENT_6
                   : COPROC_OPERANDS_6 : [p] "r"(p) : "rax", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3, r[4] = t4, r[5] = t5;
}
inline COPROC_NOINLINE void adx_three_minus_two_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, s0, s1;
  __asm__ volatile(COPROC_LOAD_4("0", "8", "16", "24") "addq %[t0], %[t0]\n\t adcq %[t1], %[t1]\n\t adcq %[t2], %[t2]\n\t adcq %[t3], %[t3]\n\t"
                   "addq (%[a]), %[t0]\n\t adcq 8(%[a]), %[t1]\n\t adcq 16(%[a]), %[t2]\n\t adcq 24(%[a]), %[t3]\n\t" COPROC_ADD_TWO_P_4
                   COPROC_OP_4("subq", "sbbq", "0", "8", "16", "24") COPROC_OP_4("subq", "sbbq", "0", "8", "16", "24") "xorl %%eax, %%eax\n\t" COPROC_QUOTIENT_4
                   : COPROC_OPERANDS_4 : [p] "r"(p) : "rax", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3;
}
inline COPROC_NOINLINE void adx_three_plus_two_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, s0, s1;
  __asm__ volatile(COPROC_LOAD_4("0", "8", "16", "24") COPROC_OP_4("addq", "adcq", "0", "8", "16", "24")
                   "addq %[t0], %[t0]\n\t adcq %[t1], %[t1]\n\t adcq %[t2], %[t2]\n\t adcq %[t3], %[t3]\n\t"
                   "addq (%[a]), %[t0]\n\t adcq 8(%[a]), %[t1]\n\t adcq 16(%[a]), %[t2]\n\t adcq 24(%[a]), %[t3]\n\t xorl %%eax, %%eax\n\t" COPROC_QUOTIENT_4
                   : COPROC_OPERANDS_4 : [p] "r"(p) : "rax", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3;
}

// t (with the fifth limb in rax) = 8 t
#define COPROC_TIMES_8_4 \
  "movq %[t3], %%rax\n\t shrq $61, %%rax\n\t shldq $3, %[t2], %[t3]\n\t shldq $3, %[t1], %[t2]\n\t shldq $3, %[t0], %[t1]\n\t shlq $3, %[t0]\n\t"
#define COPROC_PLUS_4(op, next, src, o0, o1, o2, o3) \
  op " " o0 "(%[" src "]), %[t0]\n\t" next " " o1 "(%[" src "]), %[t1]\n\t" next " " o2 "(%[" src "]), %[t2]\n\t" next " " o3 "(%[" src "]), %[t3]\n\t" next " $0, %%rax\n\t"

inline COPROC_NOINLINE void adx_nine_minus_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, s0, s1;
  __asm__ volatile(COPROC_LOAD_4("0", "8", "16", "24") COPROC_TIMES_8_4 COPROC_PLUS_4("addq", "adcq", "a", "0", "8", "16", "24")
                   COPROC_PLUS_4("addq", "adcq", "p", "0", "8", "16", "24") COPROC_PLUS_4("subq", "sbbq", "b", "0", "8", "16", "24") COPROC_QUOTIENT_4
                   : COPROC_OPERANDS_4 : [p] "r"(p) : "rax", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3;
}
inline COPROC_NOINLINE void adx_nine_plus_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, s0, s1;
  __asm__ volatile(COPROC_LOAD_4("0", "8", "16", "24") COPROC_TIMES_8_4 COPROC_PLUS_4("addq", "adcq", "a", "0", "8", "16", "24")
                   COPROC_PLUS_4("addq", "adcq", "b", "0", "8", "16", "24") COPROC_QUOTIENT_4
                   : COPROC_OPERANDS_4 : [p] "r"(p) : "rax", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3;
}

// The same on wide values modulo p R: 8 a limb by limb from the top (high half in t, rax), the low half through memory.
#define COPROC_WIDE_TIMES_8_HIGH \
  COPROC_LOAD_4("32", "40", "48", "56") "movq %[t3], %%rax\n\t shrq $61, %%rax\n\t shldq $3, %[t2], %[t3]\n\t shldq $3, %[t1], %[t2]\n\t shldq $3, %[t0], %[t1]\n\t" \
  "movq 24(%[a]), %[s0]\n\t shldq $3, %[s0], %[t0]\n\t"
// the low half of 8 a into r[0..3], from the top; s0 holds a[3]
#define COPROC_WIDE_TIMES_8_LOW \
  "movq 16(%[a]), %[s1]\n\t shldq $3, %[s1], %[s0]\n\t movq %[s0], 24(%[r])\n\t movq 8(%[a]), %[s0]\n\t shldq $3, %[s0], %[s1]\n\t movq %[s1], 16(%[r])\n\t" \
  "movq (%[a]), %[s1]\n\t shldq $3, %[s1], %[s0]\n\t movq %[s0], 8(%[r])\n\t shlq $3, %[s1]\n\t movq %[s1], (%[r])\n\t"
#define COPROC_LOW_THROUGH(op, next, src) \
  "movq (%[" src "]), %[s0]\n\t" op " %[s0], (%[r])\n\t movq 8(%[" src "]), %[s0]\n\t" next " %[s0], 8(%[r])\n\t" \
  "movq 16(%[" src "]), %[s0]\n\t" next " %[s0], 16(%[r])\n\t movq 24(%[" src "]), %[s0]\n\t" next " %[s0], 24(%[r])\n\t"

inline COPROC_NOINLINE void adx_nine_minus_wide_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, s0, s1;
  u64 *const high = r + 4;
  __asm__ volatile(COPROC_WIDE_TIMES_8_HIGH COPROC_WIDE_TIMES_8_LOW COPROC_LOW_THROUGH("addq", "adcq", "a")
                   COPROC_PLUS_4("adcq", "adcq", "a", "32", "40", "48", "56") COPROC_PLUS_4("addq", "adcq", "p", "0", "8", "16", "24")
                   COPROC_LOW_THROUGH("subq", "sbbq", "b") COPROC_PLUS_4("sbbq", "sbbq", "b", "32", "40", "48", "56") COPROC_QUOTIENT_4
                   : COPROC_OPERANDS_4 : [p] "r"(p), [r] "r"(r) : "rax", "cc", "memory");
  high[0] = t0, high[1] = t1, high[2] = t2, high[3] = t3;
}
inline COPROC_NOINLINE void adx_nine_plus_wide_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, s0, s1;
  u64 *const high = r + 4;
  __asm__ volatile(COPROC_WIDE_TIMES_8_HIGH COPROC_WIDE_TIMES_8_LOW COPROC_LOW_THROUGH("addq", "adcq", "a")
                   COPROC_PLUS_4("adcq", "adcq", "a", "32", "40", "48", "56")
                   COPROC_LOW_THROUGH("addq", "adcq", "b") COPROC_PLUS_4("adcq", "adcq", "b", "32", "40", "48", "56") COPROC_QUOTIENT_4
                   : COPROC_OPERANDS_4 : [p] "r"(p), [r] "r"(r) : "rax", "cc", "memory");
  high[0] = t0, high[1] = t1, high[2] = t2, high[3] = t3;
}
// clang-format on

COPROC_END
