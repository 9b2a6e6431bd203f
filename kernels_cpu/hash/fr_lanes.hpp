// Scalars in eight lanes from digests.
#pragma once
#include "hash/hash_to_fr.hpp"

#if COPROC_LANES
#include "field/lanes.hpp"

COPROC_BEGIN

// The digests d = low + 2^256 high of eight lanes; digest[i] holds word i of each.
template <class F> COPROC_NOINLINE F wide_to_field(const Vec8 *digest) {
  using P = typename F::Params;
  using R52 = Radix52<P>;
  static_assert(P::LIMBS == 4 && P::LIMBS52 == 5);
  static constexpr auto HIGH = R52::doubled(R52::array(P::ONE52), 256 + 52 * 5); // 2^256 R^2
  const auto split = [](const Vec8 *w) {
    F r;
    r.v[0] = low52(w[0]);
    r.v[1] = low52(_mm512_or_si512(_mm512_srli_epi64(w[0], 52), _mm512_slli_epi64(w[1], 12)));
    r.v[2] = low52(_mm512_or_si512(_mm512_srli_epi64(w[1], 40), _mm512_slli_epi64(w[2], 24)));
    r.v[3] = low52(_mm512_or_si512(_mm512_srli_epi64(w[2], 28), _mm512_slli_epi64(w[3], 36)));
    r.v[4] = _mm512_srli_epi64(w[3], 16);
    return r;
  };
  // numbers below 2^256 < 2.5 p are operands of products
  return split(digest) * F::words(P::R2_52) + split(digest + 4) * F::words(HIGH.v);
}

COPROC_END
#endif
