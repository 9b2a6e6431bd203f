// From what an encoding says to a point of the curve: square roots, the curve equation, the subgroup.
#pragma once
#include "curve/encoding.hpp"
#include "curve/subgroup.hpp"

COPROC_BEGIN

// y of the points (x, y): the larger root or the smaller; the answer is false where x^3 + b is no square.
template <class G> COPROC_INLINE typename G::F::Mask lift_x(const typename G::F &x, typename G::F::Mask larger, typename G::F &y) {
  typename G::F::Mask ok;
  const auto root = sqrt(sqr(x) * x + G::b(), ok);
  y = select(is_larger(root) == larger, root, -root);
  return ok;
}

// The element of plain limbs, c0 before c1.
template <class F> COPROC_INLINE F from_plain_limbs(const u64 *limbs) {
  if constexpr (DEGREE<F> == 1) return from_plain<F>(limbs);
  else return {from_plain<typename F::Base>(limbs), from_plain<typename F::Base>(limbs + F::Base::LIMBS)};
}

// The point of one encoding and its status. checks: enum coproc_check; the subgroup test implies that of the curve.
template <class G> inline u8 resolve(const Encoded<typename G::F> &e, bool montgomery, int checks, Affine<typename G::F> &out) {
  using F = typename G::F;
  out = Affine<F>::identity();
  Affine<F> p;
  switch (e.form) {
  case Form::INVALID:
    return COPROC_INVALID;
  case Form::UNREDUCED:
    return COPROC_UNREDUCED;
  case Form::INFINITE:
    return COPROC_OK;
  case Form::X_ONLY:
    p.x = from_plain_limbs<F>(e.x());
    if (!lift_x<G>(p.x, e.larger, p.y)) return COPROC_INVALID;
    break;
  case Form::X_AND_Y:
    p = montgomery ? load_affine<F>(e.words) : Affine<F>{from_plain_limbs<F>(e.x()), from_plain_limbs<F>(e.y())};
    if (p.infinity() || (checks != 0 && !on_curve(p, G::b()))) return COPROC_INVALID;
    break;
  }
  if ((checks & COPROC_IN_SUBGROUP) && !Subgroup<G>::contains(p)) return COPROC_INVALID;
  out = p;
  return COPROC_OK;
}

// What the bytes of element i say. An encoding that the curve has not is INVALID.
template <class F> inline Encoded<F> read_point(int encoding, const u8 *bytes) {
  if constexpr (F::Params::LIMBS == 6) {
    switch (encoding) {
    case COPROC_ZCASH:
      return read::zcash<F>(bytes);
    case COPROC_ZCASH_UNCOMPRESSED:
      return read::zcash_uncompressed<F>(bytes);
    case COPROC_DUSK_RAW:
      return read::dusk_raw<F>(bytes);
    case COPROC_EVM:
      return read::evm<F>(bytes);
    default:
      return {Form::INVALID, false, {}};
    }
  } else {
    switch (encoding) {
    case COPROC_ARK_COMPRESSED:
      return read::ark<F>(bytes);
    case COPROC_ARK_UNCOMPRESSED:
      return read::ark_uncompressed<F>(bytes);
    case COPROC_EVM:
      return read::evm<F>(bytes);
    default:
      return {Form::INVALID, false, {}};
    }
  }
}

template <class F> inline void write_point(int encoding, const Affine<F> &p, u8 *bytes) {
  if constexpr (F::Params::LIMBS == 6) {
    switch (encoding) {
    case COPROC_ZCASH:
      return write::zcash(p, bytes);
    case COPROC_ZCASH_UNCOMPRESSED:
      return write::zcash_uncompressed(p, bytes);
    case COPROC_DUSK_RAW:
      return write::dusk_raw(p, bytes);
    case COPROC_EVM:
      return write::evm(p, bytes);
    default:
      return;
    }
  } else {
    switch (encoding) {
    case COPROC_ARK_COMPRESSED:
      return write::ark(p, bytes);
    case COPROC_ARK_UNCOMPRESSED:
      return write::ark_uncompressed(p, bytes);
    case COPROC_EVM:
      return write::evm(p, bytes);
    default:
      return;
    }
  }
}

COPROC_END
