// k P, and sums of few of them, by windows (Straus) on the short scalars of the group's endomorphism.
#pragma once
#include "curve/groups.hpp"
#include "curve/odd_multiples.hpp"

COPROC_BEGIN

inline constexpr int STRAUS_WIDTH = 5; // digits +-1, +-3, ..., +-15
inline constexpr int STRAUS_ENTRIES = 1 << (STRAUS_WIDTH - 2);
inline constexpr int MAX_POSITIONS = 132; // of the digits of a short scalar

// sum of k_i P_i for at most N points in the group of order r, scalars of 4 words each. Infinite points and zero scalars add nothing.
template <class G, int N>
COPROC_NOINLINE Jacobian<typename G::F> straus(const Affine<typename G::F> *points, const u64 *const *scalars, int n) {
  using F = typename G::F;
  constexpr int D = G::D, ENTRIES = STRAUS_ENTRIES;
  Affine<F> used[N];
  Affine<F> table[D][N * ENTRIES];
  signed char digits[N * D][MAX_POSITIONS];
  int count = 0, top = -1;
  for (int i = 0; i < n; i++) {
    if (points[i].infinity()) continue;
    ShortScalar split[D];
    G::split(scalars[i], split);
    for (int e = 0; e < D; e++) {
      signed char *row = digits[count * D + e];
      std::memset(row, 0, MAX_POSITIONS);
      for_each_naf_digit(split[e].v, STRAUS_WIDTH, [&](int position, int digit) {
        row[position] = static_cast<signed char>(split[e].negative ? -digit : digit);
        if (position > top) top = position;
      });
    }
    used[count++] = points[i];
  }
  if (top < 0) return Jacobian<F>::identity();
  F ratios[N * ENTRIES];
  const F z = odd_multiples(used, count, ENTRIES, table[0], ratios);
  for (int e = 1; e < D; e++)
    for (int j = 0; j < count * ENTRIES; j++) table[e][j] = G::endomorphism(table[e - 1][j]);

  Jacobian<F> acc = Jacobian<F>::identity();
  for (int position = top; position >= 0; position--) {
    if (position != top) acc = dbl(acc);
    for (int i = 0; i < count; i++)
      for (int e = 0; e < D; e++) {
        const int digit = digits[i * D + e][position];
        if (digit > 0) acc = add(acc, table[e][i * ENTRIES + digit / 2]);
        if (digit < 0) acc = add(acc, -table[e][i * ENTRIES - digit / 2]);
      }
  }
  acc.z = acc.z * z;
  return acc;
}

// k P for P of order r (or infinite), any k below 2^256.
template <class G> Jacobian<typename G::F> scalar_mul(const Affine<typename G::F> &p, const u64 *k) { return straus<G, 1>(&p, &k, 1); }

COPROC_END
