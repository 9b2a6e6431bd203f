// Lines computed once for a fixed point of G2, in the form that the Miller loop reads.
#pragma once
#include "pairing/lines.hpp"

COPROC_BEGIN

// BLS12-381: LINES times (l1 / l0, l2 / l0). l0 never vanishes for a point of prime order.
inline void prepare_lines(const bls12_381::Fp2 &qx, const bls12_381::Fp2 &qy, u64 *out) {
  using C = PairingBls12381;
  using F2 = bls12_381::Fp2;
  Line<F2> lines[C::LINES];
  F2 l0[C::LINES], scratch[C::LINES];
  int n = 0;
  for_each_line<C>(qx, qy, [&](const Line<F2> &l) {
    l0[n] = l.l0;
    lines[n++] = l;
  });
  batch_inverse(l0, C::LINES, scratch);
  for (int i = 0; i < C::LINES; i++) {
    (lines[i].l1 * l0[i]).store(out + i * C::LINE_WORDS);
    (lines[i].l2 * l0[i]).store(out + i * C::LINE_WORDS + 12);
  }
}

// BN254: LINES times (l0, l1, l2), as they come.
inline void prepare_lines(const bn254::Fp2 &qx, const bn254::Fp2 &qy, u64 *out) {
  using C = PairingBn254;
  int n = 0;
  for_each_line<C>(qx, qy, [&](const Line<bn254::Fp2> &l) {
    u64 *w = out + C::LINE_WORDS * n++;
    l.l0.store(w), l.l1.store(w + 8), l.l2.store(w + 16);
  });
}

#if COPROC_LANES
// The same for eight points at q[i] (affine, not infinity) to out[i], for the lanes of `m`. lines: C::LINES elements, scratch: twice.
template <class C>
COPROC_NOINLINE void prepare_lines(const u64 *const *q, u64 *const *out, Mask8 m, Line<typename C::F2> *lines, typename C::F2 *scratch) {
  using F2 = typename C::F2;
  constexpr int k = 2 * C::F::LIMBS;
  u64 *to[8];
  const u64 *y[8];
  for (int i = 0; i < 8; i++) to[i] = out[i], y[i] = q[i] + k;
  const auto put = [&](const F2 &a) {
    scatter(a, to, m);
    for (int i = 0; i < 8; i++) to[i] += k;
  };
  const F2 qx = gather<F2>(q), qy = gather<F2>(y);
  if constexpr (C::M_TWIST) {
    int n = 0;
    for_each_line<C>(qx, qy, [&](const Line<F2> &l) {
      scratch[n] = l.l0;
      lines[n++] = l;
    });
    batch_inverse(scratch, C::LINES, scratch + C::LINES);
    for (int i = 0; i < C::LINES; i++) put(lines[i].l1 * scratch[i]), put(lines[i].l2 * scratch[i]);
  } else {
    for_each_line<C>(qx, qy, [&](const Line<F2> &l) { put(l.l0), put(l.l1), put(l.l2); });
  }
}
#endif

// Divides every line of a prepared BN254 point by its l0, in place, where no l0 is 0: factors in Fp2 die in the final exponentiation,
// whatever the lines are. Lines with l0 = 0 somewhere stay as they are.
inline void normalise_lines(u64 *lines) {
  using C = PairingBn254;
  using F2 = bn254::Fp2;
  F2 l0[C::LINES], scratch[C::LINES];
  for (int i = 0; i < C::LINES; i++) {
    l0[i] = F2::load(lines + C::LINE_WORDS * i);
    if (is_zero(l0[i])) return;
  }
  batch_inverse(l0, C::LINES, scratch);
  for (int i = 0; i < C::LINES; i++) {
    u64 *w = lines + C::LINE_WORDS * i;
    (F2::load(w + 8) * l0[i]).store(w + 8);
    (F2::load(w + 16) * l0[i]).store(w + 16);
    F2::one().store(w);
  }
}

// Whether every l0 is one.
inline bool lines_normalised(const u64 *lines) {
  const bn254::Fp2 one = bn254::Fp2::one();
  for (int i = 0; i < PairingBn254::LINES; i++)
    if (!(bn254::Fp2::load(lines + PairingBn254::LINE_WORDS * i) == one)) return false;
  return true;
}

COPROC_END
