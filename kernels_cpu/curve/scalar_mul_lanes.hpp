// Eight scalar multiplications side by side, each with a scalar of its own.
//
// Windows stand at the same positions in every lane, signed digits of four bits over a table of P ... 8P a lane; a part of the split
// scalars costs as many windows as its longest in the vector has, so that short scalars are cheap.
#pragma once
#include "curve/lanes.hpp"
#include "curve/odd_multiples.hpp"

#if COPROC_LANES
COPROC_BEGIN

inline constexpr int LANE_WINDOW = 4, LANE_ENTRIES = 1 << (LANE_WINDOW - 1);
inline constexpr int LANE_DIGITS = 128 / LANE_WINDOW + 1;

// The windows of a number of so many bits; the last one takes the carry.
COPROC_INLINE int lane_windows(int bits) { return bits == 0 ? 0 : bits / LANE_WINDOW + 1; }

// Digit i of v = sum digit_i 2^(W i) for W = LANE_WINDOW, from -2^(W - 1) to 2^(W - 1): the bits W i - 1 ... W i + W - 1 with weights
// 1, 1, 2, ..., 2^(W - 2), -2^(W - 1) (Booth).
COPROC_INLINE int booth_digit(const u64 *v, int i) {
  const int bit = LANE_WINDOW * i - 1, word = bit / 64, shift = bit % 64;
  u64 w = i == 0 ? v[0] << 1 : word > 1 ? 0 : v[word] >> shift;
  if (shift > 63 - LANE_WINDOW && word == 0) w |= v[1] << (64 - shift);
  const int t = static_cast<int>(w & ((2u << LANE_WINDOW) - 1));
  return ((t + 1) >> 1) - (t & (1 << LANE_WINDOW));
}

// The digits of eight split scalars, lane by lane, and how many windows each part has.
template <int D> struct LaneDigits {
  signed char digit[D][LANE_DIGITS][8];
  int windows[D];
  int top = 0;

  template <class G> static LaneDigits of(const u64 *const *scalars) {
    LaneDigits r;
    ShortScalar split[8][D];
    for (int i = 0; i < 8; i++) G::split(scalars[i], split[i]);
    for (int e = 0; e < D; e++) {
      int bits = 0;
      for (int i = 0; i < 8; i++) bits = split[i][e].bits() > bits ? split[i][e].bits() : bits;
      r.windows[e] = lane_windows(bits);
      r.top = r.windows[e] > r.top ? r.windows[e] : r.top;
      for (int j = 0; j < r.windows[e]; j++)
        for (int i = 0; i < 8; i++) {
          const int d = booth_digit(split[i][e].v, j);
          r.digit[e][j][i] = static_cast<signed char>(split[i][e].negative ? -d : d);
        }
    }
    return r;
  }
};

// scalars[i] times the point of lane i, in the group of order r or infinite; scalars of 4 words, any value below 2^256.
template <class G> COPROC_NOINLINE Jacobian<typename G::F> scalar_mul(const Affine<typename G::F> &point, const u64 *const *scalars) {
  using F = typename G::F;
  constexpr int D = G::D, N = LANE_ENTRIES;
  const LaneDigits<D> digits = LaneDigits<D>::template of<G>(scalars);
  if (digits.top == 0) return Jacobian<F>::identity();
  const Mask8 infinite = point.infinity();
  Packed<F> table[D][N][8][2];
  F z;
  {
    Affine<F> row[N];
    z = multiples<N>(select(infinite, G::generator(), point), row);
    for (int e = 0; e < D; e++)
      for (int j = 0; j < N; j++) {
        if (e) row[j] = G::endomorphism(row[j]);
        Packed<F> *x[8], *y[8];
        for (int i = 0; i < 8; i++) x[i] = &table[e][j][i][0], y[i] = &table[e][j][i][1];
        pack(row[j].x, x, Mask8::every());
        pack(row[j].y, y, Mask8::every());
      }
  }

  Jacobian<F> acc = Jacobian<F>::identity();
  bool started = false;
  for (int j = digits.top - 1; j >= 0; j--) {
    if (started)
      for (int i = 0; i < LANE_WINDOW; i++) acc = dbl(acc);
    for (int e = 0; e < D; e++) {
      if (j >= digits.windows[e]) continue;
      const signed char *digit = digits.digit[e][j];
      Mask8 none = Mask8::none(), minus = Mask8::none();
      const Packed<F> *x[8], *y[8];
      for (int i = 0; i < 8; i++) {
        const int d = digit[i], entry = d < 0 ? -d : d;
        none.set_lane(i, d == 0);
        minus.set_lane(i, d < 0);
        x[i] = &table[e][entry ? entry - 1 : 0][i][0];
        y[i] = &table[e][entry ? entry - 1 : 0][i][1];
      }
      if (all(none)) continue;
      Affine<F> q = {unpack<F>(x), unpack<F>(y)};
      q.y = select(minus, -q.y, q.y);
      if (started) acc = add(acc, q, none);
      else acc = {q.x, q.y, select(none, F::zero(), F::one())};
      started = true;
    }
  }
  acc.z = select(infinite, F::zero(), acc.z * z);
  return acc;
}

COPROC_END
#endif
