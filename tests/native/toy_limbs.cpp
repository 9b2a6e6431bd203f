// The portable limb arithmetic on toy limbs, every input: the templates of field/limbs.hpp with limbs of 1 to 4 bits against plain
// integers. Whatever these few limbs can carry, borrow or overflow, a wrong line shows.
#define COPROC_ISA toy
#include "field/limbs.hpp"

#include "check.hpp"

namespace {

using native::u64;

template <int Bits> struct ToyWord {
  using T = unsigned char;
  using Wide = unsigned short;
  static constexpr int BITS = Bits;
};

template <int Bits, int N> struct Toy {
  using L = coproc::toy::Limbs<ToyWord<Bits>, N>;
  using T = unsigned char;
  static constexpr u64 BASE = u64{1} << Bits, R = u64{1} << (Bits * N);

  T limbs[9] = {}; // 2 N and more: one size for all, or gcc warns about functions that it merged
  explicit Toy(u64 value = 0) {
    for (int i = 0; i < 2 * N; i++) limbs[i] = static_cast<T>(value >> (Bits * i) & (BASE - 1));
  }
  u64 value(int n) const {
    u64 v = 0;
    for (int i = n; i-- > 0;) {
      CHECK(limbs[i] < BASE);
      v = v << Bits | limbs[i];
    }
    return v;
  }
  static u64 n0(u64 p) { // -1/p mod BASE
    u64 x = 0;
    while ((x * p + 1) % BASE != 0) x++;
    return x;
  }
  static u64 r_inverse(u64 p) {
    u64 x = 0;
    while (x * R % p != 1) x++;
    return x;
  }
};

template <int Bits, int N> void integers() {
  using Y = Toy<Bits, N>;
  using L = typename Y::L;
  for (u64 a = 0; a < Y::R; a++) {
    const Y x(a);
    Y w;
    L::sqr_wide(w.limbs, x.limbs);
    CHECK(w.value(2 * N) == a * a);
    for (u64 b = 0; b < Y::R; b++) {
      const Y y(b);
      Y r;
      CHECK(L::add(r.limbs, x.limbs, y.limbs) == (a + b) / Y::R);
      CHECK(r.value(N) == (a + b) % Y::R);
      CHECK(L::sub(r.limbs, x.limbs, y.limbs) == (a < b ? 1 : 0));
      CHECK(r.value(N) == (a - b) % Y::R);
      L::select(r.limbs, b % 2 != 0, x.limbs, y.limbs);
      CHECK(r.value(N) == (b % 2 != 0 ? a : b));
      L::mul_wide(w.limbs, x.limbs, y.limbs);
      CHECK(w.value(2 * N) == a * b);
    }
  }
}

// Every odd modulus that leaves the top bit free (1 excepted: there every value is zero).
template <int Bits, int N, class Body> void for_each_modulus(Body body) {
  for (u64 p = 3; p < Toy<Bits, N>::R / 2; p += 2) body(p);
}

template <int Bits, int N> void modular(u64 p) {
  using Y = Toy<Bits, N>;
  using L = typename Y::L;
  using T = typename Y::T;
  const Y m(p);
  const T n0 = static_cast<T>(Y::n0(p));
  const u64 r_inverse = Y::r_inverse(p);
  for (u64 a = 0; a < 2 * p; a++) {
    Y r;
    L::subtract_once(r.limbs, Y(a).limbs, m.limbs);
    CHECK(r.value(N) == a % p);
  }
  for (u64 a = 0; a < p; a++) {
    const Y x(a);
    Y r;
    L::sqr_mont(r.limbs, x.limbs, m.limbs, n0);
    CHECK(r.value(N) == a * a % p * r_inverse % p);
    for (u64 b = 0; b < Y::R; b++) {
      const Y y(b);
      L::mul_mont(r.limbs, x.limbs, y.limbs, m.limbs, n0); // the second operand may be anything
      CHECK(r.value(N) == a * b % p * r_inverse % p);
      if (b >= p) continue;
      L::add_mod(r.limbs, x.limbs, y.limbs, m.limbs);
      CHECK(r.value(N) == (a + b) % p);
      L::sub_mod(r.limbs, x.limbs, y.limbs, m.limbs);
      CHECK(r.value(N) == (a + p - b) % p);
    }
  }
  for (u64 w = 0; w < p * Y::R; w++) {
    Y r;
    L::redc(r.limbs, Y(w).limbs, m.limbs, n0);
    CHECK(r.value(N) == w % p * r_inverse % p);
  }
}

template <int Bits, int N> void wide(u64 p) {
  using Y = Toy<Bits, N>;
  using L = typename Y::L;
  const Y m(p);
  const u64 bound = p * Y::R;
  for (u64 a = 0; a < bound; a++)
    for (u64 b = 0; b < bound; b++) {
      const Y x(a), y(b);
      Y r;
      L::add_wide(r.limbs, x.limbs, y.limbs, m.limbs);
      CHECK(r.value(2 * N) == (a + b) % bound);
      L::sub_wide(r.limbs, x.limbs, y.limbs, m.limbs);
      CHECK(r.value(2 * N) == (a + bound - b) % bound);
      if (a < b) continue;
      L::sub_wide_plain(r.limbs, x.limbs, y.limbs);
      CHECK(r.value(2 * N) == a - b);
    }
}

} // namespace

TEST(toy_limbs_add_subtract_and_multiply_like_integers) {
  integers<4, 2>();
  integers<2, 3>();
  integers<3, 2>();
  integers<1, 4>();
  integers<2, 4>();
}

TEST(toy_limbs_compute_modulo_every_modulus) {
  for_each_modulus<4, 2>(modular<4, 2>);
  for_each_modulus<2, 3>(modular<2, 3>);
  for_each_modulus<3, 2>(modular<3, 2>);
  for_each_modulus<1, 4>(modular<1, 4>);
  for_each_modulus<2, 4>(modular<2, 4>);
}

TEST(toy_limbs_keep_wide_values_below_p_times_r) {
  for_each_modulus<2, 2>(wide<2, 2>);
  for_each_modulus<1, 4>(wide<1, 4>);
  wide<3, 2>(5);
  wide<3, 2>(31);
}
