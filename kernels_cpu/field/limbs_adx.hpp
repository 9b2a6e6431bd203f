// Montgomery arithmetic on 4 and 6 limbs with mulx, adcx and adox: two carry chains run at once, one for the low and one for the high
// halves of the products. gcc does not emit adcx/adox from intrinsics, hence inline assembly, one function a limb count and operation.
//
// The algorithms are those of limbs.hpp, limb for limb; the native tests compare the two on edge values and at random.
// Register plan of the multiplications: t0.. the running sum, A its new top limb, rax and rdx scratch, rdx the multiplier of mulx.
#pragma once
#include "isa/config.hpp"

COPROC_BEGIN

// clang-format off

// rdx = limb `b`; CF = OF = 0.
#define COPROC_ROW_BEGIN(b) "movq " b ", %%rdx\n\t xorl %%eax, %%eax\n\t"

// (lo, hi) = rdx * [src]: `in` += carry chain CF, then `acc` += lo by OF, hi moves on in A.
#define COPROC_MULADD_FIRST(src, acc) "mulxq " src ", %%rax, %[A]\n\t adoxq %%rax, " acc "\n\t"
#define COPROC_MULADD(src, acc) "adcxq %[A], " acc "\n\t mulxq " src ", %%rax, %[A]\n\t adoxq %%rax, " acc "\n\t"
#define COPROC_MULADD_END "movl $0, %%eax\n\t adcxq %%rax, %[A]\n\t adoxq %%rax, %[A]\n\t"

// m = t0 * n0; t = (t + m p) / 2^64 with the new top limb taking A: t[j-1] = t[j] + low(m p[j]) + high(m p[j-1]) + carries.
#define COPROC_REDUCE_BEGIN(n0) "movq " n0 ", %%rdx\n\t imulq %[t0], %%rdx\n\t xorl %%eax, %%eax\n\t"
#define COPROC_REDUCE_FIRST "mulxq (%[p]), %%rax, %[B]\n\t adcxq %[t0], %%rax\n\t movq %[B], %[t0]\n\t"
#define COPROC_REDUCE(src, lower, upper) "adcxq " upper ", " lower "\n\t mulxq " src ", %%rax, " upper "\n\t adoxq %%rax, " lower "\n\t"
#define COPROC_REDUCE_END(top) "movl $0, %%eax\n\t adcxq %%rax, " top "\n\t adoxq %[A], " top "\n\t"
#define COPROC_REDUCE_END_FREE(top) "movl $0, %%eax\n\t adcxq %%rax, " top "\n\t adoxq %%rax, " top "\n\t"

#define COPROC_REDUCE_6(end) \
  COPROC_REDUCE_BEGIN("48(%[p])") COPROC_REDUCE_FIRST \
  COPROC_REDUCE("8(%[p])", "%[t0]", "%[t1]") COPROC_REDUCE("16(%[p])", "%[t1]", "%[t2]") COPROC_REDUCE("24(%[p])", "%[t2]", "%[t3]") \
  COPROC_REDUCE("32(%[p])", "%[t3]", "%[t4]") COPROC_REDUCE("40(%[p])", "%[t4]", "%[t5]") end("%[t5]")
#define COPROC_REDUCE_4(end) \
  COPROC_REDUCE_BEGIN("32(%[p])") COPROC_REDUCE_FIRST \
  COPROC_REDUCE("8(%[p])", "%[t0]", "%[t1]") COPROC_REDUCE("16(%[p])", "%[t1]", "%[t2]") COPROC_REDUCE("24(%[p])", "%[t2]", "%[t3]") end("%[t3]")

// The first row of a product: nothing to add to yet.
#define COPROC_ROW_FIRST_6 \
  "movq (%[b]), %%rdx\n\t mulxq (%[a]), %[t0], %[t1]\n\t mulxq 8(%[a]), %%rax, %[t2]\n\t addq %%rax, %[t1]\n\t" \
  "mulxq 16(%[a]), %%rax, %[t3]\n\t adcq %%rax, %[t2]\n\t mulxq 24(%[a]), %%rax, %[t4]\n\t adcq %%rax, %[t3]\n\t" \
  "mulxq 32(%[a]), %%rax, %[t5]\n\t adcq %%rax, %[t4]\n\t mulxq 40(%[a]), %%rax, %[A]\n\t adcq %%rax, %[t5]\n\t adcq $0, %[A]\n\t"
#define COPROC_ROW_6(i) \
  COPROC_ROW_BEGIN(i "(%[b])") COPROC_MULADD_FIRST("(%[a])", "%[t0]") COPROC_MULADD("8(%[a])", "%[t1]") COPROC_MULADD("16(%[a])", "%[t2]") \
  COPROC_MULADD("24(%[a])", "%[t3]") COPROC_MULADD("32(%[a])", "%[t4]") COPROC_MULADD("40(%[a])", "%[t5]") COPROC_MULADD_END
#define COPROC_ROW_FIRST_4 \
  "movq (%[b]), %%rdx\n\t mulxq (%[a]), %[t0], %[t1]\n\t mulxq 8(%[a]), %%rax, %[t2]\n\t addq %%rax, %[t1]\n\t" \
  "mulxq 16(%[a]), %%rax, %[t3]\n\t adcq %%rax, %[t2]\n\t mulxq 24(%[a]), %%rax, %[A]\n\t adcq %%rax, %[t3]\n\t adcq $0, %[A]\n\t"
#define COPROC_ROW_4(i) \
  COPROC_ROW_BEGIN(i "(%[b])") COPROC_MULADD_FIRST("(%[a])", "%[t0]") COPROC_MULADD("8(%[a])", "%[t1]") COPROC_MULADD("16(%[a])", "%[t2]") \
  COPROC_MULADD("24(%[a])", "%[t3]") COPROC_MULADD_END

// t mod p for t < 2p; a, b, A, B, rax, rdx hold the difference.
#define COPROC_SUBTRACT_ONCE_6 \
  "movq %[t0], %[a]\n\t subq (%[p]), %[a]\n\t movq %[t1], %[b]\n\t sbbq 8(%[p]), %[b]\n\t movq %[t2], %[A]\n\t sbbq 16(%[p]), %[A]\n\t" \
  "movq %[t3], %[B]\n\t sbbq 24(%[p]), %[B]\n\t movq %[t4], %%rax\n\t sbbq 32(%[p]), %%rax\n\t movq %[t5], %%rdx\n\t sbbq 40(%[p]), %%rdx\n\t" \
  "cmovncq %[a], %[t0]\n\t cmovncq %[b], %[t1]\n\t cmovncq %[A], %[t2]\n\t cmovncq %[B], %[t3]\n\t cmovncq %%rax, %[t4]\n\t cmovncq %%rdx, %[t5]\n\t"
#define COPROC_SUBTRACT_ONCE_4 \
  "movq %[t0], %[a]\n\t subq (%[p]), %[a]\n\t movq %[t1], %[b]\n\t sbbq 8(%[p]), %[b]\n\t movq %[t2], %[A]\n\t sbbq 16(%[p]), %[A]\n\t" \
  "movq %[t3], %[B]\n\t sbbq 24(%[p]), %[B]\n\t cmovncq %[a], %[t0]\n\t cmovncq %[b], %[t1]\n\t cmovncq %[A], %[t2]\n\t cmovncq %[B], %[t3]\n\t"

// One row of a wide product over a rotating window: w0.. += [a] * rdx, the new top limb in `top`.
#define COPROC_WIDE_STEP(src, low, high) "mulxq " src ", %%rax, %[A]\n\t adcxq %%rax, " low "\n\t adoxq %[A], " high "\n\t"
#define COPROC_WIDE_LAST(src, low, top) "mulxq " src ", %%rax, " top "\n\t adcxq %%rax, " low "\n\t movl $0, %%eax\n\t adoxq %%rax, " top "\n\t adcxq %%rax, " top "\n\t"
#define COPROC_WIDE_ROW_6(i, w0, w1, w2, w3, w4, w5, w6) \
  COPROC_ROW_BEGIN(i "(%[b])") COPROC_WIDE_STEP("(%[a])", w0, w1) COPROC_WIDE_STEP("8(%[a])", w1, w2) COPROC_WIDE_STEP("16(%[a])", w2, w3) \
  COPROC_WIDE_STEP("24(%[a])", w3, w4) COPROC_WIDE_STEP("32(%[a])", w4, w5) COPROC_WIDE_LAST("40(%[a])", w5, w6) "movq " w0 ", " i "(%[r])\n\t"
#define COPROC_WIDE_ROW_4(i, w0, w1, w2, w3, w4) \
  COPROC_ROW_BEGIN(i "(%[b])") COPROC_WIDE_STEP("(%[a])", w0, w1) COPROC_WIDE_STEP("8(%[a])", w1, w2) COPROC_WIDE_STEP("16(%[a])", w2, w3) \
  COPROC_WIDE_LAST("24(%[a])", w3, w4) "movq " w0 ", " i "(%[r])\n\t"

// p holds the modulus, then n0 = -1/p mod 2^64.
inline COPROC_NOINLINE void adx_mul_6(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, t4, t5, A, B;
  __asm__ volatile(COPROC_ROW_FIRST_6 COPROC_REDUCE_6(COPROC_REDUCE_END) COPROC_ROW_6("8") COPROC_REDUCE_6(COPROC_REDUCE_END)
          COPROC_ROW_6("16") COPROC_REDUCE_6(COPROC_REDUCE_END) COPROC_ROW_6("24") COPROC_REDUCE_6(COPROC_REDUCE_END)
          COPROC_ROW_6("32") COPROC_REDUCE_6(COPROC_REDUCE_END) COPROC_ROW_6("40") COPROC_REDUCE_6(COPROC_REDUCE_END) COPROC_SUBTRACT_ONCE_6
          : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [t5] "=&r"(t5), [A] "=&r"(A), [B] "=&r"(B),
            [a] "+&r"(a), [b] "+&r"(b)
          : [p] "r"(p)
          : "rax", "rdx", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3, r[4] = t4, r[5] = t5;
}

inline COPROC_NOINLINE void adx_mul_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, A, B;
  __asm__ volatile(COPROC_ROW_FIRST_4 COPROC_REDUCE_4(COPROC_REDUCE_END) COPROC_ROW_4("8") COPROC_REDUCE_4(COPROC_REDUCE_END)
          COPROC_ROW_4("16") COPROC_REDUCE_4(COPROC_REDUCE_END) COPROC_ROW_4("24") COPROC_REDUCE_4(COPROC_REDUCE_END) COPROC_SUBTRACT_ONCE_4
          : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [A] "=&r"(A), [B] "=&r"(B), [a] "+&r"(a), [b] "+&r"(b)
          : [p] "r"(p)
          : "rax", "rdx", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3;
}

inline COPROC_NOINLINE void adx_mul_wide_6(u64 *r, const u64 *a, const u64 *b) {
  u64 t0, t1, t2, t3, t4, t5, t6, A;
  __asm__ volatile("movq (%[b]), %%rdx\n\t mulxq (%[a]), %[t0], %[t1]\n\t mulxq 8(%[a]), %%rax, %[t2]\n\t addq %%rax, %[t1]\n\t"
          "mulxq 16(%[a]), %%rax, %[t3]\n\t adcq %%rax, %[t2]\n\t mulxq 24(%[a]), %%rax, %[t4]\n\t adcq %%rax, %[t3]\n\t"
          "mulxq 32(%[a]), %%rax, %[t5]\n\t adcq %%rax, %[t4]\n\t mulxq 40(%[a]), %%rax, %[t6]\n\t adcq %%rax, %[t5]\n\t adcq $0, %[t6]\n\t"
          "movq %[t0], (%[r])\n\t"
          COPROC_WIDE_ROW_6("8", "%[t1]", "%[t2]", "%[t3]", "%[t4]", "%[t5]", "%[t6]", "%[t0]")
          COPROC_WIDE_ROW_6("16", "%[t2]", "%[t3]", "%[t4]", "%[t5]", "%[t6]", "%[t0]", "%[t1]")
          COPROC_WIDE_ROW_6("24", "%[t3]", "%[t4]", "%[t5]", "%[t6]", "%[t0]", "%[t1]", "%[t2]")
          COPROC_WIDE_ROW_6("32", "%[t4]", "%[t5]", "%[t6]", "%[t0]", "%[t1]", "%[t2]", "%[t3]")
          COPROC_WIDE_ROW_6("40", "%[t5]", "%[t6]", "%[t0]", "%[t1]", "%[t2]", "%[t3]", "%[t4]")
          "movq %[t6], 48(%[r])\n\t movq %[t0], 56(%[r])\n\t movq %[t1], 64(%[r])\n\t"
          "movq %[t2], 72(%[r])\n\t movq %[t3], 80(%[r])\n\t movq %[t4], 88(%[r])\n\t"
          : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [t5] "=&r"(t5), [t6] "=&r"(t6), [A] "=&r"(A)
          : [r] "r"(r), [a] "r"(a), [b] "r"(b)
          : "rax", "rdx", "cc", "memory");
}

inline COPROC_NOINLINE void adx_mul_wide_4(u64 *r, const u64 *a, const u64 *b) {
  u64 t0, t1, t2, t3, t4, A;
  __asm__ volatile("movq (%[b]), %%rdx\n\t mulxq (%[a]), %[t0], %[t1]\n\t mulxq 8(%[a]), %%rax, %[t2]\n\t addq %%rax, %[t1]\n\t"
          "mulxq 16(%[a]), %%rax, %[t3]\n\t adcq %%rax, %[t2]\n\t mulxq 24(%[a]), %%rax, %[t4]\n\t adcq %%rax, %[t3]\n\t adcq $0, %[t4]\n\t"
          "movq %[t0], (%[r])\n\t"
          COPROC_WIDE_ROW_4("8", "%[t1]", "%[t2]", "%[t3]", "%[t4]", "%[t0]")
          COPROC_WIDE_ROW_4("16", "%[t2]", "%[t3]", "%[t4]", "%[t0]", "%[t1]")
          COPROC_WIDE_ROW_4("24", "%[t3]", "%[t4]", "%[t0]", "%[t1]", "%[t2]")
          "movq %[t4], 32(%[r])\n\t movq %[t0], 40(%[r])\n\t movq %[t1], 48(%[r])\n\t movq %[t2], 56(%[r])\n\t"
          : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [A] "=&r"(A)
          : [r] "r"(r), [a] "r"(a), [b] "r"(b)
          : "rax", "rdx", "cc", "memory");
}

// Montgomery reduction of 2N limbs below p R: the low half N times, then the high half added.
inline COPROC_NOINLINE void adx_redc_6(u64 *r, const u64 *w, const u64 *p) {
  u64 t0 = w[0], t1 = w[1], t2 = w[2], t3 = w[3], t4 = w[4], t5 = w[5], A, B, b;
  __asm__ volatile(COPROC_REDUCE_6(COPROC_REDUCE_END_FREE) COPROC_REDUCE_6(COPROC_REDUCE_END_FREE) COPROC_REDUCE_6(COPROC_REDUCE_END_FREE)
          COPROC_REDUCE_6(COPROC_REDUCE_END_FREE) COPROC_REDUCE_6(COPROC_REDUCE_END_FREE) COPROC_REDUCE_6(COPROC_REDUCE_END_FREE)
          "addq 48(%[a]), %[t0]\n\t adcq 56(%[a]), %[t1]\n\t adcq 64(%[a]), %[t2]\n\t adcq 72(%[a]), %[t3]\n\t"
          "adcq 80(%[a]), %[t4]\n\t adcq 88(%[a]), %[t5]\n\t" COPROC_SUBTRACT_ONCE_6
          : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [t4] "+&r"(t4), [t5] "+&r"(t5), [A] "=&r"(A), [B] "=&r"(B),
            [b] "=&r"(b), [a] "+&r"(w)
          : [p] "r"(p)
          : "rax", "rdx", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3, r[4] = t4, r[5] = t5;
}

inline COPROC_NOINLINE void adx_redc_4(u64 *r, const u64 *w, const u64 *p) {
  u64 t0 = w[0], t1 = w[1], t2 = w[2], t3 = w[3], A, B, b;
  __asm__ volatile(COPROC_REDUCE_4(COPROC_REDUCE_END_FREE) COPROC_REDUCE_4(COPROC_REDUCE_END_FREE) COPROC_REDUCE_4(COPROC_REDUCE_END_FREE)
          COPROC_REDUCE_4(COPROC_REDUCE_END_FREE)
          "addq 32(%[a]), %[t0]\n\t adcq 40(%[a]), %[t1]\n\t adcq 48(%[a]), %[t2]\n\t adcq 56(%[a]), %[t3]\n\t" COPROC_SUBTRACT_ONCE_4
          : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [A] "=&r"(A), [B] "=&r"(B), [b] "=&r"(b), [a] "+&r"(w)
          : [p] "r"(p)
          : "rax", "rdx", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3;
}

// a^2: the 15 products off the diagonal, then doubled (CF chain) while the six squares are added (OF chain).
#define COPROC_SQR_OUT(i, x) "movq " x ", " i "(%[r])\n\t"
#define COPROC_SQR_DIAGONAL(src, i, even, j, odd) \
  "movq " src ", %%rdx\n\t mulxq %%rdx, %%rax, %[A]\n\t adcxq " even ", " even "\n\t adoxq %%rax, " even "\n\t" \
  "adcxq " odd ", " odd "\n\t adoxq %[A], " odd "\n\t" COPROC_SQR_OUT(i, even) COPROC_SQR_OUT(j, odd)
inline COPROC_NOINLINE void adx_sqr_wide_6(u64 *r, const u64 *a) {
  // s1 .. s10 are the limbs 1 .. 10 of the sum; s1 and s2 wait in r until they are doubled.
  u64 s3, s4, s5, s6, s7, s8, s9, s10, A;
  __asm__ volatile("movq (%[a]), %%rdx\n\t mulxq 8(%[a]), %[s9], %[s10]\n\t mulxq 16(%[a]), %%rax, %[s3]\n\t addq %%rax, %[s10]\n\t"
          "mulxq 24(%[a]), %%rax, %[s4]\n\t adcq %%rax, %[s3]\n\t mulxq 32(%[a]), %%rax, %[s5]\n\t adcq %%rax, %[s4]\n\t"
          "mulxq 40(%[a]), %%rax, %[s6]\n\t adcq %%rax, %[s5]\n\t adcq $0, %[s6]\n\t" COPROC_SQR_OUT("8", "%[s9]") COPROC_SQR_OUT("16", "%[s10]")
          COPROC_ROW_BEGIN("8(%[a])") COPROC_WIDE_STEP("16(%[a])", "%[s3]", "%[s4]") COPROC_WIDE_STEP("24(%[a])", "%[s4]", "%[s5]")
          COPROC_WIDE_STEP("32(%[a])", "%[s5]", "%[s6]") COPROC_WIDE_LAST("40(%[a])", "%[s6]", "%[s7]")
          COPROC_ROW_BEGIN("16(%[a])") COPROC_WIDE_STEP("24(%[a])", "%[s5]", "%[s6]") COPROC_WIDE_STEP("32(%[a])", "%[s6]", "%[s7]")
          COPROC_WIDE_LAST("40(%[a])", "%[s7]", "%[s8]")
          COPROC_ROW_BEGIN("24(%[a])") COPROC_WIDE_STEP("32(%[a])", "%[s7]", "%[s8]") COPROC_WIDE_LAST("40(%[a])", "%[s8]", "%[s9]")
          COPROC_ROW_BEGIN("32(%[a])") COPROC_WIDE_LAST("40(%[a])", "%[s9]", "%[s10]")
          // CF = OF = 0 after the last row, whose top limb cannot carry
          "xorl %%eax, %%eax\n\t"
          "movq (%[a]), %%rdx\n\t mulxq %%rdx, %%rax, %[A]\n\t" COPROC_SQR_OUT("0", "%%rax")
          "movq 8(%[r]), %%rax\n\t adcxq %%rax, %%rax\n\t adoxq %[A], %%rax\n\t" COPROC_SQR_OUT("8", "%%rax")
          "movq 8(%[a]), %%rdx\n\t mulxq %%rdx, %%rdx, %[A]\n\t movq 16(%[r]), %%rax\n\t adcxq %%rax, %%rax\n\t adoxq %%rdx, %%rax\n\t" COPROC_SQR_OUT("16", "%%rax")
          "adcxq %[s3], %[s3]\n\t adoxq %[A], %[s3]\n\t" COPROC_SQR_OUT("24", "%[s3]")
          COPROC_SQR_DIAGONAL("16(%[a])", "32", "%[s4]", "40", "%[s5]") COPROC_SQR_DIAGONAL("24(%[a])", "48", "%[s6]", "56", "%[s7]")
          COPROC_SQR_DIAGONAL("32(%[a])", "64", "%[s8]", "72", "%[s9]")
          "movq 40(%[a]), %%rdx\n\t mulxq %%rdx, %%rax, %[A]\n\t adcxq %[s10], %[s10]\n\t adoxq %%rax, %[s10]\n\t" COPROC_SQR_OUT("80", "%[s10]")
          "movl $0, %%eax\n\t adcxq %%rax, %[A]\n\t adoxq %%rax, %[A]\n\t" COPROC_SQR_OUT("88", "%[A]")
          : [s3] "=&r"(s3), [s4] "=&r"(s4), [s5] "=&r"(s5), [s6] "=&r"(s6), [s7] "=&r"(s7), [s8] "=&r"(s8), [s9] "=&r"(s9),
            [s10] "=&r"(s10), [A] "=&r"(A)
          : [r] "r"(r), [a] "r"(a)
          : "rax", "rdx", "cc", "memory");
}

inline COPROC_NOINLINE void adx_sqr_wide_4(u64 *r, const u64 *a) {
  u64 s1, s2, s3, s4, s5, s6, A;
  __asm__ volatile("movq (%[a]), %%rdx\n\t mulxq 8(%[a]), %[s1], %[s2]\n\t mulxq 16(%[a]), %%rax, %[s3]\n\t addq %%rax, %[s2]\n\t"
          "mulxq 24(%[a]), %%rax, %[s4]\n\t adcq %%rax, %[s3]\n\t adcq $0, %[s4]\n\t"
          COPROC_ROW_BEGIN("8(%[a])") COPROC_WIDE_STEP("16(%[a])", "%[s3]", "%[s4]") COPROC_WIDE_LAST("24(%[a])", "%[s4]", "%[s5]")
          COPROC_ROW_BEGIN("16(%[a])") COPROC_WIDE_LAST("24(%[a])", "%[s5]", "%[s6]")
          "xorl %%eax, %%eax\n\t"
          "movq (%[a]), %%rdx\n\t mulxq %%rdx, %%rax, %[A]\n\t" COPROC_SQR_OUT("0", "%%rax")
          "adcxq %[s1], %[s1]\n\t adoxq %[A], %[s1]\n\t" COPROC_SQR_OUT("8", "%[s1]")
          COPROC_SQR_DIAGONAL("8(%[a])", "16", "%[s2]", "24", "%[s3]") COPROC_SQR_DIAGONAL("16(%[a])", "32", "%[s4]", "40", "%[s5]")
          "movq 24(%[a]), %%rdx\n\t mulxq %%rdx, %%rax, %[A]\n\t adcxq %[s6], %[s6]\n\t adoxq %%rax, %[s6]\n\t" COPROC_SQR_OUT("48", "%[s6]")
          "movl $0, %%eax\n\t adcxq %%rax, %[A]\n\t adoxq %%rax, %[A]\n\t" COPROC_SQR_OUT("56", "%[A]")
          : [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3), [s4] "=&r"(s4), [s5] "=&r"(s5), [s6] "=&r"(s6), [A] "=&r"(A)
          : [r] "r"(r), [a] "r"(a)
          : "rax", "rdx", "cc", "memory");
}
// clang-format on

COPROC_END
