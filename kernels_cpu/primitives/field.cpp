// Field arithmetic over arrays at the C ABI, for tests, benches and whoever builds on top.
#include "field/curves.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

namespace {

template <class F> F apply(int op, const F &a, const F &b) {
  bool ok = true;
  switch (op) {
  case COPROC_ADD:
    return a + b;
  case COPROC_SUB:
    return a - b;
  case COPROC_MUL:
    return a * b;
  case COPROC_NEG:
    return -a;
  case COPROC_SQR:
    return sqr(a);
  case COPROC_INV:
    return inverse(a);
  case COPROC_TO_MONT:
    return from_plain<F>(a.v);
  case COPROC_FROM_MONT: {
    F r;
    to_plain(a, r.v);
    return r;
  }
  default:
    break;
  }
  if constexpr (requires { sqrt(a, ok); }) {
    if (op == COPROC_SQRT) {
      const F r = sqrt(a, ok);
      return ok ? r : F::zero();
    }
  }
  return F::zero();
}

template <class F> void over_array(int op, usize n, const u64 *a, const u64 *b, u64 *out) {
  const bool binary = op == COPROC_ADD || op == COPROC_SUB || op == COPROC_MUL;
  for (usize i = 0; i < n; i++) {
    const F x = F::load(a + i * F::LIMBS), y = binary ? F::load(b + i * F::LIMBS) : x;
    apply(op, x, y).store(out + i * F::LIMBS);
  }
}

template <class F12> void over_fp12(int op, usize n, const u64 *a, const u64 *b, u64 *out) {
  constexpr int w = 12 * F12::F::LIMBS;
  for (usize i = 0; i < n; i++) {
    const F12 x = F12::load(a + i * w);
    (op == COPROC_MUL ? x * F12::load(b + i * w) : op == COPROC_SQR ? sqr(x) : inverse(x)).store(out + i * w);
  }
}

} // namespace

void k_field(int field, int op, usize n, const u64 *a, const u64 *b, u64 *out) {
  switch (field) {
  case COPROC_BLS12_381_FP:
    return over_array<bls12_381::Fp>(op, n, a, b, out);
  case COPROC_BLS12_381_FR:
    return over_array<bls12_381::Fr>(op, n, a, b, out);
  case COPROC_BN254_FP:
    return over_array<bn254::Fp>(op, n, a, b, out);
  case COPROC_BN254_FR:
    return over_array<bn254::Fr>(op, n, a, b, out);
  default:
    return over_array<jubjub::Fr>(op, n, a, b, out);
  }
}

void k_fp12(int curve, int op, usize n, const u64 *a, const u64 *b, u64 *out) {
  if (curve == COPROC_BLS12_381) over_fp12<bls12_381::Fp12>(op, n, a, b, out);
  else over_fp12<bn254::Fp12>(op, n, a, b, out);
}

COPROC_END
