// What the sums of multiples in lanes share: their terms, points into packed form, the way back, and joining the positions of scalars.
#pragma once
#include "curve/lanes.hpp"
#include "curve/pair_sums_lanes.hpp"

#if COPROC_LANES
COPROC_BEGIN

// Terms of many sums in the form of coproc.h. Tables are those of msm_table in this instruction set: packed odd multiples.
struct Terms {
  const u64 *const *points;
  const u64 *const *tables; // or nullptr
  const u64 *scalars;

  const u64 *table(usize j) const { return tables ? tables[j] : nullptr; }
  const u64 *scalar(usize j) const { return scalars + 4 * j; }
};

template <class F> COPROC_INLINE bool is_infinity(const u64 *point) {
  u64 any = 0;
  for (int i = 0; i < 2 * LanesIo<F>::WORDS; i++) any |= point[i];
  return any == 0;
}

// Points of the ABI into packed form, to[i] = from[i] for i < n, and their images under the endomorphism after them as far as
// images[i] > 1 says: e^j of point i at to[i] + j POINT_WORDS.
template <class G8> COPROC_NOINLINE void pack_points(const u64 *const *from, usize n, u64 *const *to, const u8 *images) {
  using F = typename G8::F;
  for (usize i = 0; i < n; i += 8) {
    const usize count = n - i < 8 ? n - i : 8;
    const u64 *x_at[8], *y_at[8];
    u64 *out[8];
    u8 wanted[8] = {};
    for (usize j = 0; j < 8; j++) {
      const usize k = i + (j < count ? j : 0);
      x_at[j] = from[k], y_at[j] = from[k] + LanesIo<F>::WORDS;
      out[j] = to[k];
      if (j < count) wanted[j] = images ? images[k] : 1;
    }
    Affine<F> p = {gather<F>(x_at), gather<F>(y_at)};
    for (int e = 0; e < G8::D; e++) {
      Mask8 m = Mask8::none();
      for (int j = 0; j < 8; j++) m.set_lane(j, wanted[j] > e);
      if (!any(m)) break;
      if (e > 0) {
        p = G8::endomorphism(p);
        for (int j = 0; j < 8; j++) out[j] += POINT_WORDS<F>;
      }
      pack_point(p.x, p.y, out, m);
    }
  }
}

// refs[k] becomes e^i of itself, i = g mod D, for the one point or none of each group g (counts[g] <= 1); images go to fresh points from
// `fresh` on. The answer is the next one.
template <class G8> COPROC_NOINLINE u64 *apply_endomorphisms(PointRef *refs, const u32 *counts, usize groups, u64 *fresh) {
  using F = typename G8::F;
  for (usize e = 1; e < G8::D; e++) {
    PointRef *waiting[8];
    usize held = 0;
    const auto apply = [&] {
      const u64 *at[8];
      u64 *out[8];
      for (usize j = 0; j < 8; j++) {
        at[j] = waiting[j < held ? j : 0]->words();
        out[j] = fresh + (j < held ? j : 0) * POINT_WORDS<F>;
      }
      Affine<F> p;
      unpack_point(at, p.x, p.y);
      for (usize i = 0; i < e; i++) p = G8::endomorphism(p);
      pack_point(p.x, p.y, out, Mask8::first(held));
      for (usize j = 0; j < held; j++) *waiting[j] = PointRef::to(out[j], waiting[j]->negative());
      fresh += held * POINT_WORDS<F>;
      held = 0;
    };
    usize k = 0;
    for (usize g = 0; g < groups; g++) {
      if (counts[g] == 0) continue;
      if (g % G8::D == e) waiting[held++] = refs + k;
      if (held == 8) apply();
      k++;
    }
    if (held) apply();
  }
  return fresh;
}

// The eight points of `p`, one lane each.
template <class F> COPROC_NOINLINE void split_lanes(const Jacobian<F> &p, Jacobian<typename OneLane<F>::Type> *out) {
  using One = typename OneLane<F>::Type;
  constexpr int N = LanesIo<F>::WORDS;
  u64 words[3][8][N], *at[3][8];
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 8; i++) at[c][i] = words[c][i];
  scatter(p.x, at[0], Mask8::every());
  scatter(p.y, at[1], Mask8::every());
  scatter(p.z, at[2], Mask8::every());
  for (int i = 0; i < 8; i++) out[i] = {One::load(words[0][i]), One::load(words[1][i]), One::load(words[2][i])};
}

// out[r] = sum over i of 2^i sums[r * positions + i], r < rows <= 8; empty references are infinity. Few rows are cut into segments, so
// that all lanes work; the segments are joined in one lane.
template <class F>
COPROC_NOINLINE void join_in_lanes(const PointRef *sums, usize rows, usize positions, Jacobian<typename OneLane<F>::Type> *out) {
  using One = typename OneLane<F>::Type;
  const usize segments = rows == 1 ? 8 : rows == 2 ? 4 : rows <= 4 ? 2 : 1, length = (positions + segments - 1) / segments;
  alignas(64) u64 infinity[POINT_WORDS<F>] = {};
  Jacobian<F> acc = Jacobian<F>::identity();
  bool started = false;
  for (usize i = length; i-- > 0;) {
    if (started) acc = dbl(acc);
    const u64 *at[8];
    Mask8 used = Mask8::none(), negative = Mask8::none();
    for (usize lane = 0; lane < 8; lane++) {
      const usize row = lane / segments, position = lane % segments * length + i;
      const PointRef p = row < rows && position < positions ? sums[row * positions + position] : PointRef::none();
      used.set_lane(static_cast<int>(lane), !p.empty());
      negative.set_lane(static_cast<int>(lane), p.negative());
      at[lane] = p.empty() ? infinity : p.words();
    }
    if (!any(used)) continue;
    Affine<F> q;
    unpack_point(at, q.x, q.y);
    if (any(negative)) q.y = select(negative, -q.y, q.y);
    acc = started ? add(acc, q) : Jacobian<F>::from_affine(q);
    started = true;
  }
  Jacobian<One> lanes[8];
  split_lanes(acc, lanes);
  for (usize r = 0; r < rows; r++) {
    Jacobian<One> sum = lanes[r * segments + segments - 1];
    for (usize s = segments - 1; s-- > 0;) {
      if (!sum.infinity())
        for (usize i = 0; i < length; i++) sum = dbl(sum);
      sum = add(sum, lanes[r * segments + s]);
    }
    out[r] = sum;
  }
}

COPROC_END
#endif
