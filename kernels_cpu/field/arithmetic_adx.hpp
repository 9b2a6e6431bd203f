// The arithmetic of one prime field on the mulx/adcx/adox routines: the interface that fp.hpp expects of an instruction set.
#pragma once
#include "field/limbs_adx.hpp"
#include "field/limbs_adx_small.hpp"
#include "field/square_adx.hpp"

COPROC_BEGIN

template <class P> struct ArithmeticAdx {
  static constexpr bool SIX = P::LIMBS == 6;
  static_assert(P::LIMBS == 4 || P::LIMBS == 6);
  static constexpr AdxModulus<P> M{};

  static COPROC_INLINE void add(u64 *r, const u64 *a, const u64 *b) {
    if constexpr (SIX) adx_add_6(r, a, b, M.limbs);
    else adx_add_4(r, a, b, M.limbs);
  }
  static COPROC_INLINE void sub(u64 *r, const u64 *a, const u64 *b) {
    if constexpr (SIX) adx_sub_6(r, a, b, M.limbs);
    else adx_sub_4(r, a, b, M.limbs);
  }
  static COPROC_INLINE void mul(u64 *r, const u64 *a, const u64 *b) {
    if constexpr (SIX) adx_mul_6(r, a, b, M.limbs);
    else adx_mul_4(r, a, b, M.limbs);
  }
  // Fields with R > 5p, the base fields, have a squaring of their own.
  static constexpr bool SQUARES = P::MODULUS[P::LIMBS - 1] < ~u64{0} / 5;
  static COPROC_INLINE void sqr(u64 *r, const u64 *a) {
    if constexpr (SQUARES) sqr_times(r, a, 1);
    else mul(r, a, a);
  }
  // r = a^(2^n), n >= 1
  static COPROC_INLINE void sqr_times(u64 *r, const u64 *a, u64 n)
    requires(SQUARES)
  {
    static constexpr SquaringModulus<P> S{};
    if constexpr (SIX) adx_sqr_times_6(r, a, n, S.limbs);
    else adx_sqr_times_4(r, a, n, S.limbs);
  }
  static COPROC_INLINE void mul_wide(u64 *r, const u64 *a, const u64 *b) {
    if constexpr (SIX) adx_mul_wide_6(r, a, b);
    else adx_mul_wide_4(r, a, b);
  }
  static COPROC_INLINE void sqr_wide(u64 *r, const u64 *a) {
    if constexpr (SIX) adx_sqr_wide_6(r, a);
    else adx_sqr_wide_4(r, a);
  }
  static COPROC_INLINE void redc(u64 *r, const u64 *w) {
    if constexpr (SIX) adx_redc_6(r, w, M.limbs);
    else adx_redc_4(r, w, M.limbs);
  }
  static COPROC_INLINE void add_wide(u64 *r, const u64 *a, const u64 *b) {
    if constexpr (SIX) adx_add_wide_6(r, a, b, M.limbs);
    else adx_add_wide_4(r, a, b, M.limbs);
  }
  static COPROC_INLINE void sub_wide(u64 *r, const u64 *a, const u64 *b) {
    if constexpr (SIX) adx_sub_wide_6(r, a, b, M.limbs);
    else adx_sub_wide_4(r, a, b, M.limbs);
  }
  static COPROC_INLINE void sub_wide_plain(u64 *r, const u64 *a, const u64 *b) {
    if constexpr (SIX) adx_sub_wide_plain_6(r, a, b);
    else adx_sub_wide_plain_4(r, a, b);
  }
  static COPROC_INLINE void three_minus_two(u64 *r, const u64 *t, const u64 *z) {
    if constexpr (SIX) adx_three_minus_two_6(r, t, z, M.limbs);
    else adx_three_minus_two_4(r, t, z, M.limbs);
  }
  static COPROC_INLINE void three_plus_two(u64 *r, const u64 *t, const u64 *z) {
    if constexpr (SIX) adx_three_plus_two_6(r, t, z, M.limbs);
    else adx_three_plus_two_4(r, t, z, M.limbs);
  }
  // 9 a - b, 9 a + b; the wide forms modulo p R, r apart from a and b
  static COPROC_INLINE void nine_minus(u64 *r, const u64 *a, const u64 *b)
    requires(!SIX)
  {
    adx_nine_minus_4(r, a, b, M.limbs);
  }
  static COPROC_INLINE void nine_plus(u64 *r, const u64 *a, const u64 *b)
    requires(!SIX)
  {
    adx_nine_plus_4(r, a, b, M.limbs);
  }
  static COPROC_INLINE void nine_minus_wide(u64 *r, const u64 *a, const u64 *b)
    requires(!SIX)
  {
    adx_nine_minus_wide_4(r, a, b, M.limbs);
  }
  static COPROC_INLINE void nine_plus_wide(u64 *r, const u64 *a, const u64 *b)
    requires(!SIX)
  {
    adx_nine_plus_wide_4(r, a, b, M.limbs);
  }
  // The sum without reduction: operands whose sum fits the limbs.
  static COPROC_INLINE void add_loose(u64 *r, const u64 *a, const u64 *b) {
    if constexpr (SIX) adx_add_loose_6(r, a, b);
    else adx_add_loose_4(r, a, b);
  }
};

COPROC_END
