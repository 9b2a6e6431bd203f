// Dusk's PLONK: how verifier data are laid out, and what a prepared key holds besides its points, tables and lines.
#pragma once
#include "coproc.h"
#include "curve/affine.hpp"
#include "hash/merlin.hpp"

COPROC_BEGIN

namespace plonk {

using Fr = bls12_381::Fr;

constexpr usize G1_BYTES = 48, G2_BYTES = 96, SCALAR_BYTES = 32;
constexpr usize KEY_COMMITMENTS = 15, EVALUATIONS = 15;
constexpr usize VERIFIER_KEY_BYTES = 968, OPENING_KEY_BYTES = G1_BYTES + 2 * G2_BYTES;
constexpr usize PROOF_BYTES = COPROC_PLONK_PROOF_POINTS * G1_BYTES + EVALUATIONS * SCALAR_BYTES;
static_assert(VERIFIER_KEY_BYTES >= 8 + KEY_COMMITMENTS * G1_BYTES && PROOF_BYTES == 1008);

// The terms of the opening, in the order of coproc.h.
enum Term {
  Q_M,
  Q_L,
  Q_R,
  Q_O,
  Q_F,
  Q_C,
  Q_ARITH,
  Q_LOGIC,
  Q_RANGE,
  Q_FIXED,
  Q_VARIABLE,
  S_SIGMA_1,
  S_SIGMA_2,
  S_SIGMA_3,
  S_SIGMA_4,
  GENERATOR,
  A,
  B,
  C,
  D,
  Z,
  T_LOW,
  T_MID,
  T_HIGH,
  T_FOURTH,
  W_Z,
  W_ZW
};
static_assert(GENERATOR + 1 == COPROC_PLONK_KEY_POINTS && W_ZW + 1 == COPROC_PLONK_TERMS);

// A transcript that has taken in the key, of versions 1 and 2 and of version 3, and the domain of N = 2^log_n points.
struct Prelude {
  static constexpr u64 NO_DOMAIN = 64; // log_n of a domain that upstream refuses

  Transcript legacy, current;
  u64 log_n;
  Fr omega, n_inverse;
};
static_assert(sizeof(Prelude) % 8 == 0);

// Words of a prepared key: header, Prelude, omega^-index of each public input, points, lines of h and x_h, tables.
struct KeyLayout {
  u64 prelude, roots, points, lines_h, lines_x_h, tables, words;
};

// Where a prepared key keeps its offsets of Prelude and roots: the two reserved words of its header.
constexpr int RESERVED_PRELUDE = 0, RESERVED_ROOTS = 1;

inline coproc_plonk_key_header load_header(const u64 *key) {
  coproc_plonk_key_header h;
  std::memcpy(&h, key, sizeof h);
  return h;
}

} // namespace plonk

COPROC_END
