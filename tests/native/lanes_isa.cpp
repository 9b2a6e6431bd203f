// Eight lanes against one: every operation of the fields and towers, each lane with operands of its own, edge values first.
#include "check.hpp"
#include "test_isa.hpp"
#include "values_isa.hpp"

#include <type_traits>

#if COPROC_LANES
COPROC_BEGIN
namespace {

// Elements of one lane beside the same in eight; F8 is Fp or Fp2 over Lane8.
template <class F8> struct Octet {
  using F1 = typename OneLane<F8>::Type;
  static constexpr int W = LanesIo<F8>::WORDS;
  u64 words[8][W];

  F1 one(int lane) const { return F1::load(words[lane]); }
  F8 eight() const {
    const u64 *at[8];
    for (int i = 0; i < 8; i++) at[i] = words[i];
    return gather<F8>(at);
  }
};

template <class F8> bool agrees(const F8 &r, const typename OneLane<F8>::Type *expected) {
  Octet<F8> out;
  u64 *at[8];
  for (int i = 0; i < 8; i++) at[i] = out.words[i];
  scatter(r, at, Mask8::every());
  bool same = true;
  for (int i = 0; i < 8; i++) {
    u64 w[Octet<F8>::W];
    expected[i].store(w);
    same &= equal<Octet<F8>::W>(w, out.words[i]); // canonical too
  }
  return same;
}

// r in lanes against make(a, b) a lane.
template <class F8, class Make> bool agrees(const F8 &r, const Octet<F8> &a, const Octet<F8> &b, Make make) {
  typename OneLane<F8>::Type expected[8];
  for (int i = 0; i < 8; i++) expected[i] = make(a.one(i), b.one(i));
  return agrees(r, expected);
}
template <class F8, class Make> bool mask_agrees(Mask8 m, const Octet<F8> &a, const Octet<F8> &b, Make make) {
  bool same = true;
  for (int i = 0; i < 8; i++) same &= m.lane(i) == make(a.one(i), b.one(i));
  return same;
}

template <class P> struct Source {
  Values<P> values;
  Numbers numbers{P::MODULUS[0] + 1};
  int next = 0;
  template <class F8> void fill(Octet<F8> &o) {
    for (auto &lane : o.words)
      for (int c = 0; c < Octet<F8>::W; c += P::LIMBS)
        values.get(lane + c,
                   static_cast<int>(numbers.next() % 64) < 20 ? static_cast<int>(numbers.next() % Values<P>::EDGES) : Values<P>::EDGES);
  }
  // as fill, with some lanes equal to those of another, or opposite
  template <class F8> void fill_near(Octet<F8> &o, const Octet<F8> &other) {
    fill(o);
    for (int i = 0; i < 8; i++) {
      const u64 kind = numbers.next() % 8;
      if (kind == 0) other.one(i).store(o.words[i]);
      if (kind == 1) (-other.one(i)).store(o.words[i]);
    }
  }
};

template <class P> void fields_agree() {
  using F = Fp<P, Lane8>;
  using F1 = Fp<P, Lane1>;
  Source<P> source;
  for (int round = 0; round < 400; round++) {
    Octet<F> a, b;
    source.fill(a);
    source.fill_near(b, a);
    const F x = a.eight(), y = b.eight();
    CHECK(agrees(x, a, b, [](F1 p, F1) { return p; }));
    CHECK(agrees(x + y, a, b, [](F1 p, F1 q) { return p + q; }));
    CHECK(agrees(x - y, a, b, [](F1 p, F1 q) { return p - q; }));
    CHECK(agrees(x * y, a, b, [](F1 p, F1 q) { return p * q; }));
    CHECK(agrees(sqr(x), a, b, [](F1 p, F1) { return sqr(p); }));
    CHECK(agrees(-x, a, b, [](F1 p, F1) { return -p; }));
    CHECK(agrees(half(x), a, b, [](F1 p, F1) { return half(p); }));
    CHECK(agrees(mul_small<12>(x), a, b, [](F1 p, F1) { return mul_small<12>(p); }));
    CHECK(agrees(mul_loose(add_loose(x, y), add_loose(y, y)), a, b, [](F1 p, F1 q) { return (p + q) * dbl(q); }));
    CHECK(agrees(redc(mul_wide(x, y) - sqr_wide(y) - mul_wide(y, y) + sqr_wide(x)), a, b,
                 [](F1 p, F1 q) { return p * q - sqr(q) - sqr(q) + sqr(p); }));
    CHECK(agrees(three_minus_two(x, y), a, b, [](F1 p, F1 q) { return p + p + p - q - q; }));
    CHECK(agrees(three_plus_two(x, y), a, b, [](F1 p, F1 q) { return p + p + p + q + q; }));
    CHECK(agrees(inverse(x), a, b, [](F1 p, F1) { return inverse(p); }));
    CHECK(mask_agrees(x == y, a, b, [](F1 p, F1 q) { return p == q; }));
    CHECK(mask_agrees(is_zero(x - y), a, b, [](F1 p, F1 q) { return p == q; }));
    CHECK(mask_agrees(is_zero(x), a, b, [](F1 p, F1) { return is_zero(p); }));
    CHECK(mask_agrees(is_larger(x), a, b, [](F1 p, F1) { return is_larger(p); }));
    const Mask8 m{static_cast<__mmask8>(source.numbers.next())};
    const F s = select(m, x, y);
    for (int i = 0; i < 8; i++) CHECK(get_lane(s, i) == (m.lane(i) ? a : b).one(i));
    Packed<F> packed[8];
    Packed<F> *to[8];
    const Packed<F> *from[8];
    for (int i = 0; i < 8; i++) to[i] = &packed[i], from[i] = &packed[(i + 3) % 8];
    pack(x, to, Mask8::every());
    const F turned = unpack<F>(from);
    for (int i = 0; i < 8; i++) CHECK(get_lane(turned, i) == a.one((i + 3) % 8));
    // plain integers, unreduced ones too
    const u64 *plain[8];
    for (auto &lane : b.words)
      for (u64 &limb : lane) limb = round % 3 ? source.numbers.next() : ~u64{0};
    for (int i = 0; i < 8; i++) plain[i] = b.words[i];
    F1 expected[8];
    for (int i = 0; i < 8; i++) expected[i] = from_plain<F1>(b.words[i]);
    CHECK(agrees(gather_plain<F>(plain), expected));
    if constexpr (requires { P::SQRT_EXPONENT; }) {
      Mask8 ok;
      const F root = sqrt(x, ok);
      CHECK(agrees(root, a, a, [](F1 p, F1) {
        bool is_square;
        return sqrt(p, is_square);
      }));
      CHECK(mask_agrees(ok, a, a, [](F1 p, F1) {
        bool is_square;
        sqrt(p, is_square);
        return is_square;
      }));
    }
    // sums of sums stay in range
    F long_sum = x;
    F1 long_one[8];
    for (int i = 0; i < 8; i++) long_one[i] = a.one(i);
    const Octet<F> c = [&] {
      Octet<F> o;
      source.fill(o);
      return o;
    }();
    const F z = c.eight();
    for (int k = 0; k < 20; k++) {
      long_sum = dbl(long_sum) - z;
      long_sum += long_sum * z;
      for (int i = 0; i < 8; i++) {
        long_one[i] = dbl(long_one[i]) - c.one(i);
        long_one[i] += long_one[i] * c.one(i);
      }
    }
    CHECK(agrees(long_sum, long_one));
  }
}

template <class P> void towers_agree() {
  using F2 = Fp2<Fp<P, Lane8>>;
  using G2 = Fp2<Fp<P, Lane1>>;
  using F12 = Fp12<Fp6<F2>>;
  using G12 = Fp12<Fp6<G2>>;
  Source<P> source;
  for (int round = 0; round < 60; round++) {
    Octet<F2> a[6], b[6];
    for (int k = 0; k < 6; k++) source.fill(a[k]), source.fill_near(b[k], a[k]);
    const auto eight = [](const Octet<F2> *o) {
      return F12{{o[0].eight(), o[1].eight(), o[2].eight()}, {o[3].eight(), o[4].eight(), o[5].eight()}};
    };
    const auto one = [](const Octet<F2> *o, int i) {
      return G12{{o[0].one(i), o[1].one(i), o[2].one(i)}, {o[3].one(i), o[4].one(i), o[5].one(i)}};
    };
    const auto check = [&](const F12 &r, auto make) {
      G12 e[8];
      for (int i = 0; i < 8; i++) e[i] = make(one(a, i), one(b, i));
      const F2 *parts[6] = {&r.c0.c0, &r.c0.c1, &r.c0.c2, &r.c1.c0, &r.c1.c1, &r.c1.c2};
      for (int k = 0; k < 6; k++) {
        G2 expected[8];
        for (int i = 0; i < 8; i++) {
          const G2 *of[6] = {&e[i].c0.c0, &e[i].c0.c1, &e[i].c0.c2, &e[i].c1.c0, &e[i].c1.c1, &e[i].c1.c2};
          expected[i] = *of[k];
        }
        CHECK(agrees(*parts[k], expected));
      }
    };
    const F12 f = eight(a), g = eight(b);
    check(f * g, [](const G12 &p, const G12 &q) { return p * q; });
    check(sqr(f), [](const G12 &p, const G12 &) { return sqr(p); });
    check(inverse(f), [](const G12 &p, const G12 &) { return inverse(p); });
    check({f.c0 * g.c1, sqr(g.c0)}, [](const G12 &p, const G12 &q) { return G12{p.c0 * q.c1, sqr(q.c0)}; });
    const auto parts = [](const auto &p, const auto &q) {
      using T = std::remove_cvref_t<decltype(p)>;
      return T{{sqr(p.c0.c0), p.c0.c1 * q.c0.c1, mul_by_nonresidue(p.c1.c2)},
               {redc(mul_wide(p.c0.c0, q.c0.c1) - mul_wide(p.c1.c1, q.c1.c2)), mul_by_fp(p.c0.c0, q.c0.c0.c1), p.c0.c0 - q.c0.c1}};
    };
    check(parts(f, g), [&](const G12 &p, const G12 &q) { return parts(p, q); });
    Mask8 ok;
    const F2 root = sqrt(f.c0.c0, ok);
    for (int i = 0; i < 8; i++) {
      bool is_square;
      const G2 expected = sqrt(a[0].one(i), is_square);
      CHECK(ok.lane(i) == is_square && (!is_square || get_lane(root, i) == expected));
    }
    CHECK(mask_agrees(is_larger(f.c0.c0), a[0], b[0], [](const G2 &p, const G2 &) { return is_larger(p); }));
  }
}

} // namespace

TEST_ISA(eight_lanes_of_a_field_agree_with_one) {
  fields_agree<constants::bls12_381::Fp>();
  fields_agree<constants::bls12_381::Fr>();
  fields_agree<constants::bn254::Fp>();
  fields_agree<constants::bn254::Fr>();
  fields_agree<constants::jubjub::Fr>();
}
TEST_ISA(eight_lanes_of_the_towers_agree_with_one) {
  towers_agree<constants::bls12_381::Fp>();
  towers_agree<constants::bn254::Fp>();
}

COPROC_END
#endif
