// A 64-byte digest as a little-endian integer modulo r of BLS12-381: Dusk's `hash` and every challenge of its transcripts.
#pragma once
#include "field/fp_plain.hpp"
#include "hash/blake2b.hpp"

COPROC_BEGIN

// d = low + 2^256 high. Montgomery form of d is low R + high R^2, so low is multiplied by R^2 and high by R^3; the first operand of a
// product is below the modulus, the second may be any four limbs.
template <class F> inline F wide_to_field(const u8 digest[64]) {
  static_assert(F::LIMBS == 4);
  u64 d[8];
  std::memcpy(d, digest, 64);
  const F r2 = F::load(F::Params::R2), r3 = sqr(r2);
  return r2 * F::load(d) + r3 * F::load(d + 4);
}

COPROC_END
