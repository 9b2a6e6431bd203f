// A PLONK proof to the scalars of its two sums of points: the transcript, the domain at z, the linearisation.
#include "hash/octets.hpp"
#include "isa/entries.hpp"
#include "primitives/plonk_lanes.hpp"
#include "primitives/plonk_transcript.hpp"

COPROC_BEGIN

namespace {

using namespace plonk;
#if COPROC_LANES
constexpr usize FEWEST = 2; // for fewer one by one is faster
#endif

bool canonical_evaluations(const Proof &proof) {
  bool all = true;
  for (int i = 0; i < static_cast<int>(EVALUATIONS); i++) {
    u64 plain[4];
    std::memcpy(plain, proof.evaluation(i), sizeof plain);
    all &= reduced<Fr>(plain);
  }
  return all;
}
Evaluations<Fr> load_evaluations(const Proof &proof) {
  Evaluations<Fr> e;
  for (int i = 0; i < static_cast<int>(EVALUATIONS); i++) {
    u64 plain[4];
    std::memcpy(plain, proof.evaluation(i), sizeof plain);
    e.in_order(i) = from_plain<Fr>(plain);
  }
  return e;
}

// A public input of any limbs is its value mod r.
Fr load_input(const u8 *bytes) {
  u64 limbs[4];
  std::memcpy(limbs, bytes, sizeof limbs);
  return Fr::one() * Fr::load(limbs);
}

const Prelude &prelude_of(const u64 *key) { return *reinterpret_cast<const Prelude *>(key + load_header(key).reserved[RESERVED_PRELUDE]); }
const u64 *roots_of(const u64 *key) { return key + load_header(key).reserved[RESERVED_ROOTS]; }

// What a batch consists of.
struct Claims {
  coproc_words keys;
  const u8 *versions;
  coproc_data proofs;
  const u64 *proof_lens;
  coproc_data inputs;
  const u64 *counts;

  bool valid(usize i) const {
    const coproc_plonk_key_header header = load_header(keys[i]);
    return header.words != 0 && versions[i] >= 1 && versions[i] <= 3 && proof_lens[i] >= PROOF_BYTES && counts[i] == header.public_inputs &&
           canonical_evaluations({proofs[i]}) && prelude_of(keys[i]).log_n != Prelude::NO_DOMAIN;
  }
};

// scratch: 2 (count + 1) elements.
void scalars_of(const Claims &claims, usize i, Fr *scratch, u64 *scalars, u64 *scalars_x) {
  const Prelude &prelude = prelude_of(claims.keys[i]);
  const u64 *roots = roots_of(claims.keys[i]), count = claims.counts[i];
  const auto input = [&](u64 k) { return load_input(claims.inputs[i] + SCALAR_BYTES * k); };
  Transcript transcript = claims.versions[i] == 3 ? prelude.current : prelude.legacy;
  OneTranscript t = {transcript, {claims.proofs[i]}};
  for (u64 k = 0; k < count; k++) t.scalar("pi", input(k));
  const Challenges<Fr> k = run_transcript<Fr>(t);
  Fr z_n = k.z;
  for (u64 j = 0; j < prelude.log_n; j++) z_n = sqr(z_n);
  const AtZ<Fr> at =
      evaluate_domain(k.z, z_n, prelude.omega, prelude.n_inverse, count, [&](u64 j) { return Fr::load(roots + 4 * j); }, input, scratch);
  Fr out[COPROC_PLONK_TERMS];
  opening_scalars(claims.versions[i] == 1, load_evaluations({claims.proofs[i]}), k, at, out);
  for (int j = 0; j < COPROC_PLONK_TERMS; j++) to_plain(out[j], scalars + 4 * j);
  to_plain(-Fr::one(), scalars_x);
  to_plain(-k.u, scalars_x + 4);
}

#if COPROC_LANES
// The claims members[l], l < width, of one shape.
void scalars_of_members(const Claims &claims, const usize *members, usize width, Fr8 *scratch, u64 *scalars, u64 *scalars_x) {
  EightClaims eight;
  eight.version_1 = eight.version_3 = Mask8::none();
  u64 *to[8], *to_x[8];
  for (usize l = 0; l < 8; l++) {
    const usize i = members[l < width ? l : 0];
    const int lane = static_cast<int>(l);
    eight.roots[l] = roots_of(claims.keys[i]);
    eight.prelude[l] = &prelude_of(claims.keys[i]);
    eight.proof[l] = {claims.proofs[i]};
    eight.inputs[l] = claims.inputs[i];
    eight.version_1.set_lane(lane, claims.versions[i] == 1);
    eight.version_3.set_lane(lane, claims.versions[i] == 3);
    to[l] = scalars + 4 * COPROC_PLONK_TERMS * i;
    to_x[l] = scalars_x + 8 * i;
  }
  scalars_of_eight(eight, claims.counts[members[0]], scratch, to, to_x, Mask8::first(width));
}
#endif

} // namespace

void k_plonk_scalars(usize n, coproc_words keys, const u8 *versions, coproc_data proofs, const u64 *proof_lens, coproc_data inputs,
                     const u64 *counts, u64 *scalars, u64 *scalars_x, u8 *status) {
  const Claims claims = {keys, versions, proofs, proof_lens, inputs, counts};
  u64 most = 0;
  for (usize i = 0; i < n; i++) {
    status[i] = claims.valid(i) ? COPROC_OK : COPROC_INVALID;
    if (status[i] == COPROC_OK && counts[i] > most) most = counts[i];
  }
  Buffer<Fr> scratch(2 * (most + 1));
  bool ok = scratch.ok();
  const auto one = [&](usize i) { scalars_of(claims, i, scratch.data(), scalars + 4 * COPROC_PLONK_TERMS * i, scalars_x + 8 * i); };
#if COPROC_LANES
  Buffer<Fr8> scratch_lanes(n >= FEWEST ? 3 * most + 2 : 1);
  ok &= scratch_lanes.ok();
  Octets octets([&](u64, const usize *members, usize width) {
    if (width >= FEWEST) return scalars_of_members(claims, members, width, scratch_lanes.data(), scalars, scalars_x);
    for (usize l = 0; l < width; l++) one(members[l]);
  });
  const auto compute = [&](usize i) {
    const Prelude &prelude = prelude_of(keys[i]);
    octets.add(counts[i] << 16 | TranscriptLanes::shape(versions[i] == 3 ? prelude.current : prelude.legacy), i);
  };
#else
  const auto &compute = one;
#endif
  for (usize i = 0; i < n; i++) {
    if (status[i] == COPROC_OK && ok) {
      compute(i);
      continue;
    }
    if (status[i] == COPROC_OK) status[i] = COPROC_UNSERVED;
    std::memset(scalars + 4 * COPROC_PLONK_TERMS * i, 0, 32 * COPROC_PLONK_TERMS);
    std::memset(scalars_x + 8 * i, 0, 64);
  }
#if COPROC_LANES
  octets.finish();
#endif
}

COPROC_END
