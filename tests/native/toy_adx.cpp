// The inline assembly of the adx instruction set on toy limbs: its very text, run by the interpreter of assembly.hpp with registers of
// 1 to 3 bits, against plain integers. Runs on any machine.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "assembly.hpp"

// An asm statement of the headers below becomes: remember my text, expanded, and return.
namespace {
std::string captured;
}
#define CAPTURE_TEXT(...) #__VA_ARGS__
#define CAPTURE(...) CAPTURE_TEXT(__VA_ARGS__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#define COPROC_ISA toy_adx
#define __asm__
#define volatile(...)                                                                                                                      \
  {                                                                                                                                        \
    captured = CAPTURE(__VA_ARGS__);                                                                                                       \
    return;                                                                                                                                \
  }
#include "field/limbs_adx.hpp"
#include "field/limbs_adx_add.hpp"
#undef volatile
#undef __asm__
#pragma GCC diagnostic pop

namespace {

using native::Assembly;
using native::Random;
using native::Register;
using native::u64;

// One routine: its registers a, b, p, r are addresses; t0.. carry values in and out.
class Routine {
 public:
  template <class F, class... Args> explicit Routine(F *function, Args... args) : code_((function(args...), captured)) {
    for (int i = 0; i < 6; i++) t_[i] = code_.slot(std::string{'t', static_cast<char>('0' + i)});
    a_ = code_.slot("a"), b_ = code_.slot("b"), p_ = code_.slot("p"), r_ = code_.slot("r");
    code_.slot("end");
  }
  std::size_t size() const { return code_.size(); }
  void run(int bits, int n, u64 *r, const u64 *a, const u64 *b, const u64 *p) const {
    Register registers[32];
    registers[a_].array = const_cast<u64 *>(a);
    registers[b_].array = const_cast<u64 *>(b);
    registers[p_].array = const_cast<u64 *>(p);
    registers[r_].array = r;
    for (int i = 0; i < n; i++) registers[t_[i]].number = a[i]; // redc: the low half comes in registers
    code_.run(registers, bits);
    for (int i = 0; i < n; i++) t[i] = registers[t_[i]].number;
  }
  mutable u64 t[6] = {};

 private:
  Assembly code_;
  int t_[6], a_, b_, p_, r_;
};

using namespace coproc::toy_adx;
const u64 none[16] = {};
u64 *const out = nullptr;

template <int N> struct Routines;
template <> struct Routines<4> {
  Routine mul{adx_mul_4, out, none, none, none}, mul_wide{adx_mul_wide_4, out, none, none}, sqr_wide{adx_sqr_wide_4, out, none},
      redc{adx_redc_4, out, none, none}, add{adx_add_4, out, none, none, none}, sub{adx_sub_4, out, none, none, none},
      add_wide{adx_add_wide_4, out, none, none, none}, sub_wide{adx_sub_wide_4, out, none, none, none},
      sub_wide_plain{adx_sub_wide_plain_4, out, none, none}, add_loose{adx_add_loose_4, out, none, none};
};
template <> struct Routines<6> {
  Routine mul{adx_mul_6, out, none, none, none}, mul_wide{adx_mul_wide_6, out, none, none}, sqr_wide{adx_sqr_wide_6, out, none},
      redc{adx_redc_6, out, none, none}, add{adx_add_6, out, none, none, none}, sub{adx_sub_6, out, none, none, none},
      add_wide{adx_add_wide_6, out, none, none, none}, sub_wide{adx_sub_wide_6, out, none, none, none},
      sub_wide_plain{adx_sub_wide_plain_6, out, none, none}, add_loose{adx_add_loose_6, out, none, none};
};

template <int Bits, int N> struct Toy {
  static constexpr u64 BASE = u64{1} << Bits, R = u64{1} << (Bits * N);
  const Routines<N> &routines;
  u64 p, r_inverse = 0, modulus[N + 1];

  Toy(const Routines<N> &routines_, u64 p_) : routines(routines_), p(p_) {
    split(modulus, p, N);
    modulus[N] = 0;
    while ((modulus[N] * p + 1) % BASE != 0) modulus[N]++; // -1/p mod BASE
    while (r_inverse * R % p != 1 % p) r_inverse++;
  }
  static void split(u64 *limbs, u64 value, int n) {
    for (int i = 0; i < n; i++) limbs[i] = value >> (Bits * i) & (BASE - 1);
  }
  static u64 join(const u64 *limbs, int n) {
    u64 v = 0;
    for (int i = n; i-- > 0;) v = v << Bits | limbs[i];
    return v;
  }

  void products(u64 a, u64 b) const { // any a, b
    u64 x[N], y[N], w[2 * N];
    split(x, a, N), split(y, b, N);
    routines.mul_wide.run(Bits, N, w, x, y, modulus);
    CHECK(join(w, 2 * N) == a * b);
    if (a == b) {
      routines.sqr_wide.run(Bits, N, w, x, y, modulus);
      CHECK(join(w, 2 * N) == a * a);
    }
    if (a + b < R) {
      u64 s[N];
      routines.add_loose.run(Bits, N, s, x, y, modulus);
      CHECK(join(s, N) == a + b);
    }
  }
  void montgomery(u64 a, u64 b) const { // a < p, any b
    u64 x[N], y[N];
    split(x, a, N), split(y, b, N);
    routines.mul.run(Bits, N, nullptr, x, y, modulus);
    CHECK(join(routines.mul.t, N) == a * b % p * r_inverse % p);
    if (b >= p) return;
    routines.add.run(Bits, N, nullptr, x, y, modulus);
    CHECK(join(routines.add.t, N) == (a + b) % p);
    routines.sub.run(Bits, N, nullptr, x, y, modulus);
    CHECK(join(routines.sub.t, N) == (a + p - b) % p);
  }
  void reduction(u64 w) const { // w < p R
    u64 x[2 * N];
    split(x, w, 2 * N);
    routines.redc.run(Bits, N, nullptr, x, none, modulus);
    CHECK(join(routines.redc.t, N) == w % p * r_inverse % p);
  }
  void wide(u64 a, u64 b) const { // a, b < p R; the high halves of the sums leave in registers
    const u64 bound = p * R;
    u64 x[2 * N], y[2 * N], r[2 * N];
    split(x, a, 2 * N), split(y, b, 2 * N);
    routines.add_wide.run(Bits, N, r, x, y, modulus);
    CHECK(join(routines.add_wide.t, N) * R + join(r, N) == (a + b) % bound);
    routines.sub_wide.run(Bits, N, r, x, y, modulus);
    CHECK(join(routines.sub_wide.t, N) * R + join(r, N) == (a + bound - b) % bound);
    if (a < b) return;
    routines.sub_wide_plain.run(Bits, N, r, x, y, modulus);
    CHECK(join(r, 2 * N) == a - b);
  }
};

// Every operand where there are few, else edges and random ones.
template <int Bits, int N> void sampled(const Routines<N> &routines, u64 p, u64 count, Random &random) {
  using Y = Toy<Bits, N>;
  const Y toy(routines, p);
  const auto operand = [&](u64 bound) {
    u64 limbs[2 * N];
    switch (random.below(5)) {
    case 0:
      return random.below(4) % bound;
    case 1:
      return bound - 1 - random.below(4) % bound;
    case 2: // limbs of all ones and zeros
      for (u64 &limb : limbs) limb = random.chance(2) ? Y::BASE - 1 : 0;
      return Y::join(limbs, bound > Y::R ? 2 * N : N) % bound;
    default:
      return random.below(bound);
    }
  };
  for (u64 i = 0; i < count; i++) {
    const u64 a = operand(Y::R);
    toy.products(a, random.chance(4) ? a : operand(Y::R));
    toy.montgomery(operand(p), operand(random.chance(2) ? p : Y::R));
    toy.reduction(operand(p * Y::R));
    toy.wide(operand(p * Y::R), operand(p * Y::R));
  }
}

} // namespace

TEST(toy_adx_texts_are_captured) {
  const Routines<4> four;
  const Routines<6> six;
  CHECK(four.mul.size() > 100 && six.mul.size() > 200);
  CHECK(four.sqr_wide.size() > 30 && six.sqr_wide.size() > 80 && six.add.size() > 20);
}

TEST(toy_adx_computes_like_integers_on_four_limbs) {
  const Routines<4> routines;
  for (u64 p = 3; p < 8; p += 2) { // limbs of one bit: everything
    using Y = Toy<1, 4>;
    const Y toy(routines, p);
    for (u64 a = 0; a < Y::R; a++)
      for (u64 b = 0; b < Y::R; b++) {
        toy.products(a, b);
        if (a < p) toy.montgomery(a, b);
      }
    for (u64 a = 0; a < p * Y::R; a++) {
      toy.reduction(a);
      for (u64 b = 0; b < p * Y::R; b++) toy.wide(a, b);
    }
  }
  for (u64 p = 3; p < 128; p += 2) { // limbs of two bits: every operand of products and reductions, one modulus in four of the products
    using Y = Toy<2, 4>;
    const Y toy(routines, p);
    for (u64 a = 0; a < p * Y::R; a++) toy.reduction(a);
    if (p % 8 != 7) continue;
    for (u64 a = 0; a < Y::R; a++)
      for (u64 b = 0; b < Y::R; b++) {
        if (p == 127) toy.products(a, b);
        if (a < p) toy.montgomery(a, b);
      }
  }
  Random random(4);
  for (const u64 p : {5, 127, 125, 65, 97}) sampled<2, 4>(routines, p, 20000, random);
  for (const u64 p : {2047, 2045, 1025, 1999, 9}) sampled<3, 4>(routines, p, 20000, random);
}

TEST(toy_adx_computes_like_integers_on_six_limbs) {
  const Routines<6> routines;
  for (u64 p = 3; p < 32; p += 2) { // limbs of one bit: everything but pairs of wide values
    using Y = Toy<1, 6>;
    const Y toy(routines, p);
    for (u64 a = 0; a < Y::R; a++)
      for (u64 b = 0; b < Y::R; b++) {
        if (p == 31) toy.products(a, b);
        if (a < p) toy.montgomery(a, b);
      }
    for (u64 a = 0; a < p * Y::R; a++) toy.reduction(a);
  }
  Random random(6);
  for (const u64 p : {3, 13, 29, 31}) sampled<1, 6>(routines, p, 20000, random);
  for (const u64 p : {2047, 2045, 1025, 1999, 9}) sampled<2, 6>(routines, p, 20000, random);
}
