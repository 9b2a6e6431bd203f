// a^((p-3)/4) for the two base fields by addition chains, 449 and 301 multiplications where windows of 5 bits take 458 and 312.
//
// A chain is data: first small exponents, each the sum of two earlier ones, then the exponent from the top in (shift, small exponent)
// steps. That it computes (p-3)/4 is proven when it is compiled. Found with the heuristics of [addchain] (sliding windows of 8 bits, the
// dictionary by halving and largest difference).
#pragma once
#include "field/fp.hpp"

COPROC_BEGIN

struct ChainSum {
  u8 a, b; // exponents
};
struct ChainStep {
  u8 shift, exponent; // r = r^(2^shift) a^exponent
};

template <int SUMS, int STEPS> struct Chain {
  ChainSum sums[SUMS];
  ChainSum start; // b = 0: only a
  ChainStep steps[STEPS];
  u8 index[256]; // of a small exponent among 1 and the sums

  constexpr Chain(const ChainSum (&s)[SUMS], ChainSum begin, const ChainStep (&t)[STEPS]) : sums(), start(begin), steps(), index() {
    for (int i = 0; i < SUMS; i++) sums[i] = s[i];
    for (int i = 0; i < STEPS; i++) steps[i] = t[i];
    index[1] = 1;
    for (int i = 0; i < SUMS; i++) index[sums[i].a + sums[i].b] = static_cast<u8>(i + 2);
  }

  // Every exponent is there before it is used.
  constexpr bool sound() const {
    for (int i = 0; i < SUMS; i++) {
      const u8 a = index[sums[i].a], b = index[sums[i].b];
      if (a == 0 || b == 0 || a > i + 1 || b > i + 1) return false;
    }
    for (const ChainStep &s : steps)
      if (s.exponent != 0 && index[s.exponent] == 0) return false;
    return index[start.a] != 0 && (start.b == 0 || index[start.b] != 0);
  }

  // The exponent is (p - 3) / 4.
  template <int N> constexpr bool computes_p_minus_3_over_4(const u64 (&p)[N]) const {
    u64 e[N] = {static_cast<u64>(start.a) + start.b};
    for (const ChainStep &s : steps) {
      for (int i = N - 1; i > 0; i--) e[i] = (e[i] << s.shift) | (e[i - 1] >> (64 - s.shift));
      e[0] = (e[0] << s.shift) + s.exponent;
      if (e[0] < s.exponent) return false;
    }
    for (int i = 0; i < N; i++)
      if (e[i] != ((p[i] >> 2) | (i + 1 < N ? p[i + 1] << 62 : 0))) return false;
    return p[0] % 4 == 3;
  }
};

template <class P> struct PMinus3Over4;

template <> struct PMinus3Over4<constants::bls12_381::Fp> {
  static constexpr Chain<36, 43> CHAIN{
      {{1, 1},   {2, 2},    {4, 4},   {1, 8},    {2, 9},   {2, 11},   {4, 13},   {9, 11},   {1, 20},  {4, 21},   {1, 25},   {26, 26},
       {2, 52},  {1, 54},   {25, 52}, {2, 77},   {8, 77},  {8, 85},   {26, 77},  {2, 103},  {26, 93}, {4, 119},  {52, 85},  {26, 123},
       {2, 149}, {20, 149}, {8, 169}, {54, 137}, {4, 191}, {13, 195}, {20, 195}, {17, 208}, {4, 225}, {20, 215}, {20, 225}, {20, 235}},
      {191, 225},
      {{8, 17},  {11, 245}, {11, 229}, {8, 255},  {7, 77},  {9, 105},  {10, 177}, {7, 93},  {9, 123}, {6, 25},   {11, 105},
       {9, 235}, {10, 215}, {6, 25},   {10, 119}, {9, 151}, {11, 79},  {10, 225}, {9, 137}, {9, 191}, {8, 103},  {10, 195},
       {9, 149}, {12, 123}, {5, 11},   {11, 123}, {7, 9},   {13, 245}, {9, 191},  {8, 255}, {8, 235}, {11, 169}, {8, 255},
       {8, 255}, {6, 55},   {10, 255}, {9, 255},  {8, 255}, {8, 255},  {8, 255},  {7, 85},  {6, 21},  {1, 0}}};
  static_assert(CHAIN.sound() && CHAIN.computes_p_minus_3_over_4(constants::bls12_381::Fp::MODULUS));
};

template <> struct PMinus3Over4<constants::bn254::Fp> {
  static constexpr Chain<30, 27> CHAIN{{{1, 1},   {1, 2},   {2, 3},    {1, 5},    {2, 6},    {5, 8},    {5, 13},   {1, 18},
                                        {1, 19},  {3, 20},  {5, 23},   {13, 19},  {3, 32},   {8, 35},   {19, 28},  {18, 47},
                                        {18, 65}, {8, 83},  {6, 91},   {20, 97},  {28, 117}, {32, 117}, {32, 149}, {6, 181},
                                        {6, 187}, {2, 193}, {18, 193}, {32, 193}, {2, 225},  {6, 225}},
                                       {193, 0},
                                       {{8, 145}, {10, 231}, {7, 23},  {9, 19},   {7, 13},  {14, 83},  {9, 225}, {8, 65},  {10, 91},
                                        {5, 13},  {8, 3},    {12, 43}, {12, 187}, {8, 47},  {14, 181}, {9, 145}, {5, 13},  {12, 227},
                                        {8, 149}, {11, 211}, {7, 97},  {11, 35},  {12, 91}, {9, 195},  {8, 231}, {7, 117}, {4, 1}}};
  static_assert(CHAIN.sound() && CHAIN.computes_p_minus_3_over_4(constants::bn254::Fp::MODULUS));
};

// x[k] = x[k]^((p-3)/4) for K numbers at once, so that the products of one fill the latency of the others: 1/sqrt(x[k]) where x[k] is a
// square of a field with p = 3 mod 4.
template <int K, class F> COPROC_NOINLINE void pow_p_minus_3_over_4(F *x) {
  constexpr auto &chain = PMinus3Over4<typename F::Params>::CHAIN;
  constexpr int SUMS = sizeof chain.sums / sizeof chain.sums[0];
  F power[SUMS + 2][K], r[K];
  for (int k = 0; k < K; k++) power[1][k] = x[k];
  for (int i = 0; i < SUMS; i++) {
    const int a = chain.index[chain.sums[i].a], b = chain.index[chain.sums[i].b];
    for (int k = 0; k < K; k++) power[i + 2][k] = a == b ? sqr(power[a][k]) : power[a][k] * power[b][k];
  }
  for (int k = 0; k < K; k++) {
    r[k] = power[chain.index[chain.start.a]][k];
    if (chain.start.b) r[k] *= power[chain.index[chain.start.b]][k];
  }
  for (const ChainStep &s : chain.steps) {
    if constexpr (K == 1) {
      r[0].square_times(s.shift);
    } else if constexpr (K == 2 && requires { F::square_two(r[0], r[1]); }) {
      for (int i = 0; i < s.shift; i++) F::square_two(r[0], r[1]);
    } else {
      for (int i = 0; i < s.shift; i++)
        for (int k = 0; k < K; k++) r[k].square_times(1);
    }
    if (s.exponent)
      for (int k = 0; k < K; k++) r[k] *= power[chain.index[s.exponent]][k];
  }
  for (int k = 0; k < K; k++) x[k] = r[k];
}
template <class F> COPROC_INLINE F pow_p_minus_3_over_4(const F &a) {
  F x = a;
  pow_p_minus_3_over_4<1>(&x);
  return x;
}

COPROC_END
