// Sums of many multiples: buckets (Pippenger) with signed digits, everything in affine form.
//
// A short scalar is cut into windows of c bits with digits in [-2^(c-1), 2^(c-1)): k + sum 2^(c-1) 2^(c i) has the digits plus 2^(c-1).
// The points of a digit's magnitude form a bucket, and each bucket is added up by the batch. sum b B_b over the buckets of a window needs
// no running sums: pair the buckets like a binary tree; node (l, i) is the sum of the buckets from 2^l i on, so that bit l of b is set in
// exactly the odd nodes of level l. So the sum of all odd nodes of level l belongs to position c w + l of the scalar.
#pragma once
#include "curve/msm_straus.hpp"

COPROC_BEGIN

inline constexpr int MAX_WINDOW = 16;
inline constexpr usize MAX_WINDOWS = 130 / 3 + 2;

// A short scalar ready for windows: its point with its sign, and k + sum 2^(c-1) 2^(c i).
template <class F> struct Windowed {
  SignedPoint<F> point;
  u64 k[3];

  int digit(int position, int c) const {
    const int word = position / 64, shift = position % 64;
    u64 w = k[word] >> shift;
    if (shift + c > 64 && word < 2) w |= k[word + 1] << (64 - shift);
    return static_cast<int>(w & ((u64{1} << c) - 1)) - (1 << (c - 1));
  }
};

// r = sum of 2^(c-1) 2^(c i) over `windows` windows.
inline void window_offset(u64 *r, int c, int windows) {
  r[0] = r[1] = r[2] = 0;
  for (int w = 0; w < windows; w++) {
    const int position = w * c + c - 1;
    r[position / 64] |= u64{1} << (position % 64);
  }
}

// As few windows of c bits as hold every k up to `most` < 2^128: most + offset < 2^(c windows).
inline int window_count(const u64 *most, int c) {
  const ShortScalar k = {{most[0], most[1]}, false};
  for (int windows = k.bits() / c + 1;; windows++) {
    u64 sum[3] = {most[0], most[1], 0}, offset[3];
    window_offset(offset, c, windows);
    Limbs<Word64, 3>::add(sum, sum, offset);
    const int end = c * windows;
    u64 above = sum[end / 64] >> (end % 64);
    for (int i = end / 64 + 1; i < 3; i++) above |= sum[i];
    if (above == 0) return windows;
  }
}

// The width with the least additions: a window takes n of them and `joins` a bucket, of which it has 2^(c-1). All but one point of a
// bucket are added up, and the buckets joined twice: 1 in theory; empty buckets and copies make it 2 in one lane.
inline int best_window(usize n, const u64 *most, int joins) {
  int best = 3;
  double least = 1e300;
  for (int c = 3; c <= MAX_WINDOW; c++) {
    const double buckets = static_cast<double>(usize{1} << (c - 1));
    const double cost = static_cast<double>(window_count(most, c)) * (static_cast<double>(n) + joins * buckets);
    if (cost < least) least = cost, best = c;
  }
  return best;
}

// The bucket sums of windows [first, last): buckets[(w - first) 2^(c-1) + b] for the magnitude b + 1. false where memory ran out.
template <class F>
bool fill_buckets(PairAdder<F> &adder, const Windowed<F> *scalars, usize n, int c, int first, int last, Affine<F> *buckets) {
  const usize per_window = usize{1} << (c - 1), groups = per_window * static_cast<usize>(last - first);
  Buffer<u32> counts(groups + 1), next(groups + 1);
  Buffer<SignedPoint<F>> refs(n * static_cast<usize>(last - first) + 1);
  if (!counts.ok() || !next.ok() || !refs.ok()) return false;
  std::memset(counts.data(), 0, groups * sizeof(u32));
  const auto each_digit = [&](auto emit) {
    for (int w = first; w < last; w++)
      for (usize i = 0; i < n; i++) {
        const int d = scalars[i].digit(w * c, c);
        if (d == 0) continue;
        const usize magnitude = static_cast<usize>(d < 0 ? -d : d);
        emit(static_cast<usize>(w - first) * per_window + magnitude - 1,
             SignedPoint<F>(&scalars[i].point.point(), scalars[i].point.negative() != (d < 0)));
      }
  };
  each_digit([&](usize g, SignedPoint<F>) { counts[g]++; });
  u32 total = 0;
  for (usize g = 0; g < groups; g++) next[g] = total, total += counts[g];
  each_digit([&](usize g, SignedPoint<F> p) { refs[next[g]++] = p; });

  const usize half = total / 2 + groups + 1;
  Buffer<Affine<F>> points(half), other(half);
  if (!points.ok() || !other.ok()) return false;
  add_up_once(adder, SignedList<F>{refs.data(), total}, counts.data(), groups, points.data());
  const Affine<F> *sums = add_up(adder, points.data(), other.data(), counts.data(), groups, usize{1});
  for (usize g = 0; g < groups; g++) buckets[g] = counts[g] ? *sums++ : Affine<F>::identity();
  return true;
}

// out = sum of the terms; false where memory ran out. Points in the group of order r; tables are not looked at.
template <class G> bool msm_pippenger(const Term<typename G::F> *terms, usize n, Jacobian<typename G::F> &out) {
  using F = typename G::F;
  constexpr usize D = G::D;
  out = Jacobian<F>::identity();
  PairAdder<F> adder;
  Buffer<Windowed<F>> scalars(n * D);
  Buffer<Affine<F>> images(n * (D - 1)); // e^1 P, e^2 P, ... of the terms that need them
  if (!scalars.ok() || !images.ok()) return false;

  usize used = 0, imaged = 0;
  u64 most[2] = {};
  for (usize i = 0; i < n; i++) {
    ShortScalar split[D];
    G::split(terms[i].scalar, split);
    usize last = D;
    while (last > 0 && split[last - 1].zero()) last--;
    const Affine<F> *p = terms[i].point;
    for (usize e = 0; e < last; e++) {
      if (e > 0) {
        images[imaged] = G::endomorphism(*p);
        p = &images[imaged++];
      }
      if (split[e].zero()) continue;
      scalars[used++] = {SignedPoint<F>(p, split[e].negative), {split[e].v[0], split[e].v[1], 0}};
      if (!less(split[e].v, most, 2)) most[0] = split[e].v[0], most[1] = split[e].v[1];
    }
  }
  if (used == 0) return true;

  const int c = best_window(used, most, 2), windows = window_count(most, c);
  const usize per_window = usize{1} << (c - 1);
  u64 offset[3];
  window_offset(offset, c, windows);
  for (usize i = 0; i < used; i++) Limbs<Word64, 3>::add(scalars[i].k, scalars[i].k, offset);

  const usize leaves = per_window * static_cast<usize>(windows);
  Buffer<Affine<F>> nodes(leaves), upper(leaves / 2 + 1), odd(leaves), other(leaves / 2 + 1);
  if (!nodes.ok() || !upper.ok() || !odd.ok() || !other.ok()) return false;
  const usize at_once = usize{16384} / used + 1; // windows that are sorted and added up together
  for (int w = 0; w < windows;) {
    const int last = static_cast<usize>(windows - w) <= at_once ? windows : w + static_cast<int>(at_once);
    if (!fill_buckets(adder, scalars.data(), used, c, w, last, nodes.data() + static_cast<usize>(w) * per_window)) return false;
    w = last;
  }

  // The odd nodes of level l of window w are group (l, w); the root comes once more, for the magnitude is b + 1.
  Affine<F> *level = nodes.data(), *above = upper.data();
  u32 counts[MAX_WINDOW * MAX_WINDOWS] = {};
  usize made = 0, groups = 0;
  for (usize size = per_window; size > 1; size /= 2) {
    for (usize w = 0; w < static_cast<usize>(windows); w++, groups++)
      for (usize i = 1; i < size; i += 2) {
        const Affine<F> &p = level[w * size + i];
        if (p.infinity()) continue;
        odd[made++] = p;
        counts[groups]++;
      }
    for (usize i = 0; i < size / 2 * static_cast<usize>(windows); i++) adder.push(PlainList<F>{level}, 2 * i, 2 * i + 1, above + i);
    adder.flush(PlainList<F>{level});
    Affine<F> *t = level;
    level = above, above = t;
  }
  const Affine<F> *sums = odd.data();
  if (groups) {
    u32 before[MAX_WINDOW * MAX_WINDOWS];
    std::memcpy(before, counts, sizeof before);
    if (pairs_left(counts, groups) > 0) {
      add_up_once(adder, PlainList<F>{odd.data()}, counts, groups, other.data());
      sums = add_up(adder, other.data(), odd.data(), counts, groups, usize{1});
    }
  }
  // Position c w + l, from the top.
  usize start[MAX_WINDOW * MAX_WINDOWS];
  usize at = 0;
  for (usize g = 0; g < groups; g++) start[g] = at, at += counts[g];
  for (int w = windows - 1; w >= 0; w--)
    for (int l = c - 1; l >= 0; l--) {
      out = dbl(out);
      if (l < c - 1) {
        const usize g = static_cast<usize>(l * windows + w);
        if (counts[g]) out = add(out, sums[start[g]]);
      }
      if (l == 0) out = add(out, level[w]);
    }
  return true;
}

COPROC_END
