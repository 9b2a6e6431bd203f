// The chains of one instruction set: compiled once for each, like the kernels, from the kernels' own headers.
#include "chains.hpp"

#include "field/curves.hpp"

#define COPROC_CHAINS_(a, b) a##b
#define COPROC_CHAINS(isa) COPROC_CHAINS_(chains_, isa)

COPROC_BEGIN
namespace {

// Hides what x holds and keeps it in memory, as a peer does whose function takes pointers.
template <class F> COPROC_INLINE void keep(F &x) { asm volatile("" : "+m"(x)); }

template <class F> COPROC_INLINE F start(u64 k) {
  const u64 limbs[F::LIMBS] = {0x9e3779b97f4a7c15ULL * k, 0xbf58476d1ce4e5b9ULL + k, 3, k};
  return from_plain<F>(limbs);
}
template <class F> struct Start {
  static COPROC_INLINE F at(u64 k) { return start<F>(k); }
};
template <class F> struct Start<Fp2<F>> {
  static COPROC_INLINE Fp2<F> at(u64 k) { return {start<F>(k), start<F>(k + 2)}; }
};

template <class F> void mul(usize calls) {
  F x = Start<F>::at(5), y = Start<F>::at(7);
  for (; calls; calls--) {
    keep(y);
    x *= y;
    keep(x);
  }
}
template <class F> void square(usize calls) {
  F x = Start<F>::at(5);
  for (; calls; calls--) {
    x = sqr(x);
    keep(x);
  }
}
template <class F> void add(usize calls) {
  F x = Start<F>::at(5), y = Start<F>::at(7);
  for (; calls; calls--) {
    keep(y);
    x += y;
    keep(x);
  }
}
// x <- 1/x + y: without the addition every second result would be the first x again.
template <class F> void invert(usize calls) {
  F x = Start<F>::at(5), y = Start<F>::at(7);
  for (; calls; calls--) {
    x = inverse(x) + y;
    keep(x);
  }
}

using bench::Chain;
constexpr Chain CHAINS[] = {
    {"bls12-381", "fp_mul", mul<bls12_381::Fp>},   {"bls12-381", "fp_sqr", square<bls12_381::Fp>},
    {"bls12-381", "fp_add", add<bls12_381::Fp>},   {"bls12-381", "fp_inv", invert<bls12_381::Fp>},
    {"bls12-381", "fp2_mul", mul<bls12_381::Fp2>}, {"bls12-381", "fp2_sqr", square<bls12_381::Fp2>},
    {"bls12-381", "fr_mul", mul<bls12_381::Fr>},   {"bls12-381", "fr_inv", invert<bls12_381::Fr>},
    {"bn254", "fp_mul", mul<bn254::Fp>},           {"bn254", "fp_sqr", square<bn254::Fp>},
    {"bn254", "fp_add", add<bn254::Fp>},           {"bn254", "fp_inv", invert<bn254::Fp>},
    {"bn254", "fp2_mul", mul<bn254::Fp2>},         {"bn254", "fp2_sqr", square<bn254::Fp2>},
    {"bn254", "fr_mul", mul<bn254::Fr>},           {"bn254", "fr_inv", invert<bn254::Fr>},
};

} // namespace
COPROC_END

namespace coproc::bench {
Chains COPROC_CHAINS(COPROC_ISA)() { return {coproc::COPROC_ISA::CHAINS, sizeof(coproc::COPROC_ISA::CHAINS) / sizeof(Chain)}; }
} // namespace coproc::bench
