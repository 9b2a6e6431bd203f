// Many sums of few multiples in lanes: the windows of msm_straus.hpp, with the additions of all sums pooled.
//
// A digit d at position i of the short scalar that goes with endomorphism e, in sum s, is one point of the group (s, i, e). The groups of
// all sums are added up together; then e is applied once a group, the groups of a position are added up, and the positions are joined by
// doublings, eight sums at a time. Digits are in NAF, or, where sums are so short that joining costs more than adding up, odd and at
// regular positions.
#pragma once
#include "curve/msm_lanes.hpp"
#include "curve/msm_table.hpp"
#include "curve/scalar_mul.hpp"

#if COPROC_LANES
COPROC_BEGIN

enum class Digits : u8 { NAF, REGULAR };

// Calls emit(position, digit) for v = sum digit 2^position, all digits odd, |digit| < 2^b, at multiples of b, and -1 at 0 for an even v
// [JT09].
template <class Emit> COPROC_INLINE void for_each_regular_digit(const u64 *v, int b, Emit emit) {
  u64 low = v[0], high = v[1];
  if ((low | high) == 0) return;
  if (low % 2 == 0) emit(0, -1), low++;
  int position = 0;
  // v = 2^b (2 floor(v / 2^(b+1)) + 1) + (v mod 2^(b+1)) - 2^b
  while (high || low >> b) {
    emit(position, static_cast<int>(low & ((u64{2} << b) - 1)) - (1 << b));
    low = (low >> b) | (high << (64 - b)) | 1;
    high >>= b;
    position += b;
  }
  emit(position, static_cast<int>(low));
}

// (2j + 1) P_i at rows + (i entries + j) POINT_WORDS for j < entries (a power of 2), of P_i at j = 0; powers: 2n points of scratch. As
// fill_odd_multiples.
template <class F> void fill_packed_multiples(PairAdder8<F> &adder, u64 *rows, usize n, usize entries, u64 *powers) {
  if (entries == 1) return;
  const auto row = [=](usize i, usize j) { return rows + (i * entries + j) * POINT_WORDS<F>; };
  const auto power = [=](usize i) { return powers + i * POINT_WORDS<F>; };
  for (usize i = 0; i < n; i++) adder.add_twice(PointRef::to(row(i, 0)), power(i));
  adder.flush();
  usize now = 0; // power(now + i) = 2 have P_i
  for (usize have = 1; have < entries; have *= 2) {
    const usize next = n - now;
    for (usize i = 0; i < n; i++)
      for (usize j = 0; j < have; j++) adder.add(PointRef::to(power(now + i)), PointRef::to(row(i, j)), row(i, have + j));
    if (2 * have < entries)
      for (usize i = 0; i < n; i++) adder.add_twice(PointRef::to(power(now + i)), power(next + i));
    adder.flush();
    now = next;
  }
}

// One sum: its terms first .. first + n, and where its value goes.
template <class F1> struct Sum {
  usize first, n;
  Jacobian<F1> *out;
};

// The values of some sums; false where memory ran out. Points in the group of order r.
template <class G> bool msm_straus_lanes(const Terms &terms, const Sum<typename G::F> *sums, usize count, Digits form) {
  using F = typename Eight<G>::F;
  constexpr usize D = G::D, ENTRIES = STRAUS_ENTRIES, POSITIONS = G::SPLIT_BITS + 2, SIZE = POINT_WORDS<F>;
  struct Digit {
    PointRef point;
    u32 group;
  };
  usize n = 0, bare = 0;
  for (usize s = 0; s < count; s++) {
    n += sums[s].n;
    for (usize j = sums[s].first; j < sums[s].first + sums[s].n; j++) bare += terms.table(j) == nullptr;
  }
  const usize most = (POSITIONS - 1) / (form == Digits::NAF ? STRAUS_WIDTH : STRAUS_WIDTH - 1) + 2; // digits of a short scalar
  const usize groups = count * POSITIONS * D;
  PairAdder8<F> adder;
  Buffer<Digit> digits(n * D * most + 1);
  Buffer<u32> counts(groups + 1), next(groups + 1);
  Buffer<u64> rows((bare * (ENTRIES + 2) + 1) * SIZE);
  Buffer<const u64 *> from(bare + 1);
  Buffer<u64 *> to(bare + 1);
  if (!adder.ok() || !digits.ok() || !counts.ok() || !next.ok() || !rows.ok() || !from.ok() || !to.ok()) return false;
  std::memset(counts.data(), 0, groups * sizeof(u32));

  // Digits, with references into tables that are filled below.
  usize used = 0, row = 0;
  for (usize s = 0; s < count; s++)
    for (usize j = sums[s].first; j < sums[s].first + sums[s].n; j++) {
      if (is_infinity<F>(terms.points[j])) continue;
      ShortScalar split[D];
      G::split(terms.scalar(j), split);
      const u64 *table = terms.table(j);
      const int width = table ? KEY_TABLE_WIDTH : STRAUS_WIDTH;
      if (table == nullptr) {
        u64 *place = rows.data() + row * ENTRIES * SIZE;
        from[row] = terms.points[j], to[row] = place;
        table = place, row++;
      }
      for (usize e = 0; e < D; e++) {
        const auto emit = [&](int position, int d) {
          const usize magnitude = static_cast<usize>(d < 0 ? -d : d);
          const usize group = (s * POSITIONS + static_cast<usize>(position)) * D + e;
          digits[used++] = {PointRef::to(table + magnitude / 2 * SIZE, (d < 0) != split[e].negative), static_cast<u32>(group)};
          counts[group]++;
        };
        if (form == Digits::NAF) for_each_naf_digit(split[e].v, width, emit);
        else for_each_regular_digit(split[e].v, width - 1, emit);
      }
    }
  pack_points<Eight<G>>(from.data(), row, to.data(), nullptr);
  fill_packed_multiples<F>(adder, rows.data(), row, ENTRIES, rows.data() + row * ENTRIES * SIZE);

  // In the order of the groups, and added up.
  Buffer<PointRef> refs(used + 1), joined(count * POSITIONS);
  Buffer<u64> fresh((2 * used + 1) * SIZE);
  if (!refs.ok() || !joined.ok() || !fresh.ok()) return false;
  usize total = 0, pairs = 0;
  for (usize g = 0; g < groups; g++) next[g] = static_cast<u32>(total), total += counts[g], pairs += counts[g] / 2;
  for (usize k = 0; k < used; k++) refs[next[digits[k].group]++] = digits[k].point;
  u64 *place = fresh.data();
  add_up_groups(adder, refs.data(), counts.data(), groups, place);
  place += pairs * SIZE;

  // (s, i, e) -> (s, i): the endomorphism, e times.
  place = apply_endomorphisms<Eight<G>>(refs.data(), counts.data(), groups, place);
  for (usize i = 0; i < count * POSITIONS; i++) {
    u32 sum = 0;
    for (usize e = 0; e < D; e++) sum += counts[i * D + e];
    counts[i] = sum;
  }
  add_up_groups(adder, refs.data(), counts.data(), count * POSITIONS, place);
  const PointRef *left = refs.data();
  for (usize i = 0; i < count * POSITIONS; i++) joined[i] = counts[i] ? *left++ : PointRef::none();

  Jacobian<typename G::F> values[8];
  for (usize s = 0; s < count; s += 8) {
    const usize some = count - s < 8 ? count - s : 8;
    join_in_lanes<F>(&joined[s * POSITIONS], some, POSITIONS, values);
    for (usize i = 0; i < some; i++) *sums[s + i].out = values[i];
  }
  return true;
}

COPROC_END
#endif
