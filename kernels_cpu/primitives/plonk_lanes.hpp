// Eight PLONK proofs to scalars at once: transcripts of one shape in lockstep, fields in lanes. Keys and versions may differ.
#pragma once
#include "hash/fr_lanes.hpp"
#include "hash/merlin_lanes.hpp"
#include "primitives/plonk_transcript.hpp"

#if COPROC_LANES
COPROC_BEGIN

namespace plonk {

using Fr8 = Fp<Fr::Params, Lane8>;

struct EightTranscripts {
  TranscriptLanes transcript;
  Proof proof[8];

  template <class Bytes> void append(const char *label, usize n, Bytes bytes) {
    const u8 *at[8];
    for (int l = 0; l < 8; l++) at[l] = bytes(l);
    transcript.append(label, at, n);
  }
  void point(const char *label, int term) {
    append(label, G1_BYTES, [&](int l) { return proof[l].point(term); });
  }
  void evaluation(const char *label, int i) {
    append(label, SCALAR_BYTES, [&](int l) { return proof[l].evaluation(i); });
  }
  void scalar(const char *label, const Fr8 &x) {
    u64 plain[8][4], *to[8];
    for (int l = 0; l < 8; l++) to[l] = plain[l];
    scatter_plain(x, to, Mask8::every());
    append(label, SCALAR_BYTES, [&](int l) { return reinterpret_cast<const u8 *>(plain[l]); });
  }
  Fr8 challenge(const char *label) {
    Vec8 digest[8];
    transcript.challenge(label, digest);
    return wide_to_field<Fr8>(digest);
  }
};

// Eight claims; every one has passed the checks of scalars_of in plonk.cpp, their transcripts have one shape and as many inputs.
struct EightClaims {
  const u64 *roots[8]; // omega^-index of the public inputs, as the key has them
  const Prelude *prelude[8];
  Proof proof[8];
  const u8 *inputs[8];
  Mask8 version_1, version_3;

  template <class Row> static Fr8 gathered(Row row) {
    const u64 *at[8];
    for (int l = 0; l < 8; l++) at[l] = row(l);
    return gather<Fr8>(at);
  }
  Fr8 root(u64 i) const {
    return gathered([&](int l) { return roots[l] + 4 * i; });
  }
  // Input i of any limbs: numbers below 2^256 < 2.5 p may be gathered.
  Fr8 input(u64 i) const {
    u64 words[8][4];
    for (int l = 0; l < 8; l++) std::memcpy(words[l], inputs[l] + SCALAR_BYTES * i, sizeof words[l]);
    return gathered([&](int l) { return words[l]; });
  }
  Evaluations<Fr8> evaluations() const {
    u64 words[8][4 * EVALUATIONS];
    for (int l = 0; l < 8; l++) std::memcpy(words[l], proof[l].evaluation(0), sizeof words[l]);
    Evaluations<Fr8> e;
    for (int i = 0; i < static_cast<int>(EVALUATIONS); i++) {
      const u64 *at[8];
      for (int l = 0; l < 8; l++) at[l] = words[l] + 4 * i;
      e.in_order(i) = gather_plain<Fr8>(at);
    }
    return e;
  }
  // z^N, N the size of each lane's domain.
  Fr8 power(const Fr8 &z) const {
    Fr8 r = z;
    for (u64 i = 0;; i++) {
      Mask8 more = Mask8::none();
      for (int l = 0; l < 8; l++) more.set_lane(l, i < prelude[l]->log_n);
      if (!any(more)) return r;
      r = select(more, sqr(r), r);
    }
  }
};

// The scalars of claim l go to scalars[l] and scalars_x[l], in the lanes of m. scratch: 3 count + 2 elements.
inline void scalars_of_eight(const EightClaims &claims, u64 count, Fr8 *scratch, u64 *const *scalars, u64 *const *scalars_x, Mask8 m) {
  const Transcript *start[8];
  for (int l = 0; l < 8; l++) start[l] = claims.version_3.lane(l) ? &claims.prelude[l]->current : &claims.prelude[l]->legacy;
  EightTranscripts t = {TranscriptLanes(start), {}};
  for (int l = 0; l < 8; l++) t.proof[l] = claims.proof[l];
  Fr8 *const inputs = scratch;
  for (u64 i = 0; i < count; i++) {
    inputs[i] = claims.input(i);
    t.scalar("pi", inputs[i]);
  }
  const Challenges<Fr8> k = run_transcript<Fr8>(t);
  const Fr8 omega = EightClaims::gathered([&](int l) { return claims.prelude[l]->omega.v; });
  const Fr8 n_inverse = EightClaims::gathered([&](int l) { return claims.prelude[l]->n_inverse.v; });
  const AtZ<Fr8> at = evaluate_domain(
      k.z, claims.power(k.z), omega, n_inverse, count, [&](u64 i) { return claims.root(i); }, [&](u64 i) { return inputs[i]; },
      scratch + count);
  Fr8 out[COPROC_PLONK_TERMS];
  opening_scalars(claims.version_1, claims.evaluations(), k, at, out);
  const auto store = [&](const Fr8 &x, u64 *const *rows, int i) {
    u64 *to[8];
    for (int l = 0; l < 8; l++) to[l] = rows[l] + 4 * i;
    scatter_plain(x, to, m);
  };
  for (int i = 0; i < COPROC_PLONK_TERMS; i++) store(out[i], scalars, i);
  store(-Fr8::one(), scalars_x, 0);
  store(-k.u, scalars_x, 1);
}

}
// namespace plonk

COPROC_END
#endif
