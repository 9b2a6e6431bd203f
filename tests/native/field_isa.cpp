// Fields and towers from the inside, compiled once an instruction set as the kernels are: its limb routines against the portable text,
// then the laws of arithmetic, on edge values and at random. No standard library in here: these objects hold code of one instruction set.
#include "check.hpp"
#include "field/curves.hpp"
#include "test_isa.hpp"

COPROC_BEGIN
namespace {

struct Numbers { // splitmix64, as in check.hpp
  u64 state;
  u64 next() {
    u64 z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
};

// Values below p on which carries, borrows and the final subtraction turn: the first EDGES of the sequence, then random ones.
template <class P> struct Values {
  static constexpr int N = P::LIMBS, EDGES = 14 + 4 * N;
  using L = Limbs<Word64, N>;
  Numbers numbers{P::MODULUS[0]};

  void get(u64 *out, int i) {
    u64 small[N] = {}, t[N];
    const auto from_top = [&](u64 k) { // p - k
      small[0] = k;
      L::sub(out, P::MODULUS, small);
    };
    const auto copy = [&](const u64 *from) { std::memcpy(out, from, sizeof t); };
    if (i < 5) {
      small[0] = static_cast<u64>(i);
      copy(small);
    } else if (i < 9) {
      from_top(static_cast<u64>(i - 4));
    } else if (i == 9) {
      copy(P::ONE);
    } else if (i == 10) {
      copy(P::R2);
    } else if (i == 11) {
      copy(P::HALF);
    } else if (i == 12) {
      L::sub(out, P::MODULUS, P::HALF);
    } else if (i == 13) {
      L::sub(out, P::MODULUS, P::ONE);
    } else if (i < EDGES) { // 2^(64 k), 2^(64 k) - 1, p - 2^(64 k), the low limbs of ones below those of p
      const int k = (i - 14) / 4;
      small[k] = 1;
      switch ((i - 14) % 4) {
      case 0:
        copy(small);
        break;
      case 1:
        for (int j = 0; j < N; j++) out[j] = j < k ? ~u64{0} : 0;
        break;
      case 2:
        L::sub(out, P::MODULUS, small);
        break;
      default:
        for (int j = 0; j < N; j++) out[j] = j < k ? ~u64{0} : P::MODULUS[j];
        if (!less(out, P::MODULUS, N)) out[N - 1]--;
        break;
      }
    } else {
      do {
        for (u64 &limb : t) {
          const u64 kind = numbers.next() % 8;
          limb = kind == 0 ? 0 : kind == 1 ? ~u64{0} : numbers.next();
        }
        t[N - 1] &= (u64{1} << (P::BITS - 64 * (N - 1))) - 1;
      } while (!less(t, P::MODULUS, N));
      copy(t);
    }
  }
};

template <int n> bool equal(const u64 *a, const u64 *b) {
  u64 x = 0;
  for (int i = 0; i < n; i++) x |= a[i] ^ b[i];
  return x == 0;
}

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

// A value below 2^(64 N), possibly far above p.
template <class P> void any_limbs(u64 *out, Numbers &numbers) {
  for (int j = 0; j < P::LIMBS; j++) {
    const u64 kind = numbers.next() % 4;
    out[j] = kind == 0 ? 0 : kind == 1 ? ~u64{0} : numbers.next();
  }
}

template <class F> void field_laws() {
  using P = typename F::Params;
  constexpr int N = P::LIMBS;
  Values<P> values;
  constexpr int edges = Values<P>::EDGES;
  Numbers numbers{17};
  const F zero = F::zero(), one = F::one();
  for (int i = 0; i < edges * edges + 500; i++) {
    u64 t[N];
    values.get(t, i < edges * edges ? i / edges : edges);
    const F a = F::load(t);
    values.get(t, i < edges * edges ? i % edges : edges);
    const F b = F::load(t);
    values.get(t, edges);
    const F c = F::load(t);
    CHECK(a + b == b + a && a * b == b * a);
    CHECK((a + b) + c == a + (b + c) && (a * b) * c == a * (b * c));
    CHECK(a * (b + c) == a * b + a * c);
    CHECK(a - b == a + (-b) && a - a == zero && -zero == zero);
    CHECK(a * one == a && a * zero == zero && a + zero == a);
    CHECK(sqr(a) == a * a && dbl(a) == a + a && half(a) + half(a) == a);
    CHECK(mul_small<12>(a) == a + a + a + a + a + a + a + a + a + a + a + a);
    CHECK((a == b) == is_zero(a - b));
    CHECK(select(true, a, b) == a && select(false, a, b) == b);
    if (i >= edges && i < edges * edges) continue; // what follows takes one operand
    const F d = inverse(a);
    CHECK(is_zero(a) ? is_zero(d) : a * d == one);
    CHECK(d == pow(a, P::P_MINUS_2, N));
    CHECK(reduced<F>(d.v) && reduced<F>((a + b).v) && reduced<F>((a * b).v));
    u64 plain[N], minus[N];
    to_plain(a, plain);
    CHECK(from_plain<F>(plain) == a);
    to_plain(-a, minus);
    CHECK(is_zero(a) || is_larger(a) == less(minus, plain, N));
    // from_plain of any limbs: x mod p
    any_limbs<P>(t, numbers);
    to_plain(from_plain<F>(t), plain);
    while (!less(t, P::MODULUS, N)) Limbs<Word64, N>::sub(t, t, P::MODULUS);
    CHECK(equal<N>(t, plain));
  }
  F batch[64], scratch[64], expected[64];
  for (int i = 0; i < 64; i++) {
    u64 t[N];
    values.get(t, i % 8 == 3 ? 0 : edges);
    batch[i] = F::load(t);
    expected[i] = inverse(batch[i]);
  }
  batch_inverse(batch, 64, scratch);
  for (int i = 0; i < 64; i++) CHECK(batch[i] == expected[i]);
}

template <class F> void square_roots(F (*value)(int)) {
  int squares = 0;
  for (int i = 0; i < 120; i++) {
    const F a = value(i);
    typename F::Mask ok = false;
    const F s = sqrt(sqr(a), ok);
    CHECK(ok && (s == a || s == -a));
    const F r = sqrt(a, ok);
    if (ok) CHECK(sqr(r) == a);
    if (i >= 40) squares += ok ? 1 : 0;
  }
  CHECK(squares > 20 && squares < 60); // about half of the 80 random ones
}

template <class F> F prime_value(int i) {
  Values<typename F::Params> values;
  values.numbers.state += static_cast<u64>(i) * 1000;
  u64 t[F::LIMBS];
  values.get(t, i);
  return F::load(t);
}
template <class F2> F2 quadratic_value(int i) {
  using F = decltype(F2::c0);
  if (i < 40) return {prime_value<F>(i * 7 % 41), i % 3 == 0 ? F::zero() : prime_value<F>(i)};
  return {prime_value<F>(2 * i + 100), prime_value<F>(2 * i + 101)};
}

// Random coordinates of an extension, each reduced by the base field, some of them zero.
template <class Base, class F> F extension_value(Numbers &numbers) {
  constexpr int n = sizeof(F) / sizeof(Base);
  Base coordinates[n];
  for (Base &c : coordinates) {
    u64 t[Base::LIMBS];
    for (u64 &limb : t) limb = numbers.next();
    c = numbers.next() % 6 == 0 ? Base::zero() : from_plain<Base>(t);
  }
  F out;
  std::memcpy(static_cast<void *>(&out), coordinates, sizeof out);
  return out;
}

template <class Base, class F> void ring_laws() {
  Numbers numbers{sizeof(F)};
  const F one = F::one();
  for (int i = 0; i < 200; i++) {
    const F a = extension_value<Base, F>(numbers), b = extension_value<Base, F>(numbers), c = extension_value<Base, F>(numbers);
    CHECK(a * b == b * a && (a * b) * c == a * (b * c));
    CHECK(a * one == a);
    CHECK(sqr(a) == a * a);
    CHECK(a * inverse(a) == (is_zero(a) ? a : one));
    if constexpr (requires { a + b; }) CHECK(a * (b + c) == a * b + a * c && a - b == a + (-b));
  }
}

// The generators of the tower satisfy its equations: u^2 = -1, v^3 = xi, w^2 = v.
template <class F2, class F6, class F12> void tower_equations(int xi_re) {
  using F = decltype(F2::c0);
  const F2 u = {F::zero(), F::one()}, zero = F2::zero(), one = F2::one();
  CHECK(u * u == -one && sqr(u) == -one);
  const F2 xi = {from_u64<F>(static_cast<u64>(xi_re)), F::one()};
  CHECK(mul_by_nonresidue(one) == xi && mul_by_nonresidue(u) == xi * u);
  const F6 v = {zero, one, zero}, xi6 = {xi, zero, zero};
  CHECK(v * v * v == xi6);
  F12 w = F12::one();
  w.c0 = F6::zero();
  w.c1 = {one, zero, zero};
  F12 v12 = F12::one();
  v12.c0 = v;
  CHECK(w * w == v12 && sqr(w) == v12);
}

template <class Base, class F2> void schoolbook() {
  Numbers numbers{5};
  for (int i = 0; i < 500; i++) {
    const F2 a = extension_value<Base, F2>(numbers), b = extension_value<Base, F2>(numbers);
    CHECK((a * b == F2{a.c0 * b.c0 - a.c1 * b.c1, a.c0 * b.c1 + a.c1 * b.c0}));
    CHECK(norm(a) == a.c0 * a.c0 + a.c1 * a.c1);
    CHECK((a * conj(a) == F2{norm(a), Base::zero()}));
  }
  // Products of the largest coordinates: the unreduced sums of Karatsuba reach their bounds.
  const Base top = -Base::one();
  u64 limbs[Base::LIMBS];
  std::memcpy(limbs, Base::Params::MODULUS, sizeof limbs);
  limbs[0]--;
  const Base largest = Base::load(limbs);
  const Base values[] = {largest, top, Base::zero(), Base::one()};
  for (const Base &x : values)
    for (const Base &y : values) {
      const F2 a = {x, y}, b = {y, x};
      CHECK((a * b == F2{x * y - y * x, x * x + y * y}));
      CHECK((sqr(a) == F2{x * x - y * y, x * y + x * y}));
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

TEST_ISA(prime_fields_obey_the_laws) {
  field_laws<bls12_381::Fp>();
  field_laws<bls12_381::Fr>();
  field_laws<bn254::Fp>();
  field_laws<bn254::Fr>();
  field_laws<jubjub::Fr>();
}

TEST_ISA(square_roots_square_to_their_argument) {
  square_roots<bls12_381::Fp>(prime_value<bls12_381::Fp>);
  square_roots<bls12_381::Fr>(prime_value<bls12_381::Fr>);
  square_roots<bn254::Fp>(prime_value<bn254::Fp>);
  square_roots<bls12_381::Fp2>(quadratic_value<bls12_381::Fp2>);
  square_roots<bn254::Fp2>(quadratic_value<bn254::Fp2>);
}

TEST_ISA(towers_obey_the_laws) {
  schoolbook<bls12_381::Fp, bls12_381::Fp2>();
  schoolbook<bn254::Fp, bn254::Fp2>();
  ring_laws<bls12_381::Fp, bls12_381::Fp2>();
  ring_laws<bn254::Fp, bn254::Fp2>();
  ring_laws<bls12_381::Fp, bls12_381::Fp6>();
  ring_laws<bn254::Fp, bn254::Fp6>();
  ring_laws<bls12_381::Fp, bls12_381::Fp12>();
  ring_laws<bn254::Fp, bn254::Fp12>();
  tower_equations<bls12_381::Fp2, bls12_381::Fp6, bls12_381::Fp12>(1);
  tower_equations<bn254::Fp2, bn254::Fp6, bn254::Fp12>(9);
}

} // namespace
COPROC_END
