// What a proof of Dusk's PLONK puts into its transcript after the public inputs, and the challenges that come out.
#pragma once
#include "hash/hash_to_fr.hpp"
#include "primitives/plonk_equation.hpp"

COPROC_BEGIN

namespace plonk {

struct Proof {
  const u8 *bytes;

  const u8 *point(int term) const { return bytes + G1_BYTES * static_cast<usize>(term - A); }
  const u8 *evaluation(int i) const { return bytes + G1_BYTES * COPROC_PLONK_PROOF_POINTS + SCALAR_BYTES * static_cast<usize>(i); }
};

// t takes points and evaluations as the bytes of the proof, which are their canonical encodings.
template <class F, class T> Challenges<F> run_transcript(T &t) {
  Challenges<F> k;
  t.point("a_comm", A), t.point("b_comm", B), t.point("c_comm", C), t.point("d_comm", D);
  k.beta = t.challenge("beta");
  t.scalar("beta", k.beta);
  k.gamma = t.challenge("gamma");
  t.point("z_comm", Z);
  k.alpha = t.challenge("alpha");
  k.range = t.challenge("range separation challenge");
  k.logic = t.challenge("logic separation challenge");
  k.fixed = t.challenge("fixed base separation challenge");
  k.variable = t.challenge("variable base separation challenge");
  t.point("t_low_comm", T_LOW), t.point("t_mid_comm", T_MID), t.point("t_high_comm", T_HIGH), t.point("t_fourth_comm", T_FOURTH);
  k.z = t.challenge("z_challenge");
  t.evaluation("a_eval", 0), t.evaluation("b_eval", 1), t.evaluation("c_eval", 2), t.evaluation("d_eval", 3);
  t.evaluation("s_sigma_1_eval", 11), t.evaluation("s_sigma_2_eval", 12), t.evaluation("s_sigma_3_eval", 13);
  t.evaluation("z_eval", 14);
  t.evaluation("a_w_eval", 4), t.evaluation("b_w_eval", 5), t.evaluation("d_w_eval", 6);
  t.evaluation("q_arith_eval", 7), t.evaluation("q_c_eval", 8), t.evaluation("q_l_eval", 9), t.evaluation("q_r_eval", 10);
  k.v = t.challenge("v_challenge");
  k.v_w = t.challenge("v_w_challenge");
  t.point("w_z_chall_comm", W_Z), t.point("w_z_chall_w_comm", W_ZW);
  k.u = t.challenge("u_challenge");
  return k;
}

// One transcript of one proof.
struct OneTranscript {
  Transcript &transcript;
  Proof proof;

  void point(const char *label, int term) { transcript.append(label, proof.point(term), G1_BYTES); }
  void evaluation(const char *label, int i) { transcript.append(label, proof.evaluation(i), SCALAR_BYTES); }
  void scalar(const char *label, const Fr &x) {
    u64 plain[4];
    u8 bytes[SCALAR_BYTES];
    to_plain(x, plain);
    std::memcpy(bytes, plain, sizeof bytes);
    transcript.append(label, bytes, sizeof bytes);
  }
  Fr challenge(const char *label) {
    u8 bytes[64];
    transcript.challenge(label, bytes, sizeof bytes);
    return wide_to_field<Fr>(bytes);
  }
};

} // namespace plonk

COPROC_END
