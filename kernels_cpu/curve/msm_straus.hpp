// Sums of some dozens to hundreds of multiples: windows of odd multiples (Straus), added up in affine form.
//
// Write every short scalar in NAF of the width of its table. A digit d at position i of the scalar that goes with endomorphism e is one
// point of the group (i, e). The points of each group are added up by the batch; then e is applied once a group instead of once a digit,
// the groups of a position are joined and added up further, and the sums of the positions are put together by doublings.
#pragma once
#include "curve/msm_table.hpp"
#include "curve/scalar_mul.hpp"

COPROC_BEGIN

// One term of a sum: P, k, and the key table of P or nullptr.
template <class F> struct Term {
  const Affine<F> *point;
  const u64 *scalar;
  const Affine<F> *table;
};

inline constexpr usize FEW_PAIRS = 12; // from so many on, an inversion is cheaper than mixed additions

// sum over positions, from the top: counts[i] points each, in order.
template <class F> Jacobian<F> join_positions(const Affine<F> *points, const u32 *counts, int positions) {
  usize end = 0;
  for (int i = 0; i < positions; i++) end += counts[i];
  Jacobian<F> acc = Jacobian<F>::identity();
  for (int i = positions - 1; i >= 0; i--) {
    if (!acc.infinity()) acc = dbl(acc);
    for (u32 j = 0; j < counts[i]; j++) acc = add(acc, points[--end]);
  }
  return acc;
}

// out = sum of the terms; false where memory ran out. Points in the group of order r.
template <class G> bool msm_straus(const Term<typename G::F> *terms, usize n, Jacobian<typename G::F> &out) {
  using F = typename G::F;
  constexpr usize D = G::D, ENTRIES = STRAUS_ENTRIES, GROUPS = MAX_POSITIONS * D;
  constexpr usize MAX_DIGITS = (G::SPLIT_BITS + 2) / STRAUS_WIDTH + 1; // of one short scalar
  struct Digit {
    SignedPoint<F> point;
    u32 group;
  };
  usize bare = 0;
  for (usize i = 0; i < n; i++) bare += terms[i].table == nullptr;
  PairAdder<F> adder;
  Buffer<Affine<F>> rows(bare * ENTRIES + 1), powers(2 * bare + 1);
  Buffer<Digit> digits(n * D * MAX_DIGITS + 1);
  if (!rows.ok() || !powers.ok() || !digits.ok()) return false;

  // Digits, with references into tables that are filled below.
  u32 counts[GROUPS] = {};
  usize used = 0, row = 0;
  int positions = 0;
  for (usize i = 0; i < n; i++) {
    const Term<F> &t = terms[i];
    ShortScalar split[D];
    G::split(t.scalar, split);
    const Affine<F> *table = t.table;
    if (table == nullptr) {
      rows[row * ENTRIES] = *t.point;
      table = &rows[row++ * ENTRIES];
    }
    for (usize e = 0; e < D; e++)
      for_each_naf_digit(split[e].v, t.table ? KEY_TABLE_WIDTH : STRAUS_WIDTH, [&](int position, int d) {
        const int magnitude = d < 0 ? -d : d;
        const u32 group = static_cast<u32>(position * static_cast<int>(D) + static_cast<int>(e));
        digits[used++] = {SignedPoint<F>(table + magnitude / 2, (d < 0) != split[e].negative), group};
        counts[group]++;
        if (position >= positions) positions = position + 1;
      });
  }
  fill_odd_multiples(adder, rows.data(), bare, ENTRIES, ENTRIES, powers.data());

  // In the order of the groups.
  const usize groups = static_cast<usize>(positions) * D;
  Buffer<SignedPoint<F>> refs(used + 1);
  Buffer<Affine<F>> points(used + 1), other(used / 2 + GROUPS + 1);
  if (!refs.ok() || !points.ok() || !other.ok()) return false;
  u32 next[GROUPS];
  u32 sum = 0;
  for (usize g = 0; g < groups; g++) next[g] = sum, sum += counts[g];
  for (usize k = 0; k < used; k++) refs[next[digits[k].group]++] = digits[k].point;

  add_up_once(adder, SignedList<F>{refs.data(), used}, counts, groups, points.data());
  Affine<F> *sums = add_up(adder, points.data(), other.data(), counts, groups, FEW_PAIRS);
  // (i, e) -> i: the endomorphism, e times.
  u32 joined[MAX_POSITIONS] = {};
  usize k = 0;
  for (usize g = 0; g < groups; g++) {
    for (u32 j = 0; j < counts[g]; j++, k++)
      for (usize e = 0; e < g % D; e++) sums[k] = G::endomorphism(sums[k]);
    joined[g / D] += counts[g];
  }
  sums = add_up(adder, sums, sums == points.data() ? other.data() : points.data(), joined, static_cast<usize>(positions), FEW_PAIRS);
  out = join_positions(sums, joined, positions);
  return true;
}

COPROC_END
