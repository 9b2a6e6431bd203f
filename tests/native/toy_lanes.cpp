// The arithmetic of the lanes (field/limbs52.hpp) on toy limbs: the same text over stand-ins of the AVX-512 instructions whose limbs
// have 4 bits instead of 52, two a number, on every input that fits.
#include <cstring>

#include "check.hpp"

#define COPROC_ISA toy_lanes
#define COPROC_LANES 1
#define COPROC_LIMB_BITS 4

namespace {

using native::i64;
using native::u64;
constexpr u64 MASK = (1u << COPROC_LIMB_BITS) - 1;

// Eight words; every stand-in does to each what the instruction does, at the width of a toy limb.
struct __m512i {
  i64 w[8];
};
using __mmask8 = unsigned char;
template <class F> __m512i each(F f) {
  __m512i r;
  for (int i = 0; i < 8; i++) r.w[i] = f(i);
  return r;
}
u64 limb_product(i64 a, i64 b) { return (static_cast<u64>(a) & MASK) * (static_cast<u64>(b) & MASK); }
__m512i _mm512_set1_epi64(long long x) {
  return each([&](int) { return static_cast<i64>(x); });
}
__m512i _mm512_setzero_si512() { return _mm512_set1_epi64(0); }
__m512i _mm512_load_si512(const void *p) {
  __m512i r;
  std::memcpy(&r, p, sizeof r);
  return r;
}
__m512i _mm512_madd52lo_epu64(__m512i c, __m512i a, __m512i b) {
  return each([&](int i) { return c.w[i] + static_cast<i64>(limb_product(a.w[i], b.w[i]) & MASK); });
}
__m512i _mm512_madd52hi_epu64(__m512i c, __m512i a, __m512i b) {
  return each([&](int i) { return c.w[i] + static_cast<i64>(limb_product(a.w[i], b.w[i]) >> COPROC_LIMB_BITS); });
}
__m512i _mm512_and_si512(__m512i a, __m512i b) {
  return each([&](int i) { return a.w[i] & b.w[i]; });
}
__m512i _mm512_srai_epi64(__m512i a, int n) {
  return each([&](int i) { return a.w[i] >> n; });
}
__m512i _mm512_add_epi64(__m512i a, __m512i b) {
  return each([&](int i) { return a.w[i] + b.w[i]; });
}
__m512i _mm512_sub_epi64(__m512i a, __m512i b) {
  return each([&](int i) { return a.w[i] - b.w[i]; });
}
__m512i _mm512_permutexvar_epi64(__m512i index, __m512i a) {
  return each([&](int i) { return a.w[index.w[i] & 7]; });
}
__m512i _mm512_permutex2var_epi64(__m512i a, __m512i index, __m512i b) {
  return each([&](int i) { return (index.w[i] & 8 ? b : a).w[index.w[i] & 7]; });
}
__m512i _mm512_unpacklo_epi64(__m512i a, __m512i b) {
  return each([&](int i) { return (i % 2 ? b : a).w[i & 6]; });
}
__m512i _mm512_unpackhi_epi64(__m512i a, __m512i b) {
  return each([&](int i) { return (i % 2 ? b : a).w[i | 1]; });
}
__m512i _mm512_shuffle_i64x2(__m512i a, __m512i b, int imm) {
  return each([&](int i) { return (i < 4 ? a : b).w[2 * ((imm >> (2 * (i / 2))) & 3) + i % 2]; });
}

} // namespace

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "field/limbs52.hpp"
#pragma GCC diagnostic pop

namespace {

using coproc::toy_lanes::Vec8;
constexpr int BITS = COPROC_LIMB_BITS;
constexpr u64 BASE = u64{1} << BITS, R = BASE * BASE;

template <u64 MODULUS> struct Toy {
  static constexpr int LIMBS = 1, LIMBS52 = 2, BITS = 6;
  static constexpr u64 N052 = [] {
    u64 x = 1; // -1/p mod the base
    while ((x * MODULUS + 1) % BASE) x++;
    return x;
  }();
  static constexpr u64 MODULUS52[2] = {MODULUS % BASE, MODULUS / BASE}, ONE52[2] = {R % MODULUS % BASE, R % MODULUS / BASE};
  static constexpr u64 ONE[1] = {0};
};

void set(Vec8 *v, int lane, i64 value) { v[0].w[lane] = value & static_cast<i64>(MASK), v[1].w[lane] = value >> BITS; }
bool limbs_fit(const Vec8 *v, int lane) { return v[0].w[lane] >= 0 && v[0].w[lane] < static_cast<i64>(BASE) && v[1].w[lane] >= 0; }
i64 value(const Vec8 *v, int lane) { return v[0].w[lane] + (v[1].w[lane] << BITS); }
i64 modulo(i64 x, i64 p) { return ((x % p) + p) % p; }

// Calls check(p) with Toy<p> for the odd p from 17 to 63: the top limb is 1, 2 or 3.
template <u64 p = 17, class Check> void each_modulus(Check check) {
  check.template operator()<Toy<p>>(static_cast<i64>(p));
  if constexpr (p < 63) each_modulus<p + 2>(check);
}

} // namespace

TEST(toy_lanes_multiply_and_reduce_every_pair) {
  using namespace coproc::toy_lanes;
  each_modulus([]<class P>(i64 p) {
    const i64 limit = 5 * p / 2 < static_cast<i64>(R) ? 5 * p / 2 : static_cast<i64>(R); // loose operands
    for (i64 a = 0; a < limit; a++)
      for (i64 b = 0; b < limit; b += 8) {
        Vec8 x[2], y[2], c[4], wide[1][4], square[4];
        for (int i = 0; i < 8; i++) set(x, i, a), set(y, i, b + i < limit ? b + i : 0);
        mul_reduce<P>(c, x, y);
        product_columns<2>(wide[0], x, y);
        square_columns<2>(square, y);
        for (int i = 0; i < 8; i++) {
          const i64 v = value(y, i);
          CHECK(wide[0][0].w[i] + (wide[0][1].w[i] << BITS) + (wide[0][2].w[i] << (2 * BITS)) + (wide[0][3].w[i] << (3 * BITS)) == a * v);
          CHECK(square[0].w[i] + (square[1].w[i] << BITS) + (square[2].w[i] << (2 * BITS)) + (square[3].w[i] << (3 * BITS)) == v * v);
        }
        reduce_columns<P, 1>(wide);
        propagate<2>(c + 2);
        propagate<2>(wide[0] + 2);
        for (int i = 0; i < 8; i++) {
          const i64 product = a * value(y, i), r = value(c + 2, i);
          CHECK(limbs_fit(c + 2, i) && modulo(r * static_cast<i64>(R) - product, p) == 0);
          CHECK(r <= product / static_cast<i64>(R) + p && value(wide[0] + 2, i) == r);
        }
      }
  });
}

TEST(toy_lanes_reduce_signed_columns) {
  using namespace coproc::toy_lanes;
  each_modulus([]<class P>(i64 p) {
    for (i64 c0 = -40; c0 <= 40; c0++)
      for (i64 c1 = -40; c1 <= 40; c1++)
        for (i64 c2 = 0; c2 < 32; c2 += 31) {
          Vec8 c[2][4];
          for (int i = 0; i < 8; i++) {
            const i64 words[4] = {c0, c1, c2 - 2 * i, i + 6}; // not negative in all
            for (int k = 0; k < 4; k++) c[0][k].w[i] = words[k], c[1][k].w[7 - i] = words[k];
          }
          reduce_columns<P, 2>(c);
          propagate<2>(c[0] + 2);
          propagate<2>(c[1] + 2);
          for (int i = 0; i < 8; i++) {
            const i64 sum = c0 + (c1 << BITS) + ((c2 - 2 * i) * static_cast<i64>(R)) + ((i + 6) * static_cast<i64>(R * BASE));
            const i64 r = value(c[0] + 2, i);
            CHECK(limbs_fit(c[0] + 2, i) && modulo(r * static_cast<i64>(R) - sum, p) == 0);
            CHECK(r <= sum / static_cast<i64>(R) + p && value(c[1] + 2, 7 - i) == r);
          }
        }
  });
}

TEST(toy_lanes_take_multiples_of_the_modulus_off_every_sum) {
  using namespace coproc::toy_lanes;
  each_modulus([]<class P>(i64 p) {
    for (i64 low = -48; low < 64; low++)
      for (i64 top = 0; top < static_cast<i64>(BASE); top += 8) {
        Vec8 v[2], u[2];
        for (int i = 0; i < 8; i++) v[0].w[i] = u[0].w[i] = low, v[1].w[i] = u[1].w[i] = top + i;
        reduce_top<P, 8>(v);
        reduce_top<P, 16>(u);
        for (int i = 0; i < 8; i++) {
          const i64 sum = low + ((top + i) << BITS);
          if (sum < 0) continue;
          // what the quotient is short by: the reciprocal is rounded down, and the top word leaves the lower one out
          const i64 reciprocal = static_cast<i64>(Radix52<P>::TOP_RECIPROCAL), quotient = sum / p;
          const i64 short_by = quotient - (((top + i) * reciprocal) >> BITS);
          CHECK(short_by >= 0);
          if (quotient < 8) CHECK(limbs_fit(v, i) && modulo(value(v, i) - sum, p) == 0 && value(v, i) < (short_by + 1) * p);
          if (quotient < 16) CHECK(limbs_fit(u, i) && modulo(value(u, i) - sum, p) == 0 && value(u, i) < (short_by + 1) * p);
        }
      }
  });
}

TEST(toy_lanes_transpose) {
  Vec8 rows[8];
  for (int i = 0; i < 8; i++) rows[i] = each([&](int j) { return 8 * i + j; });
  coproc::toy_lanes::transpose(rows);
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++) CHECK(rows[i].w[j] == 8 * j + i);
}
