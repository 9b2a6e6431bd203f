// Squarings in sequence (field/square_adx.hpp) on toy limbs: the text of the assembly, run by the interpreter of assembly.hpp with
// registers of 1 to 3 bits, for every modulus with 5p < R and every operand below 2p, the loosest that the loop meets.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "assembly.hpp"

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
#define COPROC_ISA toy_square
#define __asm__
#define volatile(...)                                                                                                                      \
  {                                                                                                                                        \
    captured = CAPTURE(__VA_ARGS__);                                                                                                       \
    return;                                                                                                                                \
  }
#include "field/square_adx.hpp"
#undef volatile
#undef __asm__
#pragma GCC diagnostic pop

namespace {

using native::Assembly;
using native::Register;
using native::u64;

const u64 none[16] = {};
u64 *const out = nullptr;

// Registers t0.. carry the limbs in and out, w is the buffer, p the modulus with -1/p modulo two limbs, n the count.
class Squarings {
 public:
  template <class F> explicit Squarings(F *function) : code_((function(out, none, 1, none), captured)) {
    for (int i = 0; i < 6; i++) t_[i] = code_.slot(std::string{'t', static_cast<char>('0' + i)});
    w_ = code_.slot("w"), p_ = code_.slot("p"), n_ = code_.slot("n");
    code_.slot("end");
  }
  std::size_t size() const { return code_.size(); }

  // a^(2^count) / R^(2^count - 1) as the assembly has it.
  u64 run(int bits, int n, u64 a, u64 count, const u64 *modulus) const {
    Register registers[32];
    u64 buffer[16] = {};
    const u64 base = u64{1} << bits;
    registers[w_].array = buffer;
    registers[p_].array = const_cast<u64 *>(modulus);
    registers[n_].number = count;
    for (int i = 0; i < n; i++) registers[t_[i]].number = a >> (bits * i) & (base - 1);
    code_.run(registers, bits);
    u64 r = 0;
    for (int i = n; i-- > 0;) r = r << bits | registers[t_[i]].number;
    return r;
  }

 private:
  Assembly code_;
  int t_[6], w_, p_, n_;
};

template <int Bits, int N> void every_operand(const Squarings &squarings, u64 p) {
  constexpr u64 BASE = u64{1} << Bits, R = u64{1} << (Bits * N);
  u64 modulus[N + 2], inverse = 0, r_inverse = 0;
  for (int i = 0; i < N; i++) modulus[i] = p >> (Bits * i) & (BASE - 1);
  while ((inverse * p + 1) % (BASE * BASE) != 0) inverse++;
  while (r_inverse * R % p != 1 % p) r_inverse++;
  modulus[N] = inverse % BASE, modulus[N + 1] = inverse / BASE;
  for (u64 a = 0; a < 2 * p; a++) {
    u64 expected = a % p;
    for (u64 count = 1; count <= 3; count++) {
      expected = expected * expected % p * r_inverse % p;
      CHECK(squarings.run(Bits, N, a, count, modulus) == expected);
    }
  }
}

template <int Bits, int N> void moduli(const Squarings &squarings, u64 step) {
  constexpr u64 R = u64{1} << (Bits * N);
  const u64 last = (R - 1) / 5 - ((R - 1) / 5 + 1) % 2; // the largest odd p with 5p < R
  for (u64 p = last; p >= 3 && p <= last; p -= step) every_operand<Bits, N>(squarings, p);
}

} // namespace

TEST(toy_squarings_compute_like_integers_on_four_limbs) {
  const Squarings four(coproc::toy_square::adx_sqr_times_4);
  CHECK(four.size() > 100);
  moduli<1, 4>(four, 2);
  moduli<2, 4>(four, 2);
  moduli<3, 4>(four, 26);
}

TEST(toy_squarings_compute_like_integers_on_six_limbs) {
  const Squarings six(coproc::toy_square::adx_sqr_times_6);
  CHECK(six.size() > 200);
  moduli<1, 6>(six, 2);
  moduli<2, 6>(six, 38);
}
