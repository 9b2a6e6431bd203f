// Sequences of Montgomery squarings with mulx, adcx and adox: the bulk of every power, hence made for short latency.
//
// Row i of a square takes a_i (a_i + 2 a_(i+1) W + 2 a_(i+2) W^2 + ...), W = 2^64, so that it touches only the limbs from 2i on, and the
// reduction, which makes the critical path, need not wait for later rows. Two limbs are reduced at a time: m = t (-1/p) mod W^2 for the two
// lowest limbs t of the sum, then t += m p. With L the limbs of a that are through, the sum is (L (2a - L) + m p) / W^k < 2a + p.
//
// Between two squarings nothing is subtracted: a < 2p gives (a^2 + m p) / R < 4p^2/R + p < 2p, and the running sum stays below 5p. Both
// need R > 5p, which holds for the base fields (R > 5.2 p), not for the scalar fields.
//
// 2 a_j as row j - 1 takes it lacks the bit that comes from a_(j-1); the rows before take d_j, the limb of 2a. (a_0 has no part in d_1.)
#pragma once
#include "field/limbs_adx.hpp"

COPROC_BEGIN

// -1/p mod 2^128 beside p, as the assembly reads them: p, then two limbs. x -> x (2 - p x) doubles the number of right bits.
template <class P> struct SquaringModulus {
  static constexpr int N = P::LIMBS;
  static_assert(P::MODULUS[N - 1] < ~u64{0} / 5); // 5p < R
  u64 limbs[N + 2];
  constexpr SquaringModulus() : limbs{} {
    for (int i = 0; i < N; i++) limbs[i] = P::MODULUS[i];
    const u128 p = (static_cast<u128>(P::MODULUS[1]) << 64) | P::MODULUS[0];
    u128 x = u128{0} - P::N0;
    x *= 2 - p * x;
    x = u128{0} - x;
    limbs[N] = static_cast<u64>(x);
    limbs[N + 1] = static_cast<u64>(x >> 64);
  }
};

// clang-format off
#define COPROC_SQ_BEGIN(limb) "movq " limb "(%[w]), %%rdx\n\t xorl %%eax, %%eax\n\t"
// A row rdx (s0 + s1 W + ...) onto x0 x1 ...: low halves by OF, high halves, one limb later, by CF; the pending one is in A.
#define COPROC_SQ_FIRST(src, x) "mulxq " src ", %%rax, %[A]\n\t adoxq %%rax, %[" #x "]\n\t"
#define COPROC_SQ_STEP(src, x) "adcxq %[A], %[" #x "]\n\t mulxq " src ", %%rax, %[A]\n\t adoxq %%rax, %[" #x "]\n\t"
// The end: the last high half onto y, which holds something; or the last product with its high half as the new limb y.
#define COPROC_SQ_ONTO(y) "movl $0, %%eax\n\t adcxq %[A], %[" #y "]\n\t adoxq %%rax, %[" #y "]\n\t"
#define COPROC_SQ_NEW(src, x, y) \
  "adcxq %[A], %[" #x "]\n\t mulxq " src ", %%rax, %[" #y "]\n\t adoxq %%rax, %[" #x "]\n\t movl $0, %%eax\n\t adcxq %%rax, %[" #y "]\n\t adoxq %%rax, %[" #y "]\n\t"

// rdx = m0, B = m1 of the limbs (x0, x1); n0, n1: where -1/p lies.
#define COPROC_SQ_QUOTIENT(x0, x1, n0, n1) \
  "movq %[" #x0 "], %%rdx\n\t movq " n0 "(%[p]), %[A]\n\t imulq %[" #x1 "], %[A]\n\t mulxq " n0 "(%[p]), %%rax, %[B]\n\t imulq " n1 "(%[p]), %%rdx\n\t" \
  "addq %%rdx, %[B]\n\t movq %%rax, %%rdx\n\t addq %[A], %[B]\n\t xorl %%eax, %%eax\n\t"
// (x0..x7) += (m0 + m1 W) p, which clears x0 and x1.
#define COPROC_SQ_REDUCE_6(x0, x1, x2, x3, x4, x5, x6, x7) \
  COPROC_SQ_QUOTIENT(x0, x1, "48", "56") \
  COPROC_SQ_FIRST("0(%[p])", x0) COPROC_SQ_STEP("8(%[p])", x1) COPROC_SQ_STEP("16(%[p])", x2) COPROC_SQ_STEP("24(%[p])", x3) \
  COPROC_SQ_STEP("32(%[p])", x4) COPROC_SQ_STEP("40(%[p])", x5) COPROC_SQ_ONTO(x6) \
  "adcxq %%rax, %[" #x7 "]\n\t adoxq %%rax, %[" #x7 "]\n\t movq %[B], %%rdx\n\t xorl %%eax, %%eax\n\t" \
  COPROC_SQ_FIRST("0(%[p])", x1) COPROC_SQ_STEP("8(%[p])", x2) COPROC_SQ_STEP("16(%[p])", x3) COPROC_SQ_STEP("24(%[p])", x4) \
  COPROC_SQ_STEP("32(%[p])", x5) COPROC_SQ_STEP("40(%[p])", x6) COPROC_SQ_ONTO(x7)
// The same on four limbs.
#define COPROC_SQ_REDUCE_4(x0, x1, x2, x3, x4, x5) \
  COPROC_SQ_QUOTIENT(x0, x1, "32", "40") \
  COPROC_SQ_FIRST("0(%[p])", x0) COPROC_SQ_STEP("8(%[p])", x1) COPROC_SQ_STEP("16(%[p])", x2) COPROC_SQ_STEP("24(%[p])", x3) COPROC_SQ_ONTO(x4) \
  "adcxq %%rax, %[" #x5 "]\n\t adoxq %%rax, %[" #x5 "]\n\t movq %[B], %%rdx\n\t xorl %%eax, %%eax\n\t" \
  COPROC_SQ_FIRST("0(%[p])", x1) COPROC_SQ_STEP("8(%[p])", x2) COPROC_SQ_STEP("16(%[p])", x3) COPROC_SQ_STEP("24(%[p])", x4) COPROC_SQ_ONTO(x5)

// r = a^(2^n) in Montgomery form, n >= 1, a < 2p, r < p. p: SquaringModulus.
// w: a_0..a_5 at 0, 2 a_j mod W at 40 + 8j (j = 1..5), d_j at 72 + 8j (j = 3..5).
inline COPROC_NOINLINE void adx_sqr_times_6(u64 *r, const u64 *a, u64 n, const u64 *p) {
  u64 t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3], t4 = a[4], t5 = a[5], t6, t7, A, B;
  u64 buffer[15];
  u64 *w = buffer;
  __asm__ volatile(
      "1:\n\t"
      "movq %[t0], (%[w])\n\t movq %[t1], 8(%[w])\n\t movq %[t2], 16(%[w])\n\t movq %[t3], 24(%[w])\n\t movq %[t4], 32(%[w])\n\t movq %[t5], 40(%[w])\n\t"
      "leaq (%[t2],%[t2]), %%rax\n\t leaq (%[t3],%[t3]), %%rdx\n\t leaq (%[t4],%[t4]), %[A]\n\t leaq (%[t5],%[t5]), %[B]\n\t"
      "movq %%rax, 56(%[w])\n\t movq %%rdx, 64(%[w])\n\t movq %[A], 72(%[w])\n\t movq %[B], 80(%[w])\n\t movq %[t0], %%rdx\n\t"
      "addq %[t1], %[t1]\n\t adcq %[t2], %[t2]\n\t adcq %[t3], %[t3]\n\t adcq %[t4], %[t4]\n\t adcq %[t5], %[t5]\n\t"
      "movq %[t3], 96(%[w])\n\t movq %[t4], 104(%[w])\n\t movq %[t5], 112(%[w])\n\t"
      // rows 0 and 1
      "mulxq %%rdx, %[t0], %[A]\n\t mulxq %[t1], %[t1], %[B]\n\t addq %[A], %[t1]\n\t"
      "mulxq %[t2], %[t2], %[A]\n\t adcq %[B], %[t2]\n\t mulxq %[t3], %[t3], %[B]\n\t adcq %[A], %[t3]\n\t"
      "mulxq %[t4], %[t4], %[A]\n\t adcq %[B], %[t4]\n\t mulxq %[t5], %[t5], %[t6]\n\t adcq %[A], %[t5]\n\t adcq $0, %[t6]\n\t"
      COPROC_SQ_BEGIN("8") COPROC_SQ_FIRST("%%rdx", t2) COPROC_SQ_STEP("56(%[w])", t3) COPROC_SQ_STEP("96(%[w])", t4)
      COPROC_SQ_STEP("104(%[w])", t5) COPROC_SQ_NEW("112(%[w])", t6, t7)
      COPROC_SQ_REDUCE_6(t0, t1, t2, t3, t4, t5, t6, t7)
      // rows 2 and 3; t0 and t1, zero now, follow t7
      COPROC_SQ_BEGIN("16") COPROC_SQ_FIRST("%%rdx", t4) COPROC_SQ_STEP("64(%[w])", t5) COPROC_SQ_STEP("104(%[w])", t6)
      COPROC_SQ_NEW("112(%[w])", t7, t0)
      COPROC_SQ_BEGIN("24") COPROC_SQ_FIRST("%%rdx", t6) COPROC_SQ_STEP("72(%[w])", t7) COPROC_SQ_NEW("112(%[w])", t0, t1)
      COPROC_SQ_REDUCE_6(t2, t3, t4, t5, t6, t7, t0, t1)
      // rows 4 and 5
      COPROC_SQ_BEGIN("32") COPROC_SQ_FIRST("%%rdx", t0) COPROC_SQ_NEW("80(%[w])", t1, t2)
      COPROC_SQ_BEGIN("40") "mulxq %%rdx, %%rax, %[t3]\n\t addq %%rax, %[t2]\n\t adcq $0, %[t3]\n\t"
      COPROC_SQ_REDUCE_6(t4, t5, t6, t7, t0, t1, t2, t3)
      "movq %[t3], %[t5]\n\t movq %[t2], %[t4]\n\t movq %[t1], %[t3]\n\t movq %[t0], %[t2]\n\t movq %[t7], %[t1]\n\t movq %[t6], %[t0]\n\t"
      "decq %[n]\n\t jnz 1b\n\t"
      // t mod p
      "movq %[t0], %[t6]\n\t subq (%[p]), %[t6]\n\t movq %[t1], %[t7]\n\t sbbq 8(%[p]), %[t7]\n\t movq %[t2], %[A]\n\t sbbq 16(%[p]), %[A]\n\t"
      "movq %[t3], %[B]\n\t sbbq 24(%[p]), %[B]\n\t movq %[t4], %%rax\n\t sbbq 32(%[p]), %%rax\n\t movq %[t5], %%rdx\n\t sbbq 40(%[p]), %%rdx\n\t"
      "cmovncq %[t6], %[t0]\n\t cmovncq %[t7], %[t1]\n\t cmovncq %[A], %[t2]\n\t cmovncq %[B], %[t3]\n\t cmovncq %%rax, %[t4]\n\t cmovncq %%rdx, %[t5]\n\t"
      : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [t4] "+&r"(t4), [t5] "+&r"(t5), [t6] "=&r"(t6), [t7] "=&r"(t7),
        [A] "=&r"(A), [B] "=&r"(B), [n] "+m"(n)
      : [w] "r"(w), [p] "r"(p)
      : "rax", "rdx", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3, r[4] = t4, r[5] = t5;
}

// The same on four limbs. w: a_0..a_3 at 0, 2 a_j mod W at 24 + 8j (j = 1..3), d_3 at 64.
inline COPROC_NOINLINE void adx_sqr_times_4(u64 *r, const u64 *a, u64 n, const u64 *p) {
  u64 t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3], t4, t5, A, B;
  u64 buffer[9];
  u64 *w = buffer;
  __asm__ volatile(
      "1:\n\t"
      "movq %[t0], (%[w])\n\t movq %[t1], 8(%[w])\n\t movq %[t2], 16(%[w])\n\t movq %[t3], 24(%[w])\n\t"
      "leaq (%[t2],%[t2]), %%rax\n\t leaq (%[t3],%[t3]), %[A]\n\t movq %%rax, 40(%[w])\n\t movq %[A], 48(%[w])\n\t movq %[t0], %%rdx\n\t"
      "addq %[t1], %[t1]\n\t adcq %[t2], %[t2]\n\t adcq %[t3], %[t3]\n\t movq %[t3], 64(%[w])\n\t"
      "mulxq %%rdx, %[t0], %[A]\n\t mulxq %[t1], %[t1], %[B]\n\t addq %[A], %[t1]\n\t"
      "mulxq %[t2], %[t2], %[A]\n\t adcq %[B], %[t2]\n\t mulxq %[t3], %[t3], %[t4]\n\t adcq %[A], %[t3]\n\t adcq $0, %[t4]\n\t"
      COPROC_SQ_BEGIN("8") COPROC_SQ_FIRST("%%rdx", t2) COPROC_SQ_STEP("40(%[w])", t3) COPROC_SQ_NEW("64(%[w])", t4, t5)
      COPROC_SQ_REDUCE_4(t0, t1, t2, t3, t4, t5)
      COPROC_SQ_BEGIN("16") COPROC_SQ_FIRST("%%rdx", t4) COPROC_SQ_NEW("48(%[w])", t5, t0)
      COPROC_SQ_BEGIN("24") "mulxq %%rdx, %%rax, %[t1]\n\t addq %%rax, %[t0]\n\t adcq $0, %[t1]\n\t"
      COPROC_SQ_REDUCE_4(t2, t3, t4, t5, t0, t1)
      "movq %[t1], %[t3]\n\t movq %[t0], %[t2]\n\t movq %[t5], %[t1]\n\t movq %[t4], %[t0]\n\t"
      "decq %[n]\n\t jnz 1b\n\t"
      "movq %[t0], %[t4]\n\t subq (%[p]), %[t4]\n\t movq %[t1], %[t5]\n\t sbbq 8(%[p]), %[t5]\n\t movq %[t2], %[A]\n\t sbbq 16(%[p]), %[A]\n\t"
      "movq %[t3], %[B]\n\t sbbq 24(%[p]), %[B]\n\t cmovncq %[t4], %[t0]\n\t cmovncq %[t5], %[t1]\n\t cmovncq %[A], %[t2]\n\t cmovncq %[B], %[t3]\n\t"
      : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [t4] "=&r"(t4), [t5] "=&r"(t5), [A] "=&r"(A), [B] "=&r"(B), [n] "+m"(n)
      : [w] "r"(w), [p] "r"(p)
      : "rax", "rdx", "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3;
}
#undef COPROC_SQ_BEGIN
#undef COPROC_SQ_FIRST
#undef COPROC_SQ_STEP
#undef COPROC_SQ_ONTO
#undef COPROC_SQ_NEW
#undef COPROC_SQ_QUOTIENT
#undef COPROC_SQ_REDUCE_6
#undef COPROC_SQ_REDUCE_4
// clang-format on

COPROC_END
