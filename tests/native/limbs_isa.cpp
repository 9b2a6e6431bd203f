// The limb routines of one instruction set against the portable text, on edge values and at random, and small linear combinations.
// Compiled once an instruction set. No standard library in here: these objects hold code of one instruction set.
#include "check.hpp"
#include "test_isa.hpp"
#include "values_isa.hpp"

COPROC_BEGIN
namespace {

template <class P> void agrees_with_portable() {
  constexpr int N = P::LIMBS;
  using A = Arithmetic<P>;
  using L = Limbs<Word64, N>;
  Values<P> values;
  const u64 *p = P::MODULUS;
  constexpr int edges = Values<P>::EDGES;
  for (int i = 0; i < edges * edges + 20000; i++) {
    u64 a[N], b[N], r[2 * N], s[2 * N], x[2 * N], y[2 * N];
    values.get(a, i < edges * edges ? i / edges : edges);
    values.get(b, i < edges * edges ? i % edges : edges);
    A::add(r, a, b), L::add_mod(s, a, b, p);
    CHECK(equal<N>(r, s));
    A::sub(r, a, b), L::sub_mod(s, a, b, p);
    CHECK(equal<N>(r, s));
    A::mul(r, a, b), L::mul_mont(s, a, b, p, P::N0);
    CHECK(equal<N>(r, s));
    A::sqr(r, a), L::mul_mont(s, a, a, p, P::N0);
    CHECK(equal<N>(r, s));
    L::sqr_mont(s, a, p, P::N0);
    CHECK(equal<N>(r, s));
    if constexpr (requires { A::sqr_times(r, a, 1); }) {
      for (u64 n = 2; n < 6; n++) {
        A::sqr_times(r, a, n), L::mul_mont(s, s, s, p, P::N0);
        CHECK(equal<N>(r, s));
      }
    }
    A::mul_wide(r, a, b), L::mul_wide(s, a, b);
    CHECK(equal<2 * N>(r, s));
    A::sqr_wide(x, a), L::mul_wide(s, a, a);
    CHECK(equal<2 * N>(x, s));
    L::sqr_wide(s, a);
    CHECK(equal<2 * N>(x, s));
    // Wide values below p R: any low half.
    std::memcpy(x, b, sizeof b), std::memcpy(x + N, a, sizeof a);
    for (int j = 0; j < N; j++) y[j] = ~b[j];
    std::memcpy(y + N, b, sizeof b);
    A::redc(r, x), L::redc(s, x, p, P::N0);
    CHECK(equal<N>(r, s));
    A::redc(r, y), L::redc(s, y, p, P::N0);
    CHECK(equal<N>(r, s));
    A::add_wide(r, x, y), L::add_wide(s, x, y, p);
    CHECK(equal<2 * N>(r, s));
    A::sub_wide(r, x, y), L::sub_wide(s, x, y, p);
    CHECK(equal<2 * N>(r, s));
    A::sub_wide(r, y, x), L::sub_wide(s, y, x, p);
    CHECK(equal<2 * N>(r, s));
    const bool x_less = less(x, y, 2 * N);
    u64 *high = x_less ? y : x, *low = x_less ? x : y;
    L::sub_wide_plain(s, high, low);
    A::sub_wide_plain(high, high, low); // in place, as Karatsuba's cross term does it
    CHECK(equal<2 * N>(high, s));
    A::add_loose(r, a, b), L::add(s, a, b);
    CHECK(equal<N>(r, s));
  }
}

// 3t - 2z, 3t + 2z and multiples by xi where the combination, as an integer, comes close to a multiple of p: its quotient is estimated.
template <class F> void small_combinations() {
  using P = typename F::Params;
  Values<P> values;
  for (int i = 0; i < 40 * Values<P>::EDGES + 4000; i++) {
    u64 word[F::LIMBS];
    values.get(word, i % 40 == 0 ? i / 40 : Values<P>::EDGES);
    const F t = F::load(word);
    values.get(word, i % Values<P>::EDGES);
    const F e = F::load(word);
    const F minus = half(t + t + t - e), plus = half(e - t - t - t); // the combination is e
    CHECK(three_minus_two(t, minus) == e && three_plus_two(t, plus) == e);
    CHECK(three_minus_two(t, e) == t + t + t - e - e && three_plus_two(t, e) == t + t + t + e + e);
  }
}

template <class F2> void multiples_by_xi() {
  using F = decltype(F2::c0);
  using P = typename F::Params;
  constexpr int N = P::LIMBS, K = F2::XI_RE;
  Values<P> values;
  const auto times = [](const auto &a) {
    auto sum = a;
    for (int i = 1; i < K; i++) sum = sum + a;
    return sum;
  };
  for (int i = 0; i < 40 * Values<P>::EDGES + 4000; i++) {
    u64 word[N];
    values.get(word, i % 40 == 0 ? i / 40 : Values<P>::EDGES);
    const F a = F::load(word);
    values.get(word, i % Values<P>::EDGES);
    const F e = F::load(word);
    CHECK((mul_by_nonresidue(F2{a, times(a) - e}) == F2{e, a + times(times(a) - e)}));
    CHECK((mul_by_nonresidue(F2{e - times(a), a}) == F2{times(e - times(a)) - a, e}));
    // the same for wide values: a high half below p, any low half
    Wide<F> w, d;
    std::memcpy(w.v, e.v, sizeof e.v), std::memcpy(w.v + N, a.v, sizeof a.v);
    for (int j = 0; j < N; j++) d.v[j] = i % 3 == 0 ? 0 : i % 3 == 1 ? ~u64{0} : a.v[j];
    std::memcpy(d.v + N, e.v, sizeof e.v);
    const Wide<F> minus = times(w) - d, plus = d - times(w);
    const Fp2Wide<F> first = mul_by_nonresidue(Fp2Wide<F>{w, minus}), second = mul_by_nonresidue(Fp2Wide<F>{plus, w});
    CHECK(equal<2 * N>(first.c0.v, d.v) && equal<2 * N>(second.c1.v, d.v));
    CHECK(equal<2 * N>(first.c1.v, (w + times(minus)).v) && equal<2 * N>(second.c0.v, (times(plus) - w).v));
  }
}

TEST_ISA(limbs_agree_with_the_portable_text) {
  agrees_with_portable<constants::bls12_381::Fp>();
  agrees_with_portable<constants::bls12_381::Fr>();
  agrees_with_portable<constants::bn254::Fp>();
  agrees_with_portable<constants::bn254::Fr>();
  agrees_with_portable<constants::jubjub::Fr>();
}

TEST_ISA(small_combinations_are_sums) {
  small_combinations<bls12_381::Fp>();
  small_combinations<bn254::Fp>();
  multiples_by_xi<bls12_381::Fp2>();
  multiples_by_xi<bn254::Fp2>();
}

} // namespace
COPROC_END
