// Eight signatures of reduced limbs at once: the equation of schnorr.cpp, with every condition a mask.
#pragma once
#include "curve/jubjub_lanes.hpp"
#include "hash/fr_lanes.hpp"
#include "hash/poseidon_lanes.hpp"
#include "isa/entries.hpp"

#if COPROC_LANES
COPROC_BEGIN

class SchnorrLanes {
  using F1 = jubjub::Fp;
  using F = Fp<F1::Params, Lane8>;
  static constexpr int KEY = 0, R = 1;

  Poseidon<F1> poseidon_; // keeps its tag

  struct Point {
    F u, v, z, t1, t2;

    // u / z, v / z; the lanes where they are on the curve, t1 t2 = u v / z, and the point is not the identity (0, 1).
    Mask8 make_affine(const F &z_inverse) {
      u *= z_inverse, v *= z_inverse;
      return jubjub::on_curve(u, v) & (u * v * z == t1 * t2) & !(is_zero(u) & (v == F::one()));
    }
  };

  struct Rows {
    u64 words[8][20];

    Rows(coproc_data data, const usize *members, usize count, usize offset, usize bytes) {
      for (usize l = 0; l < 8; l++) std::memcpy(words[l], data[members[l < count ? l : 0]] + offset, bytes);
    }
    F element(int k) const {
      const u64 *at[8];
      for (int l = 0; l < 8; l++) at[l] = words[l] + 4 * k;
      return gather<F>(at);
    }
    Point point() const { return {element(0), element(1), element(2), element(3), element(4)}; }
  };

  Mask8 equation(const u64 (*c)[4], const Rows &u, const Point &key, const Point &r) const {
    jubjub::WindowDigits a, b;
    jubjub::GeneratorDigits g;
    for (int l = 0; l < 8; l++) {
      u64 challenge[4] = {c[l][0], c[l][1], c[l][2], c[l][3] & ((u64{1} << 58) - 1)}, bu[4];
      const HalfScalar half = HalfEuclid(challenge).result();
      // as in schnorr.cpp: (b u) G +- a pk = b R
      const u64 plain_b[4] = {half.b[0], half.b[1], 0, 0};
      jubjub::Fr::A::mul(bu, plain_b, u.words[l]);
      g.set(l, bu), a.set(l, half.a, half.negative), b.set(l, half.b, true);
    }
    return jubjub::sum_is_identity(g, a, key.u, key.v, b, r.u, r.v);
  }

 public:
  // verdict[members[l]], l < count; key and R have reduced limbs and z != 0, the message reduced limbs.
  void verify(coproc_data msgs, coproc_data pks, coproc_data sigs, const usize *members, usize count, u8 *verdict) {
    const Rows message(msgs, members, count, 0, 32), response(sigs, members, count, 0, 32);
    Point p[2] = {Rows(pks, members, count, 0, 160).point(), Rows(sigs, members, count, 32, 160).point()};
    F z[2] = {p[KEY].z, p[R].z}, scratch[2];
    batch_inverse(z, 2, scratch);
    Mask8 good = Mask8::first(count);
    for (int k = 0; k < 2; k++) good &= p[k].make_affine(z[k]);
    if (any(good)) {
      const F u[2] = {p[KEY].u, p[R].u}, v[2] = {p[KEY].v, p[R].v};
      Mask8 prime_order[2];
      jubjub::in_subgroup<2>(u, v, prime_order);
      good &= prime_order[0] & prime_order[1];
    }
    if (any(good)) {
      const F hashed[5] = {p[R].u, p[R].v, p[KEY].u, p[KEY].v, message.element(0)};
      u64 challenge[8][4], *to[8];
      for (int l = 0; l < 8; l++) to[l] = challenge[l];
      scatter_plain(poseidon_lanes(poseidon_.tag_of(5), 5, [&](u64 i) { return hashed[i]; }), to, Mask8::every());
      good &= equation(challenge, response, p[KEY], p[R]);
    }
    for (usize l = 0; l < count; l++) verdict[members[l]] = good.lane(static_cast<int>(l));
  }
};

COPROC_END
#endif
