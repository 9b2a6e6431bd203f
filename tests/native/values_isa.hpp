// Field elements for the tests that are compiled once an instruction set: edge values, then random ones.
#pragma once
#include "field/curves.hpp"

COPROC_BEGIN

struct Numbers { // splitmix64, as in check.hpp
  u64 state;
  u64 next() {
    u64 z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
};

// Values below p on which carries, borrows and the final subtraction turn: the first EDGES of the sequence, then random ones.
template <class P> struct Values {
  static constexpr int N = P::LIMBS, EDGES = 14 + 4 * N;
  using L = Limbs<Word64, N>;
  Numbers numbers{P::MODULUS[0]};

  void get(u64 *out, int i) {
    u64 small[N] = {}, t[N];
    const auto from_top = [&](u64 k) { // p - k
      small[0] = k;
      L::sub(out, P::MODULUS, small);
    };
    const auto copy = [&](const u64 *from) { std::memcpy(out, from, sizeof t); };
    if (i < 5) {
      small[0] = static_cast<u64>(i);
      copy(small);
    } else if (i < 9) {
      from_top(static_cast<u64>(i - 4));
    } else if (i == 9) {
      copy(P::ONE);
    } else if (i == 10) {
      copy(P::R2);
    } else if (i == 11) {
      copy(P::HALF);
    } else if (i == 12) {
      L::sub(out, P::MODULUS, P::HALF);
    } else if (i == 13) {
      L::sub(out, P::MODULUS, P::ONE);
    } else if (i < EDGES) { // 2^(64 k), 2^(64 k) - 1, p - 2^(64 k), the low limbs of ones below those of p
      const int k = (i - 14) / 4;
      small[k] = 1;
      switch ((i - 14) % 4) {
      case 0:
        copy(small);
        break;
      case 1:
        for (int j = 0; j < N; j++) out[j] = j < k ? ~u64{0} : 0;
        break;
      case 2:
        L::sub(out, P::MODULUS, small);
        break;
      default:
        for (int j = 0; j < N; j++) out[j] = j < k ? ~u64{0} : P::MODULUS[j];
        if (!less(out, P::MODULUS, N)) out[N - 1]--;
        break;
      }
    } else {
      do {
        for (u64 &limb : t) {
          const u64 kind = numbers.next() % 8;
          limb = kind == 0 ? 0 : kind == 1 ? ~u64{0} : numbers.next();
        }
        t[N - 1] &= (u64{1} << (P::BITS - 64 * (N - 1))) - 1;
      } while (!less(t, P::MODULUS, N));
      copy(t);
    }
  }
};

template <int n> bool equal(const u64 *a, const u64 *b) {
  u64 x = 0;
  for (int i = 0; i < n; i++) x |= a[i] ^ b[i];
  return x == 0;
}

COPROC_END
