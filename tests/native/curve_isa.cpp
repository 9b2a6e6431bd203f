// Curve arithmetic in eight lanes against one: each lane with operands of its own, exceptional ones beside ordinary ones.
#include "check.hpp"
#include "curve/hash_to_g1.hpp"
#include "curve/scalar_mul.hpp"
#include "test_isa.hpp"
#include "values_isa.hpp"

#if COPROC_LANES
COPROC_BEGIN
namespace {

template <class F8> using One = typename OneLane<F8>::Type;

template <class F8> F8 eight(const One<F8> *e) {
  u64 words[8][WORDS<F8>];
  for (int i = 0; i < 8; i++) e[i].store(words[i]);
  return gather<F8>(Addresses<const u64>(words[0], WORDS<F8>, 8).at);
}
template <class F8> bool agrees(const F8 &found, const One<F8> *expected) {
  u64 words[8][WORDS<F8>], want[WORDS<F8>];
  scatter(found, Addresses<u64>(words[0], WORDS<F8>, 8).at, Mask8::every());
  bool same = true;
  for (int i = 0; i < 8; i++) {
    expected[i].store(want);
    same &= equal<WORDS<F8>>(want, words[i]);
  }
  return same;
}
// f on lanes and on each of them.
template <class F8, class Call> bool agrees(const One<F8> *a, const One<F8> *b, Call f) {
  One<F8> expected[8];
  for (int i = 0; i < 8; i++) expected[i] = f(a[i], b[i]);
  return agrees(F8(f(eight<F8>(a), eight<F8>(b))), expected);
}

// Edge values first, some of b equal or opposite to those of a.
template <class F> struct Source {
  using P = typename F::Params;
  Values<P> values;
  Numbers numbers{P::MODULUS[0] + 3};

  F next() {
    u64 w[WORDS<F>];
    for (int c = 0; c < WORDS<F>; c += P::LIMBS)
      values.get(w + c, numbers.next() % 3 ? Values<P>::EDGES : static_cast<int>(numbers.next() % Values<P>::EDGES));
    return F::load(w);
  }
  void fill(F *a, F *b) {
    for (int i = 0; i < 8; i++) {
      a[i] = next();
      const u64 kind = numbers.next() % 4;
      b[i] = kind == 0 ? a[i] : kind == 1 ? -a[i] : next();
    }
  }
};

template <class F8> void fused_formulas_agree() {
  using F = One<F8>;
  Source<F> source;
  for (int round = 0; round < 400; round++) {
    F a[8], b[8];
    source.fill(a, b);
    CHECK(agrees<F8>(a, b, [](const auto &x, const auto &y) { return sqr_loose(sub_loose(x, y)); }));
    CHECK(agrees<F8>(a, b, [](const auto &x, const auto &y) { return sqr_loose(sub_loose(-x, y)) + sqr_loose(three_halves(x)); }));
    CHECK(agrees<F8>(a, b, [](const auto &x, const auto &y) { return sub_loose(x, y) * sub_loose(-y, -x); }));
    CHECK(agrees<F8>(a, b, [](const auto &x, const auto &y) { return minus_both(x, y, -y); }));
    CHECK(agrees<F8>(a, b, [](const auto &x, const auto &y) { return minus_two(x, y) + minus_two(x, y, -x); }));
    CHECK(agrees<F8>(a, b, [](const auto &x, const auto &y) { return mul_minus_sqr(three_halves(x), sub_loose(y, x), y); }));
    CHECK(agrees<F8>(a, b, [](const auto &x, const auto &y) { return mul_minus_mul(sub_loose(x, y), sub_loose(-x, y), x, y); }));
    CHECK(agrees<F8>(a, b, [](const auto &x, const auto &y) { return squares(x, y).a - squares(x, y).b; }));
    CHECK(agrees<F8>(a, b, [](const auto &x, const auto &y) {
      const auto s = squares_loose(sub_loose(x, y), three_halves(y));
      return s.a - s.b;
    }));
    if constexpr (WORDS<F> == 6)
      CHECK(agrees<F8>(a, b, [](const auto &x, const auto &y) { return mul_plus_mul(sub_loose(x, y), x, y, three_halves(x)); }));
  }
}

// Jacobian points of eight lanes, from those of one; every third has a Z of its own.
template <class F8> Jacobian<F8> eight(const Jacobian<One<F8>> *p) {
  One<F8> x[8], y[8], z[8];
  for (int i = 0; i < 8; i++) x[i] = p[i].x, y[i] = p[i].y, z[i] = p[i].z;
  return {eight<F8>(x), eight<F8>(y), eight<F8>(z)};
}
template <class F8> bool agrees(const Jacobian<F8> &found, const Jacobian<One<F8>> *expected) {
  const Affine<F8> p = to_affine(found);
  One<F8> x[8], y[8];
  for (int i = 0; i < 8; i++) {
    const Affine<One<F8>> q = to_affine(expected[i]);
    x[i] = q.x, y[i] = q.y;
  }
  return agrees(p.x, x) && agrees(p.y, y);
}
template <class F> Jacobian<F> scaled_by(const Jacobian<F> &p, const F &z) {
  const F zz = sqr(z);
  return {p.x * zz, p.y * (zz * z), p.z * z};
}

template <class G> void points_agree() {
  using G8 = Eight<G>;
  using F = typename G::F;
  using F8 = typename G8::F;
  Source<F> source;
  for (int round = 0; round < 60; round++) {
    Jacobian<F> p[8], q[8], sum[8], mixed[8], twice[8];
    Affine<F> a[8];
    F x[8], y[8];
    for (int i = 0; i < 8; i++) {
      const u64 k[4] = {source.numbers.next() % 20, 0, 0, 0}, other[4] = {source.numbers.next() % 20, 0, 0, 0};
      const F z = source.next();
      p[i] = scalar_mul<G>(G::generator(), k);
      const u64 kind = source.numbers.next() % 6;
      q[i] = kind == 0 ? p[i] : kind == 1 ? -p[i] : kind == 2 ? Jacobian<F>::identity() : scalar_mul<G>(G::generator(), other);
      if (!is_zero(z)) q[i] = scaled_by(q[i], z);
      a[i] = to_affine(q[i]);
      x[i] = a[i].x, y[i] = a[i].y;
      sum[i] = add(p[i], q[i]), mixed[i] = add(p[i], a[i]), twice[i] = dbl(q[i]);
    }
    const Jacobian<F8> p8 = eight<F8>(p), q8 = eight<F8>(q);
    const Affine<F8> a8 = {eight<F8>(x), eight<F8>(y)};
    CHECK(agrees(add(p8, q8), sum));
    CHECK(agrees(add(p8, a8), mixed));
    CHECK(agrees(dbl(q8), twice));
    const Mask8 same = equal(p8, q8), same_affine = equal(p8, a8);
    for (int i = 0; i < 8; i++) CHECK(same.lane(i) == equal(p[i], q[i]) && same_affine.lane(i) == equal(p[i], a[i]));
  }
}

} // namespace

TEST_ISA(fused_formulas_in_eight_lanes_agree_with_one) {
  fused_formulas_agree<bls12_381::FpT<Lane8>>();
  fused_formulas_agree<bn254::FpT<Lane8>>();
  fused_formulas_agree<Fp2<bls12_381::FpT<Lane8>>>();
  fused_formulas_agree<Fp2<bn254::FpT<Lane8>>>();
}

TEST_ISA(points_in_eight_lanes_are_added_as_in_one) {
  points_agree<G1Bls12<Lane1>>();
  points_agree<G2Bls12<Lane1>>();
  points_agree<G1Bn254<Lane1>>();
  points_agree<G2Bn254<Lane1>>();
}

// Both exceptions of the map to G1: t^2 + t = 0 at u = 0 and at 11 u^2 = -1, and points of E1' that have the same x.
TEST_ISA(the_exceptions_of_the_map_to_g1_are_met_in_any_lane) {
  using F = bls12_381::Fp;
  using F8 = bls12_381::FpT<Lane8>;
  bool ok = false;
  const F special[3] = {F::zero(), sqrt(-inverse(mul_small<11>(F::one())), ok), F::one()};
  CHECK(ok);
  Source<F> source;
  for (int round = 0; round < 60; round++) {
    F u[2][8];
    Jacobian<F> p[8], q[8], expected[8];
    for (int i = 0; i < 8; i++) {
      u[0][i] = source.numbers.next() % 2 ? source.next() : special[source.numbers.next() % 3];
      const u64 kind = source.numbers.next() % 4;
      u[1][i] = kind == 0 ? u[0][i] : kind == 1 ? -u[0][i] : source.next(); // the same point, the opposite one, another
      p[i] = sswu::map_to_curve(u[0][i]), q[i] = sswu::map_to_curve(u[1][i]);
      expected[i] = sswu::sum_in_g1(p[i], q[i]);
      CHECK(kind != 1 || is_zero(u[0][i]) || expected[i].infinity());
    }
    const F8 v[2] = {eight<F8>(u[0]), eight<F8>(u[1])};
    Jacobian<F8> mapped[2];
    sswu::map_to_curve<2>(v, mapped);
    CHECK(agrees(mapped[0], p) && agrees(mapped[1], q));
    CHECK(agrees(sswu::sum_in_g1(mapped[0], mapped[1]), expected));
  }
}

COPROC_END
#endif
