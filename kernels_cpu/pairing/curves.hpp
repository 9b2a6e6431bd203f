// What a pairing needs to know of its curve: fields, loop, twist. Both are optimal ate pairings with k = 12 and a sextic twist.
//
// BLS12-381: M-twist y^2 = x^3 + 4 (1 + u), psi(x, y) = (x / w^2, y / w^3); loop over |x|, x = -0xd201000000010000, f conjugated.
// BN254:     D-twist y^2 = x^3 + 3 / (9 + u), psi(x, y) = (x w^2, y w^3); loop over 6z + 2 in the signed digits of arkworks (supplied
//            line coefficients come in that order), then two additions with psi(Q) and -psi^2(Q).
//
// A line is (l0, l1, l2); at P = (x, y) its value, up to factors that the final exponentiation kills, is
//   BLS12-381: l2 + l1 x v + l0 y v w         BN254: l0 y + l1 x w + l2 w^3
#pragma once
#include "field/curves.hpp"

COPROC_BEGIN

template <class L> struct PairingBls12381T {
  using F = bls12_381::FpT<L>;
  using F2 = Fp2<F>;
  using F6 = Fp6<F2>;
  using F12 = Fp12<F6>;
  template <class M> using In = PairingBls12381T<M>; // the same in other lanes
  static constexpr bool M_TWIST = true;
  static constexpr int STEPS = 63;      // digits below the leading one
  static constexpr int LINES = 68;      // 63 doublings, 5 additions
  static constexpr int LINE_WORDS = 24; // stored divided by l0: (l1 / l0, l2 / l0)
  static constexpr int digit(int step) { return static_cast<int>((constants::bls12_381::X_ABS >> (62 - step)) & 1); }
  // the loop where lines are not stored
  static constexpr int POINT_STEPS = STEPS;
  static constexpr int point_digit(int step) { return digit(step); }

  // 3 b' a with b' = 4 (1 + u)
  static COPROC_INLINE F2 mul_by_3b(const F2 &a) { return mul_small<12>(mul_by_nonresidue(a)); }

  struct FrobeniusConstants {
    static constexpr const auto &FROB_FP12_1 = constants::bls12_381::FROB_FP12_1;
    static constexpr const auto &FROB_FP12_2 = constants::bls12_381::FROB_FP12_2;
    static constexpr const auto &FROB_FP12_3 = constants::bls12_381::FROB_FP12_3;
  };
};

template <class L> struct PairingBn254T {
  using F = bn254::FpT<L>;
  using F2 = Fp2<F>;
  using F6 = Fp6<F2>;
  using F12 = Fp12<F6>;
  template <class M> using In = PairingBn254T<M>;
  static constexpr bool M_TWIST = false;
  static constexpr int STEPS = 64;
  static constexpr int LINES = 91;      // 64 doublings, 25 additions, 2 Frobenius additions
  static constexpr int LINE_WORDS = 24; // (l0, l1, l2), l0 = 1 where it could be divided out
  static constexpr int digit(int step) { return constants::bn254::LOOP_DIGITS[step]; }

  // The loop where lines are not stored: 6z + 2 in non-adjacent form, 21 additions instead of 25.
  struct NonAdjacent {
    signed char d[65]; // below the leading 1 at 2^65, most significant first
    constexpr NonAdjacent() : d{} {
      u128 k = static_cast<u128>(constants::bn254::Z) * 6 + 2;
      for (int i = 64; i >= 0; i--, k >>= 1) {
        if ((k & 1) == 0) continue;
        d[i] = (k & 3) == 1 ? 1 : -1;
        k = d[i] > 0 ? k - 1 : k + 1;
      }
    }
  };
  static constexpr int POINT_STEPS = 65;
  static constexpr int point_digit(int step) {
    constexpr NonAdjacent digits{};
    return digits.d[step];
  }

  static COPROC_INLINE F2 mul_by_3b(const F2 &a) { return a * F2::constant(constants::bn254::B2_TIMES_3); }

  struct FrobeniusConstants {
    static constexpr const auto &FROB_FP12_1 = constants::bn254::FROB_FP12_1;
    static constexpr const auto &FROB_FP12_2 = constants::bn254::FROB_FP12_2;
    static constexpr const auto &FROB_FP12_3 = constants::bn254::FROB_FP12_3;
  };
};

using PairingBls12381 = PairingBls12381T<Lane1>;
using PairingBn254 = PairingBn254T<Lane1>;

COPROC_END
