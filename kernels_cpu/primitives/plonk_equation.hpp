// The scalars of the opening of Dusk's PLONK: linearisation of the five gates and of the permutation, and the batch at z and z omega.
#pragma once
#include "primitives/plonk_key.hpp"

COPROC_BEGIN

namespace plonk {

// Evaluations in the order of the proof; the shifted ones are at z omega.
template <class F> struct Evaluations {
  F a, b, c, d, a_w, b_w, d_w, q_arith, q_c, q_l, q_r, s1, s2, s3, z;

  F &in_order(int i) {
    F *const order[EVALUATIONS] = {&a, &b, &c, &d, &a_w, &b_w, &d_w, &q_arith, &q_c, &q_l, &q_r, &s1, &s2, &s3, &z};
    return *order[i];
  }
};

template <class F> struct Challenges {
  F beta, gamma, alpha, range, logic, fixed, variable, z, v, v_w, u;
};

// x (x - 1)(x - 2)(x - 3): zero for a two-bit number.
template <class F> COPROC_INLINE F delta(const F &x) {
  const F one = F::one(), t = sqr(x) - mul_small<3>(x); // x (x - 3); (x - 1)(x - 2) = t + 2
  return t * (t + dbl(one));
}
template <class F> COPROC_INLINE F quad(const F &x) { return dbl(dbl(x)); }

// Horner's rule: terms[0] + k terms[1] + ...
template <int N, class F> COPROC_INLINE F combine(const F &k, const F (&terms)[N]) {
  F r = terms[N - 1];
  for (int i = N - 2; i >= 0; i--) r = r * k + terms[i];
  return r;
}

template <class F> F range_gate(const Evaluations<F> &e, const F &challenge) {
  const F terms[4] = {delta(e.c - quad(e.d)), delta(e.b - quad(e.c)), delta(e.a - quad(e.b)), delta(e.d_w - quad(e.a))};
  return challenge * combine(sqr(challenge), terms);
}

template <class F> F logic_gate(const Evaluations<F> &e, const F &challenge) {
  const F a = e.a_w - quad(e.a), b = e.b_w - quad(e.b), d = e.d_w - quad(e.d), w = e.c, sum = a + b;
  const F k83 = mul_small<83>(F::one());
  // F = w (w (4w - 18 (a + b) + 81) + 18 (a^2 + b^2) - 81 (a + b) + 83)
  const F inner = w * (quad(w) - mul_small<18>(sum) + mul_small<81>(F::one())) + mul_small<18>(sqr(a) + sqr(b)) - mul_small<81>(sum) + k83;
  const F x = e.q_c * (mul_small<9>(d) - mul_small<3>(sum)) + mul_small<3>(sum + d) - dbl(w * inner);
  const F terms[5] = {delta(a), delta(b), delta(d), w - a * b, x};
  return challenge * combine(sqr(challenge), terms);
}

template <class F> F fixed_base_gate(const Evaluations<F> &e, const F &challenge) {
  const F one = F::one(), bit = e.d_w - dbl(e.d), bit2 = sqr(bit);
  const F y = bit2 * (e.q_r - one) + one, x = e.q_l * bit;
  const F product = e.c * e.a * e.b * F::constant(constants::jubjub::D);
  const F terms[4] = {bit * (bit2 - one), bit * e.q_c - e.c, e.a_w + e.a_w * product - (x * e.b + y * e.a),
                      e.b_w - e.b_w * product - (x * e.a + y * e.b)};
  return challenge * combine(sqr(challenge), terms);
}

template <class F> F variable_base_gate(const Evaluations<F> &e, const F &challenge) {
  const F bc = e.b * e.c, product = F::constant(constants::jubjub::D) * e.d_w * bc;
  const F terms[3] = {e.a * e.d - e.d_w, e.d_w + bc - e.a_w - e.a_w * product, e.b * e.d + e.a * e.c - e.b_w + e.b_w * product};
  return challenge * combine(sqr(challenge), terms);
}

// What the domain gives at z: Z_H(z), z^N, L1(z) and the public inputs' polynomial.
template <class F> struct AtZ {
  F vanishing, z_n, lagrange, public_inputs, omega;
};

// Z_H(z) = z^N - 1;  L1(z) = Z_H / (N (z - 1));  PI(z) = Z_H / N sum_i x_i / (z omega^-i - 1), where a zero denominator adds nothing.
// root(i) = omega^-i and input(i) = x_i for i < count. scratch: 2 (count + 1) elements.
template <class F, class Root, class Input>
AtZ<F> evaluate_domain(const F &z, const F &z_n, const F &omega, const F &n_inverse, u64 count, Root root, Input input, F *scratch) {
  AtZ<F> at;
  at.omega = omega;
  at.z_n = z_n;
  at.vanishing = z_n - F::one();
  F *denominators = scratch;
  for (u64 i = 0; i < count; i++) denominators[i] = z * root(i) - F::one();
  denominators[count] = z - F::one();
  batch_inverse(denominators, count + 1, scratch + count + 1);
  F sum = F::zero();
  for (u64 i = 0; i < count; i++) sum += input(i) * denominators[i];
  const F factor = at.vanishing * n_inverse;
  at.lagrange = factor * denominators[count];
  at.public_inputs = factor * sum;
  return at;
}

// out[COPROC_PLONK_TERMS]: z [W_z] + u z omega [W_zw] + F - E g. Version 1 batches seven openings at z, the others eleven.
template <class F>
void opening_scalars(typename F::Mask version_1, const Evaluations<F> &e, const Challenges<F> &k, const AtZ<F> &at, F *out) {
  for (int i = 0; i < COPROC_PLONK_TERMS; i++) out[i] = F::zero();
  out[Q_M] = e.a * e.b * e.q_arith;
  out[Q_L] = e.a * e.q_arith, out[Q_R] = e.b * e.q_arith, out[Q_O] = e.c * e.q_arith, out[Q_F] = e.d * e.q_arith, out[Q_C] = e.q_arith;
  out[Q_RANGE] = range_gate(e, k.range);
  out[Q_LOGIC] = logic_gate(e, k.logic);
  out[Q_FIXED] = fixed_base_gate(e, k.fixed);
  out[Q_VARIABLE] = variable_base_gate(e, k.variable);

  // The permutation: cosets 1, 7, 13, 17.
  const F bz = k.beta * k.z, a_gamma = e.a + k.gamma, b_gamma = e.b + k.gamma, c_gamma = e.c + k.gamma, d_gamma = e.d + k.gamma;
  const F first = at.lagrange * sqr(k.alpha);
  const F sigma = k.alpha * (a_gamma + k.beta * e.s1) * (b_gamma + k.beta * e.s2) * (c_gamma + k.beta * e.s3) * e.z;
  out[Z] =
      k.alpha * (a_gamma + bz) * (b_gamma + mul_small<7>(bz)) * (c_gamma + mul_small<13>(bz)) * (d_gamma + mul_small<17>(bz)) + first + k.u;
  out[S_SIGMA_4] = -(sigma * k.beta);
  const F r0 = at.public_inputs - first - sigma * d_gamma;

  // The quotient, in four parts.
  out[T_LOW] = -at.vanishing;
  for (int i = T_MID; i <= T_FOURTH; i++) out[i] = out[i - 1] * at.z_n;

  // Openings at z with powers of v, at z omega with u and powers of v_w.
  const struct {
    int term;
    const F &value;
  } openings[] = {{A, e.a},          {B, e.b},          {C, e.c},          {D, e.d},
                  {S_SIGMA_1, e.s1}, {S_SIGMA_2, e.s2}, {S_SIGMA_3, e.s3}, {Q_ARITH, e.q_arith},
                  {Q_C, e.q_c},      {Q_L, e.q_l},      {Q_R, e.q_r}},
    shifted[] = {{A, e.a_w}, {B, e.b_w}, {D, e.d_w}};
  F batch = k.u * e.z - r0, power = F::one();
  for (int i = 0; i < 11; i++) {
    power *= k.v;
    if (i == 7) power = select(version_1, F::zero(), power);
    out[openings[i].term] += power;
    batch += power * openings[i].value;
  }
  power = k.u;
  for (const auto &opening : shifted) {
    power *= k.v_w;
    out[opening.term] += power;
    batch += power * opening.value;
  }
  out[GENERATOR] = -batch;
  out[W_Z] = k.z;
  out[W_ZW] = k.u * k.z * at.omega;
}

} // namespace plonk

COPROC_END
