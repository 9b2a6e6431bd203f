// A PLONK proof to the scalars of its two sums of points: the transcript, the domain at z, the linearisation.
#include "hash/hash_to_fr.hpp"
#include "isa/entries.hpp"
#include "primitives/plonk_equation.hpp"

COPROC_BEGIN

namespace {

using namespace plonk;

Fr challenge(Transcript &t, const char *label) {
  u8 bytes[64];
  t.challenge(label, bytes, sizeof bytes);
  return wide_to_field<Fr>(bytes);
}
void append(Transcript &t, const char *label, const Fr &x) {
  u64 plain[4];
  u8 bytes[SCALAR_BYTES];
  to_plain(x, plain);
  std::memcpy(bytes, plain, sizeof bytes);
  t.append(label, bytes, sizeof bytes);
}

struct Proof {
  const u8 *bytes;

  const u8 *point(int term) const { return bytes + G1_BYTES * static_cast<usize>(term - A); }
  const u8 *evaluation(int i) const { return bytes + G1_BYTES * COPROC_PLONK_PROOF_POINTS + SCALAR_BYTES * static_cast<usize>(i); }
};

// The evaluations as field elements; false where one is not canonical.
bool load_evaluations(const Proof &proof, Evaluations<Fr> &e) {
  Fr *const order[EVALUATIONS] = {&e.a,   &e.b,   &e.c,   &e.d,  &e.a_w, &e.b_w, &e.d_w, &e.q_arith,
                                  &e.q_c, &e.q_l, &e.q_r, &e.s1, &e.s2,  &e.s3,  &e.z};
  for (int i = 0; i < static_cast<int>(EVALUATIONS); i++) {
    u64 plain[4];
    std::memcpy(plain, proof.evaluation(i), sizeof plain);
    if (!reduced<Fr>(plain)) return false;
    *order[i] = from_plain<Fr>(plain);
  }
  return true;
}

// Everything after the public inputs. Points and evaluations enter as the bytes of the proof, which are their canonical encodings.
Challenges<Fr> run_transcript(Transcript &t, const Proof &proof) {
  const auto point = [&](const char *label, int term) { t.append(label, proof.point(term), G1_BYTES); };
  const auto evaluation = [&](const char *label, int i) { t.append(label, proof.evaluation(i), SCALAR_BYTES); };
  Challenges<Fr> k;
  point("a_comm", A), point("b_comm", B), point("c_comm", C), point("d_comm", D);
  k.beta = challenge(t, "beta");
  append(t, "beta", k.beta);
  k.gamma = challenge(t, "gamma");
  point("z_comm", Z);
  k.alpha = challenge(t, "alpha");
  k.range = challenge(t, "range separation challenge");
  k.logic = challenge(t, "logic separation challenge");
  k.fixed = challenge(t, "fixed base separation challenge");
  k.variable = challenge(t, "variable base separation challenge");
  point("t_low_comm", T_LOW), point("t_mid_comm", T_MID), point("t_high_comm", T_HIGH), point("t_fourth_comm", T_FOURTH);
  k.z = challenge(t, "z_challenge");
  evaluation("a_eval", 0), evaluation("b_eval", 1), evaluation("c_eval", 2), evaluation("d_eval", 3);
  evaluation("s_sigma_1_eval", 11), evaluation("s_sigma_2_eval", 12), evaluation("s_sigma_3_eval", 13), evaluation("z_eval", 14);
  evaluation("a_w_eval", 4), evaluation("b_w_eval", 5), evaluation("d_w_eval", 6);
  evaluation("q_arith_eval", 7), evaluation("q_c_eval", 8), evaluation("q_l_eval", 9), evaluation("q_r_eval", 10);
  k.v = challenge(t, "v_challenge");
  k.v_w = challenge(t, "v_w_challenge");
  point("w_z_chall_comm", W_Z), point("w_z_chall_w_comm", W_ZW);
  k.u = challenge(t, "u_challenge");
  return k;
}

// A public input of any limbs is its value mod r.
Fr load_input(const u8 *bytes) {
  u64 limbs[4];
  std::memcpy(limbs, bytes, sizeof limbs);
  return Fr::one() * Fr::load(limbs);
}

// Z_H(z) = z^N - 1;  L1(z) = Z_H / (N (z - 1));  PI(z) = Z_H / N sum_i x_i / (z omega^-i - 1), where a zero denominator adds nothing.
// scratch: 2 (count + 1) elements.
AtZ<Fr> evaluate_domain(const Prelude &prelude, const u64 *roots, const Fr &z, const u8 *inputs, u64 count, Fr *scratch) {
  AtZ<Fr> at;
  at.omega = prelude.omega;
  at.z_n = z;
  for (u64 i = 0; i < prelude.log_n; i++) at.z_n = sqr(at.z_n);
  at.vanishing = at.z_n - Fr::one();
  Fr *denominators = scratch;
  denominators[count] = z - Fr::one();
  for (u64 i = 0; i < count; i++) denominators[i] = z * Fr::load(roots + 4 * i) - Fr::one();
  batch_inverse(denominators, count + 1, scratch + count + 1);
  Fr sum = Fr::zero();
  for (u64 i = 0; i < count; i++) sum += load_input(inputs + SCALAR_BYTES * i) * denominators[i];
  const Fr factor = at.vanishing * prelude.n_inverse;
  at.lagrange = factor * denominators[count];
  at.public_inputs = factor * sum;
  return at;
}

u8 scalars_of(const u64 *key, int version, const Proof &proof, u64 proof_length, const u8 *inputs, u64 count, Fr *scratch, u64 *scalars,
              u64 *scalars_x) {
  const coproc_plonk_key_header header = load_header(key);
  Evaluations<Fr> e;
  if (header.words == 0 || version < 1 || version > 3 || proof_length < PROOF_BYTES || count != header.public_inputs ||
      !load_evaluations(proof, e))
    return COPROC_INVALID;
  Prelude prelude;
  std::memcpy(&prelude, key + header.reserved[RESERVED_PRELUDE], sizeof prelude);
  if (prelude.log_n == Prelude::NO_DOMAIN) return COPROC_INVALID;

  Transcript &t = version == 3 ? prelude.current : prelude.legacy;
  for (u64 i = 0; i < count; i++) append(t, "pi", load_input(inputs + SCALAR_BYTES * i));
  const Challenges<Fr> k = run_transcript(t, proof);
  const AtZ<Fr> at = evaluate_domain(prelude, key + header.reserved[RESERVED_ROOTS], k.z, inputs, count, scratch);
  Fr out[COPROC_PLONK_TERMS];
  opening_scalars(version, e, k, at, out);
  for (int i = 0; i < COPROC_PLONK_TERMS; i++) to_plain(out[i], scalars + 4 * i);
  to_plain(-Fr::one(), scalars_x);
  to_plain(-k.u, scalars_x + 4);
  return COPROC_OK;
}

} // namespace

void k_plonk_scalars(usize n, coproc_words keys, const u8 *versions, coproc_data proofs, const u64 *proof_lens, coproc_data inputs,
                     const u64 *counts, u64 *scalars, u64 *scalars_x, u8 *status) {
  u64 most = 0;
  for (usize i = 0; i < n; i++)
    if (counts[i] == load_header(keys[i]).public_inputs && counts[i] > most) most = counts[i];
  Buffer<Fr> scratch(2 * (most + 1));
  for (usize i = 0; i < n; i++, scalars += 4 * COPROC_PLONK_TERMS, scalars_x += 8) {
    status[i] = scratch.ok()
                    ? scalars_of(keys[i], versions[i], {proofs[i]}, proof_lens[i], inputs[i], counts[i], scratch.data(), scalars, scalars_x)
                    : u8{COPROC_UNSERVED};
    if (status[i] == COPROC_OK) continue;
    std::memset(scalars, 0, 32 * COPROC_PLONK_TERMS);
    std::memset(scalars_x, 0, 64);
  }
}

COPROC_END
