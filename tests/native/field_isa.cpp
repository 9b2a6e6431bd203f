// Fields and towers from the inside: the laws of arithmetic, on edge values and at random. Compiled once an instruction set.
// No standard library in here: these objects hold code of one instruction set.
#include "check.hpp"
#include "test_isa.hpp"
#include "values_isa.hpp"

COPROC_BEGIN
namespace {

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
