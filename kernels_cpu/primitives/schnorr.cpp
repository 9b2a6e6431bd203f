// verify_schnorr: u G + c pk = R on JubJub, c = Poseidon(R.u, R.v, pk.u, pk.v, msg) cut to 250 bits, for keys and signatures of
// reduced limbs. Unreduced limbs, and z = 0, where upstream may panic, take the limb-exact path.
//
// For z != 0 upstream's three conditions on a point (torsion-free, on the curve, not the identity) can be taken in any order: on the
// curve its ladder computes the group law, since that has no exceptions, so they say: a point of the prime-order subgroup other than
// the identity. There c may be replaced by a quotient of half its length: with b c = +-a mod r_j the equation is
// (b u) G +- a pk - b R = 0, for b is invertible.
#include "exact/schnorr.hpp"
#include "curve/half_scalar.hpp"
#include "curve/jubjub.hpp"
#include "curve/scalar.hpp"
#include "hash/poseidon.hpp"
#include "isa/entries.hpp"
#include "primitives/schnorr_lanes.hpp"

COPROC_BEGIN

namespace {

using jubjub::AffineNiels;
using jubjub::Extended;
using jubjub::Niels;
using F = jubjub::Fp;
constexpr usize BLOCK = 32; // signatures that share an inversion
#if COPROC_LANES
constexpr usize FEWEST = 2; // for fewer one by one is faster
#endif
constexpr int WINDOW = 5, ODD = 1 << (WINDOW - 2);
constexpr int SPLIT = constants::jubjub::GENERATOR_SPLIT, GENERATOR_WINDOW = constants::jubjub::GENERATOR_WINDOW;
constexpr int POSITIONS = 129;

F load_element(const u8 *bytes) {
  F a;
  std::memcpy(a.v, bytes, sizeof a.v);
  return a;
}

// (u, v, z, t1, t2) as archived, made affine.
struct Point {
  F u, v, z, t1, t2;

  // False where a coordinate is unreduced or z is 0.
  bool load(const u8 *bytes) {
    u64 limbs[20];
    std::memcpy(limbs, bytes, sizeof limbs);
    bool all = true;
    for (int i = 0; i < 5; i++) all &= reduced<F>(limbs + 4 * i);
    u = F::load(limbs), v = F::load(limbs + 4), z = F::load(limbs + 8), t1 = F::load(limbs + 12), t2 = F::load(limbs + 16);
    return all && !is_zero(z);
  }
  // u / z, v / z; whether they are on the curve, t1 t2 = u v / z, and the point is not the identity (0, 1).
  bool make_affine(const F &z_inverse) {
    u *= z_inverse, v *= z_inverse;
    return jubjub::on_curve(u, v) && u * v * z == t1 * t2 && !(is_zero(u) && v == F::one());
  }
};

// 1, 3, 5, .. times the affine point (u, v).
void odd_multiples(Niels<F> *table, const F &u, const F &v) {
  Extended<F> p = Extended<F>::affine(u, v);
  table[0] = niels(p);
  const Niels<F> twice = niels(jubjub::dbl(p.u, p.v, p.z).extended());
  for (int i = 1; i < ODD; i++) {
    p = add(p, twice, false).extended();
    table[i] = niels(p);
  }
}

AffineNiels<F> generator_multiple(int half, int digit) {
  const auto &e = constants::jubjub::GENERATOR_TABLE[half][(digit < 0 ? -digit : digit) / 2];
  return {F::constant(e[0]), F::constant(e[1]), F::constant(e[2])};
}

// Whether g G + a A = b B, a and b below 2^128, g below 2^252; `minus` stands before a.
bool equation(const u64 *g, const u64 *a, bool minus, const Point &A, const u64 *b, const Point &B) {
  Niels<F> table[2][ODD];
  odd_multiples(table[0], A.u, A.v);
  odd_multiples(table[1], B.u, B.v);
  signed char digits[4][POSITIONS] = {};
  int top = 0;
  const auto recode = [&](int row, const u64 *scalar, int window) {
    for_each_naf_digit(scalar, window, [&](int position, int digit) {
      digits[row][position] = static_cast<signed char>(digit);
      if (position > top) top = position;
    });
  };
  constexpr u64 HIGH = (u64{1} << (SPLIT - 64)) - 1;
  const u64 low[2] = {g[0], g[1] & HIGH};
  const u64 high[2] = {(g[1] >> (SPLIT - 64)) | (g[2] << (128 - SPLIT)), (g[2] >> (SPLIT - 64)) | (g[3] << (128 - SPLIT))};
  recode(0, a, WINDOW), recode(1, b, WINDOW), recode(2, low, GENERATOR_WINDOW), recode(3, high, GENERATOR_WINDOW);

  jubjub::Completed<F> sum = {F::zero(), F::one(), F::one(), F::one()}; // the identity
  for (int i = top; i >= 0; i--) {
    if (i != top) {
      const jubjub::Projective<F> p = sum.projective();
      sum = jubjub::dbl(p.u, p.v, p.z);
    }
    const int da = digits[0][i], db = digits[1][i];
    if (da) sum = add(sum.extended(), table[0][(da < 0 ? -da : da) / 2], (da < 0) != minus);
    if (db) sum = add(sum.extended(), table[1][(db < 0 ? -db : db) / 2], db > 0);
    for (int half = 0; half < 2; half++)
      if (const int d = digits[2 + half][i]) sum = add(sum.extended(), generator_multiple(half, d), d < 0);
  }
  // u = e f = 0 and v = g h equal to z = f g, where f and g are not zero
  return is_zero(sum.e) && sum.h == sum.f;
}

bool accept(const u8 *sig, const F &msg, const Point &pk, const Point &r, Poseidon<F> &poseidon) {
  const F hashed[5] = {r.u, r.v, pk.u, pk.v, msg};
  u64 c[4], u[4], g[4];
  to_plain(poseidon.hash(5, [&](u64 i) { return hashed[i]; }), c);
  c[3] &= (u64{1} << 58) - 1;
  const HalfScalar half = HalfEuclid(c).result();
  // b u: the Montgomery product of plain b and u 2^256; u's limbs may be any.
  std::memcpy(u, sig, sizeof u);
  const u64 b[4] = {half.b[0], half.b[1], 0, 0};
  jubjub::Fr::A::mul(g, b, u);
  return equation(g, half.a, half.negative, pk, half.b, r);
}

// The signatures members[i], i < n <= BLOCK, of reduced limbs and z != 0.
void verify_block(usize n, const usize *members, coproc_data msgs, coproc_data pks, coproc_data sigs, u8 *verdict) {
  Point points[2 * BLOCK];
  F z[2 * BLOCK], scratch[2 * BLOCK];
  for (usize i = 0; i < n; i++) {
    points[2 * i].load(pks[members[i]]), points[2 * i + 1].load(sigs[members[i]] + 32);
    z[2 * i] = points[2 * i].z, z[2 * i + 1] = points[2 * i + 1].z;
  }
  batch_inverse(z, 2 * n, scratch);
  Poseidon<F> poseidon;
  for (usize i = 0; i < n; i++) {
    Point *p = points + 2 * i;
    u8 &accepted = verdict[members[i]];
    accepted = 0;
    if (!p[0].make_affine(z[2 * i]) || !p[1].make_affine(z[2 * i + 1])) continue;
    const F u[2] = {p[0].u, p[1].u}, v[2] = {p[0].v, p[1].v};
    bool prime_order[2];
    jubjub::in_subgroup<2>(u, v, prime_order);
    accepted = prime_order[0] && prime_order[1] && accept(sigs[members[i]], load_element(msgs[members[i]]), p[0], p[1], poseidon);
  }
}

} // namespace

void k_schnorr(usize n, coproc_data msgs, coproc_data pks, coproc_data sigs, u8 *verdict, u8 *status) {
  usize members[BLOCK], held = 0;
#if COPROC_LANES
  SchnorrLanes lanes;
#endif
  const auto flush = [&] {
    usize done = 0;
#if COPROC_LANES
    for (usize width; (width = held - done < 8 ? held - done : 8) >= FEWEST; done += width)
      lanes.verify(msgs, pks, sigs, members + done, width, verdict);
#endif
    if (held > done) verify_block(held - done, members + done, msgs, pks, sigs, verdict);
    held = 0;
  };
  for (usize i = 0; i < n; i++) {
    status[i] = COPROC_OK;
    Point point;
    if (reduced<F>(load_element(msgs[i]).v) && point.load(pks[i]) && point.load(sigs[i] + 32)) {
      members[held++] = i;
      if (held == BLOCK) flush();
      continue;
    }
    const int answer = exact_schnorr(msgs[i], pks[i], sigs[i]);
    verdict[i] = answer == 1;
    if (answer == 2) status[i] = COPROC_PANIC;
  }
  flush();
}

COPROC_END
