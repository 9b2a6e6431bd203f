// Additions and subtractions modulo p, and modulo p R for wide values, on 4 and 6 limbs: carry chains that gcc does not emit well.
#pragma once
#include "isa/config.hpp"

COPROC_BEGIN

// clang-format off
#define COPROC_LOAD_6(src, o0, o1, o2, o3, o4, o5) \
  "movq " o0 "(%[" src "]), %[t0]\n\t movq " o1 "(%[" src "]), %[t1]\n\t movq " o2 "(%[" src "]), %[t2]\n\t" \
  "movq " o3 "(%[" src "]), %[t3]\n\t movq " o4 "(%[" src "]), %[t4]\n\t movq " o5 "(%[" src "]), %[t5]\n\t"
#define COPROC_OP_6(first, next, src, o0, o1, o2, o3, o4, o5) \
  first " " o0 "(%[" src "]), %[t0]\n\t" next " " o1 "(%[" src "]), %[t1]\n\t" next " " o2 "(%[" src "]), %[t2]\n\t" \
  next " " o3 "(%[" src "]), %[t3]\n\t" next " " o4 "(%[" src "]), %[t4]\n\t" next " " o5 "(%[" src "]), %[t5]\n\t"
#define COPROC_LOW_6 "0", "8", "16", "24", "32", "40"
#define COPROC_HIGH_6 "48", "56", "64", "72", "80", "88"
#define COPROC_EXPAND_LOAD_6(src, ...) COPROC_LOAD_6(src, __VA_ARGS__)
#define COPROC_EXPAND_OP_6(first, next, src, ...) COPROC_OP_6(first, next, src, __VA_ARGS__)

// One limb of a long chain through memory: r[o] = a[o] op b[o]; mov keeps the flags.
#define COPROC_THROUGH(op, o) "movq " o "(%[a]), %%rax\n\t" op " " o "(%[b]), %%rax\n\t movq %%rax, " o "(%[r])\n\t"

// t < 2p: t mod p; s0..s5 scratch.
#define COPROC_ONCE_6 \
  "movq %[t0], %[s0]\n\t subq (%[p]), %[s0]\n\t movq %[t1], %[s1]\n\t sbbq 8(%[p]), %[s1]\n\t movq %[t2], %[s2]\n\t sbbq 16(%[p]), %[s2]\n\t" \
  "movq %[t3], %[s3]\n\t sbbq 24(%[p]), %[s3]\n\t movq %[t4], %[a]\n\t sbbq 32(%[p]), %[a]\n\t movq %[t5], %[b]\n\t sbbq 40(%[p]), %[b]\n\t" \
  "cmovncq %[s0], %[t0]\n\t cmovncq %[s1], %[t1]\n\t cmovncq %[s2], %[t2]\n\t cmovncq %[s3], %[t3]\n\t cmovncq %[a], %[t4]\n\t cmovncq %[b], %[t5]\n\t"
#define COPROC_ONCE_4 \
  "movq %[t0], %[s0]\n\t subq (%[p]), %[s0]\n\t movq %[t1], %[s1]\n\t sbbq 8(%[p]), %[s1]\n\t movq %[t2], %[a]\n\t sbbq 16(%[p]), %[a]\n\t" \
  "movq %[t3], %[b]\n\t sbbq 24(%[p]), %[b]\n\t cmovncq %[s0], %[t0]\n\t cmovncq %[s1], %[t1]\n\t cmovncq %[a], %[t2]\n\t cmovncq %[b], %[t3]\n\t"

// After a subtraction that left CF = borrow: t += borrow ? p : 0; s0..s3, a, b scratch.
#define COPROC_BACK_6 \
  "movl $0, %k[s0]\n\t movl $0, %k[s1]\n\t movl $0, %k[s2]\n\t movl $0, %k[s3]\n\t movl $0, %k[a]\n\t movl $0, %k[b]\n\t" \
  "cmovcq (%[p]), %[s0]\n\t cmovcq 8(%[p]), %[s1]\n\t cmovcq 16(%[p]), %[s2]\n\t cmovcq 24(%[p]), %[s3]\n\t cmovcq 32(%[p]), %[a]\n\t cmovcq 40(%[p]), %[b]\n\t" \
  "addq %[s0], %[t0]\n\t adcq %[s1], %[t1]\n\t adcq %[s2], %[t2]\n\t adcq %[s3], %[t3]\n\t adcq %[a], %[t4]\n\t adcq %[b], %[t5]\n\t"
#define COPROC_BACK_4 \
  "movl $0, %k[s0]\n\t movl $0, %k[s1]\n\t movl $0, %k[a]\n\t movl $0, %k[b]\n\t" \
  "cmovcq (%[p]), %[s0]\n\t cmovcq 8(%[p]), %[s1]\n\t cmovcq 16(%[p]), %[a]\n\t cmovcq 24(%[p]), %[b]\n\t" \
  "addq %[s0], %[t0]\n\t adcq %[s1], %[t1]\n\t adcq %[a], %[t2]\n\t adcq %[b], %[t3]\n\t"

#define COPROC_OPERANDS_6 \
  [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [t5] "=&r"(t5), [s0] "=&r"(s0), [s1] "=&r"(s1), \
  [s2] "=&r"(s2), [s3] "=&r"(s3), [a] "+&r"(a), [b] "+&r"(b)
#define COPROC_OPERANDS_4 \
  [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [s0] "=&r"(s0), [s1] "=&r"(s1), [a] "+&r"(a), [b] "+&r"(b)

inline COPROC_NOINLINE void adx_add_6(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, t4, t5, s0, s1, s2, s3;
  __asm__ volatile(COPROC_EXPAND_LOAD_6("a", COPROC_LOW_6) COPROC_EXPAND_OP_6("addq", "adcq", "b", COPROC_LOW_6) COPROC_ONCE_6
                   : COPROC_OPERANDS_6 : [p] "r"(p) : "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3, r[4] = t4, r[5] = t5;
}
inline COPROC_NOINLINE void adx_sub_6(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, t4, t5, s0, s1, s2, s3;
  __asm__ volatile(COPROC_EXPAND_LOAD_6("a", COPROC_LOW_6) COPROC_EXPAND_OP_6("subq", "sbbq", "b", COPROC_LOW_6) COPROC_BACK_6
                   : COPROC_OPERANDS_6 : [p] "r"(p) : "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3, r[4] = t4, r[5] = t5;
}
// Wide values: the low half through memory, the high half modulo p.
inline COPROC_NOINLINE void adx_add_wide_6(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, t4, t5, s0, s1, s2, s3;
  u64 *const high = r + 6;
  __asm__ volatile(COPROC_THROUGH("addq", "0") COPROC_THROUGH("adcq", "8") COPROC_THROUGH("adcq", "16") COPROC_THROUGH("adcq", "24")
                   COPROC_THROUGH("adcq", "32") COPROC_THROUGH("adcq", "40")
                   COPROC_EXPAND_LOAD_6("a", COPROC_HIGH_6) COPROC_EXPAND_OP_6("adcq", "adcq", "b", COPROC_HIGH_6) COPROC_ONCE_6
                   : COPROC_OPERANDS_6 : [p] "r"(p), [r] "r"(r) : "rax", "cc", "memory");
  high[0] = t0, high[1] = t1, high[2] = t2, high[3] = t3, high[4] = t4, high[5] = t5;
}
inline COPROC_NOINLINE void adx_sub_wide_6(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, t4, t5, s0, s1, s2, s3;
  u64 *const high = r + 6;
  __asm__ volatile(COPROC_THROUGH("subq", "0") COPROC_THROUGH("sbbq", "8") COPROC_THROUGH("sbbq", "16") COPROC_THROUGH("sbbq", "24")
                   COPROC_THROUGH("sbbq", "32") COPROC_THROUGH("sbbq", "40")
                   COPROC_EXPAND_LOAD_6("a", COPROC_HIGH_6) COPROC_EXPAND_OP_6("sbbq", "sbbq", "b", COPROC_HIGH_6) COPROC_BACK_6
                   : COPROC_OPERANDS_6 : [p] "r"(p), [r] "r"(r) : "rax", "cc", "memory");
  high[0] = t0, high[1] = t1, high[2] = t2, high[3] = t3, high[4] = t4, high[5] = t5;
}
inline COPROC_NOINLINE void adx_sub_wide_plain_6(u64 *r, const u64 *a, const u64 *b) {
  __asm__ volatile(COPROC_THROUGH("subq", "0") COPROC_THROUGH("sbbq", "8") COPROC_THROUGH("sbbq", "16") COPROC_THROUGH("sbbq", "24")
                   COPROC_THROUGH("sbbq", "32") COPROC_THROUGH("sbbq", "40") COPROC_THROUGH("sbbq", "48") COPROC_THROUGH("sbbq", "56")
                   COPROC_THROUGH("sbbq", "64") COPROC_THROUGH("sbbq", "72") COPROC_THROUGH("sbbq", "80") COPROC_THROUGH("sbbq", "88")
                   : : [r] "r"(r), [a] "r"(a), [b] "r"(b) : "rax", "cc", "memory");
}
COPROC_INLINE void adx_add_loose_6(u64 *r, const u64 *a, const u64 *b) {
  __asm__ volatile(COPROC_THROUGH("addq", "0") COPROC_THROUGH("adcq", "8") COPROC_THROUGH("adcq", "16") COPROC_THROUGH("adcq", "24")
                   COPROC_THROUGH("adcq", "32") COPROC_THROUGH("adcq", "40")
                   : : [r] "r"(r), [a] "r"(a), [b] "r"(b) : "rax", "cc", "memory");
}

#define COPROC_LOAD_4(o0, o1, o2, o3) "movq " o0 "(%[a]), %[t0]\n\t movq " o1 "(%[a]), %[t1]\n\t movq " o2 "(%[a]), %[t2]\n\t movq " o3 "(%[a]), %[t3]\n\t"
#define COPROC_OP_4(first, next, o0, o1, o2, o3) \
  first " " o0 "(%[b]), %[t0]\n\t" next " " o1 "(%[b]), %[t1]\n\t" next " " o2 "(%[b]), %[t2]\n\t" next " " o3 "(%[b]), %[t3]\n\t"

COPROC_INLINE void adx_add_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, s0, s1;
  __asm__ volatile(COPROC_LOAD_4("0", "8", "16", "24") COPROC_OP_4("addq", "adcq", "0", "8", "16", "24") COPROC_ONCE_4
                   : COPROC_OPERANDS_4 : [p] "r"(p) : "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3;
}
COPROC_INLINE void adx_sub_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, s0, s1;
  __asm__ volatile(COPROC_LOAD_4("0", "8", "16", "24") COPROC_OP_4("subq", "sbbq", "0", "8", "16", "24") COPROC_BACK_4
                   : COPROC_OPERANDS_4 : [p] "r"(p) : "cc", "memory");
  r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3;
}
COPROC_INLINE void adx_add_wide_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, s0, s1;
  u64 *const high = r + 4;
  __asm__ volatile(COPROC_THROUGH("addq", "0") COPROC_THROUGH("adcq", "8") COPROC_THROUGH("adcq", "16") COPROC_THROUGH("adcq", "24")
                   COPROC_LOAD_4("32", "40", "48", "56") COPROC_OP_4("adcq", "adcq", "32", "40", "48", "56") COPROC_ONCE_4
                   : COPROC_OPERANDS_4 : [p] "r"(p), [r] "r"(r) : "rax", "cc", "memory");
  high[0] = t0, high[1] = t1, high[2] = t2, high[3] = t3;
}
COPROC_INLINE void adx_sub_wide_4(u64 *r, const u64 *a, const u64 *b, const u64 *p) {
  u64 t0, t1, t2, t3, s0, s1;
  u64 *const high = r + 4;
  __asm__ volatile(COPROC_THROUGH("subq", "0") COPROC_THROUGH("sbbq", "8") COPROC_THROUGH("sbbq", "16") COPROC_THROUGH("sbbq", "24")
                   COPROC_LOAD_4("32", "40", "48", "56") COPROC_OP_4("sbbq", "sbbq", "32", "40", "48", "56") COPROC_BACK_4
                   : COPROC_OPERANDS_4 : [p] "r"(p), [r] "r"(r) : "rax", "cc", "memory");
  high[0] = t0, high[1] = t1, high[2] = t2, high[3] = t3;
}
COPROC_INLINE void adx_sub_wide_plain_4(u64 *r, const u64 *a, const u64 *b) {
  __asm__ volatile(COPROC_THROUGH("subq", "0") COPROC_THROUGH("sbbq", "8") COPROC_THROUGH("sbbq", "16") COPROC_THROUGH("sbbq", "24")
                   COPROC_THROUGH("sbbq", "32") COPROC_THROUGH("sbbq", "40") COPROC_THROUGH("sbbq", "48") COPROC_THROUGH("sbbq", "56")
                   : : [r] "r"(r), [a] "r"(a), [b] "r"(b) : "rax", "cc", "memory");
}
COPROC_INLINE void adx_add_loose_4(u64 *r, const u64 *a, const u64 *b) {
  __asm__ volatile(COPROC_THROUGH("addq", "0") COPROC_THROUGH("adcq", "8") COPROC_THROUGH("adcq", "16") COPROC_THROUGH("adcq", "24")
                   : : [r] "r"(r), [a] "r"(a), [b] "r"(b) : "rax", "cc", "memory");
}
// clang-format on

COPROC_END
