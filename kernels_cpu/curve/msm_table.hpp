// Tables of odd multiples as true affine points, by batch additions: for the points of an msm, and kept with a key (msm_table of coproc.h).
#pragma once
#include "curve/pair_sums.hpp"

COPROC_BEGIN

inline constexpr int KEY_TABLE_WIDTH = 8; // 64 entries: 6 kB a point of BLS12-381 G1
inline constexpr usize KEY_TABLE_ENTRIES = usize{1} << (KEY_TABLE_WIDTH - 2);

// rows[i * stride + j] = (2j + 1) P_i, j < entries (a power of 2), where rows[i * stride] = P_i on entry, i < n. powers: 2n points of
// scratch. From the odd multiples below 2^k and Q = 2^k P, level k makes those below 2^(k+1) as Q + odd, and 2Q.
template <class F> void fill_odd_multiples(PairAdder<F> &adder, Affine<F> *rows, usize n, usize stride, usize entries, Affine<F> *powers) {
  if (entries == 1) return;
  // Every operand is named by its distance from rows, in points; the powers are another array, so the list resolves both.
  struct List {
    const Affine<F> *rows, *powers;
    COPROC_INLINE const Affine<F> &at(usize i) const { return i & 1 ? powers[i >> 1] : rows[i >> 1]; }
    COPROC_INLINE const F &x(usize i) const { return at(i).x; }
    COPROC_INLINE const F &y(usize i) const { return at(i).y; }
  } list{rows, powers};
  const auto row = [](usize i) { return 2 * i; };
  const auto power = [](usize i) { return 2 * i + 1; };
  for (usize i = 0; i < n; i++) adder.push(list, row(i * stride), row(i * stride), powers + i);
  adder.flush(list);
  usize now = 0; // powers[now + i] = 2 have P_i
  for (usize have = 1; have < entries; have *= 2) {
    const usize next = n - now;
    for (usize i = 0; i < n; i++) {
      for (usize j = 0; j < have; j++) adder.push(list, power(now + i), row(i * stride + j), rows + i * stride + have + j);
      if (2 * have < entries) adder.push(list, power(now + i), power(now + i), powers + next + i);
    }
    adder.flush(list);
    now = next;
  }
}

COPROC_END
