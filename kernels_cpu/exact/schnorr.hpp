// verify_schnorr on limbs as given, in upstream's own order of operations: the slow path of keys and signatures whose limbs are not
// below the modulus. Points are extended twisted Edwards (u, v, z, t1, t2), T = t1 t2, a = -1.
#pragma once
#include "exact/raw_hades.hpp"

COPROC_BEGIN
namespace exact {

struct RawExtended {
  RawFr u, v, z, t1, t2;

  static RawExtended identity() { return {RawFr::zero(), RawFr::one(), RawFr::one(), RawFr::zero(), RawFr::zero()}; }
  static RawExtended load_bytes(const u8 *p) {
    return {RawFr::load_bytes(p), RawFr::load_bytes(p + 32), RawFr::load_bytes(p + 64), RawFr::load_bytes(p + 96),
            RawFr::load_bytes(p + 128)};
  }
};

struct RawNiels {
  RawFr v_plus_u, v_minus_u, z, t2d;

  static RawNiels identity() { return {RawFr::one(), RawFr::one(), RawFr::one(), RawFr::zero()}; }
};

inline RawNiels to_niels(const RawExtended &p) { return {p.v + p.u, p.v - p.u, p.z, p.t1 * p.t2 * RawFr::constant(constants::jubjub::D2)}; }

// (u : v) over two denominators, u / t and v / z, back to extended coordinates.
inline RawExtended from_completed(const RawFr &u, const RawFr &v, const RawFr &z, const RawFr &t) { return {u * t, v * z, z * t, u, v}; }

inline RawExtended add(const RawExtended &p, const RawNiels &n) {
  const RawFr a = (p.v - p.u) * n.v_minus_u;
  const RawFr b = (p.v + p.u) * n.v_plus_u;
  const RawFr c = p.t1 * p.t2 * n.t2d;
  const RawFr d = dbl(p.z * n.z);
  return from_completed(b - a, b + a, d + c, d - c);
}

inline RawExtended dbl(const RawExtended &p) {
  const RawFr uu = sqr(p.u), vv = sqr(p.v), zz2 = dbl(sqr(p.z)), uv2 = sqr(p.u + p.v);
  const RawFr sum = vv + uu, difference = vv - uu;
  return from_completed(uv2 - sum, sum, difference, zz2 - difference);
}

// scalar * p by the ladder over bits 251..0: one doubling and one addition a bit, of the neutral element where the bit is 0.
inline RawExtended scalar_mul(const RawExtended &p, const u64 *scalar) {
  const RawNiels n = to_niels(p), neutral = RawNiels::identity();
  RawExtended acc = RawExtended::identity();
  for (int i = 251; i >= 0; i--) acc = add(dbl(acc), (scalar[i / 64] >> (i % 64) & 1) != 0 ? n : neutral);
  return acc;
}

inline bool is_identity(const RawExtended &p) { return is_zero(p.u) && p.v == p.z; }

enum class Validity { INVALID, VALID, PANIC };

// Torsion-free, on the curve and not the identity; PANIC where z is zero and the (then vacuous) torsion test passed.
// (u, v): the affine coordinates, set where VALID.
inline Validity validate(const RawExtended &p, RawFr &u, RawFr &v) {
  if (!is_identity(scalar_mul(p, constants::jubjub::Fr::MODULUS))) return Validity::INVALID;
  if (is_zero(p.z)) return Validity::PANIC;
  const RawFr z_inverse = invert(p.z);
  u = p.u * z_inverse;
  v = p.v * z_inverse;
  const RawFr u2 = sqr(u), v2 = sqr(v);
  const bool on_curve = v2 - u2 - RawFr::constant(constants::jubjub::D) * u2 * v2 == RawFr::one() && u * v * p.z == p.t1 * p.t2;
  return on_curve && !is_identity(p) ? Validity::VALID : Validity::INVALID;
}

} // namespace exact

// msg 32, pk 160, sig 192 bytes as archived. Returns 0 (refused), 1 (accepted) or 2 (upstream panics).
inline int exact_schnorr(const u8 *msg, const u8 *pk, const u8 *sig) {
  using namespace exact;
  const RawExtended key = RawExtended::load_bytes(pk), r = RawExtended::load_bytes(sig + 32);
  RawFr hashed[5] = {}; // R.u, R.v, pk.u, pk.v, msg
  Validity validity = validate(key, hashed[2], hashed[3]);
  if (validity == Validity::VALID) validity = validate(r, hashed[0], hashed[1]);
  if (validity != Validity::VALID) return validity == Validity::PANIC ? 2 : 0;

  hashed[4] = RawFr::load_bytes(msg);
  u64 challenge[4], response[4];
  u8 bytes[sizeof hashed];
  std::memcpy(bytes, hashed, sizeof hashed);
  to_plain(exact_poseidon(bytes, 5), challenge);
  challenge[3] &= (u64{1} << 58) - 1; // the low 250 bits

  u64 t[8] = {};
  std::memcpy(t, sig, 32);
  reduce_limbs<4>(response, t, constants::jubjub::Fr::MODULUS, constants::jubjub::Fr::N0);

  const RawFr gu = RawFr::constant(constants::jubjub::GENERATOR_U), gv = RawFr::constant(constants::jubjub::GENERATOR_V);
  const RawExtended generator = {gu, gv, RawFr::one(), gu, gv};
  const RawExtended sum = add(scalar_mul(generator, response), to_niels(scalar_mul(key, challenge)));
  return sum.u * r.z == r.u * sum.z && sum.v * r.z == r.v * sum.z ? 1 : 0;
}

COPROC_END
