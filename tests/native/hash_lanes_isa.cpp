// Eight at a time equals one after the other: transcripts, digests to scalars, Hades, sums on JubJub. Compiled once an instruction
// set; empty where it has no lanes. No standard library in here: these objects hold code of one instruction set.
#include "check.hpp"
#include "curve/jubjub_lanes.hpp"
#include "exact/schnorr.hpp"
#include "hash/fr_lanes.hpp"
#include "hash/merlin_lanes.hpp"
#include "hash/poseidon_lanes.hpp"
#include "test_isa.hpp"
#include "values_isa.hpp"

#if COPROC_LANES
COPROC_BEGIN
namespace {

using Fr = bls12_381::Fr;
using Fr8 = bls12_381::FrT<Lane8>;

u8 byte(Numbers &numbers) { return static_cast<u8>(numbers.next()); }

TEST_ISA(eight_transcripts_equal_each_alone) {
  constexpr const char *LABELS[4] = {"a", "dom-sep", "range separation challenge", ""};
  constexpr u64 LONGEST = 400; // more than two blocks
  Numbers numbers{1};
  for (int round = 0; round < 60; round++) {
    const usize label_length = numbers.next() % 200;
    Transcript alone[8];
    const Transcript *start[8];
    for (int l = 0; l < 8; l++) {
      u8 label[200];
      for (u8 &b : label) b = byte(numbers);
      start[l] = &(alone[l] = Transcript::create(label, label_length));
      CHECK(TranscriptLanes::shape(alone[l]) == TranscriptLanes::shape(alone[0]));
    }
    TranscriptLanes together(start);
    for (int op = 0; op < 30; op++) {
      const char *label = LABELS[numbers.next() % 4];
      if (numbers.next() % 3 == 0) {
        Vec8 digest[8];
        together.challenge(label, digest);
        transpose(digest);
        for (int l = 0; l < 8; l++) {
          u8 wanted[64], found[64];
          alone[l].challenge(label, wanted, 64);
          _mm512_storeu_si512(found, digest[l]);
          CHECK(std::memcmp(wanted, found, 64) == 0);
        }
        continue;
      }
      const usize n = numbers.next() % (numbers.next() % 2 ? LONGEST : 50);
      u8 messages[8][LONGEST];
      const u8 *at[8];
      for (int l = 0; l < 8; l++) {
        for (u8 &b : messages[l]) b = byte(numbers);
        at[l] = messages[l];
        alone[l].append(label, messages[l], n);
      }
      together.append(label, at, n);
    }
  }
}

TEST_ISA(digests_become_scalars_in_lanes_as_alone) {
  Numbers numbers{2};
  for (int round = 0; round < 200; round++) {
    u8 digests[8][64];
    Vec8 rows[8];
    for (int l = 0; l < 8; l++) {
      const u64 kind = numbers.next() % 4;
      for (u8 &b : digests[l]) b = kind == 0 ? 0 : kind == 1 ? 255 : byte(numbers);
      rows[l] = _mm512_loadu_si512(digests[l]);
    }
    transpose(rows);
    const Fr8 found = wide_to_field<Fr8>(rows);
    u64 plain[8][4], *to[8];
    for (int l = 0; l < 8; l++) to[l] = plain[l];
    scatter_plain(found, to, Mask8::every());
    for (int l = 0; l < 8; l++) {
      const Fr wanted = wide_to_field<Fr>(digests[l]);
      u64 words[4];
      to_plain(wanted, words);
      CHECK(get_lane(found, l) == wanted && equal<4>(words, plain[l]));
    }
  }
}

TEST_ISA(hades_in_lanes_equals_hades) {
  Values<Fr::Params> values;
  Numbers numbers{3};
  for (int round = 0; round < 60; round++) {
    Fr one[8][hades::WIDTH];
    Fr8 eight[hades::WIDTH];
    for (int j = 0; j < hades::WIDTH; j++)
      for (int l = 0; l < 8; l++) {
        u64 t[4];
        values.get(t, static_cast<int>(numbers.next() % static_cast<u64>(2 * Values<Fr::Params>::EDGES)));
        set_lane(eight[j], l, one[l][j] = Fr::load(t));
      }
    hades::permute(eight);
    for (int l = 0; l < 8; l++) {
      hades::permute(one[l]);
      for (int j = 0; j < hades::WIDTH; j++) CHECK(get_lane(eight[j], l) == one[l][j]);
    }
  }
}

// k G, affine.
void generator_times(const jubjub::Fr &k, Fr *uv) {
  const RawFr u = RawFr::constant(constants::jubjub::GENERATOR_U), v = RawFr::constant(constants::jubjub::GENERATOR_V);
  u64 plain[4];
  to_plain(k, plain);
  const exact::RawExtended p = exact::scalar_mul({u, v, RawFr::one(), u, v}, plain);
  const RawFr z = invert(p.z);
  uv[0] = Fr::load((p.u * z).v), uv[1] = Fr::load((p.v * z).v);
}

// Scalars below 2^126: digits at both ends of their range, carries through all of them, and random ones.
void short_scalar(Numbers &numbers, u64 *k) {
  constexpr u64 TOP = (u64{1} << 62) - 1;
  switch (numbers.next() % 6) {
  case 0:
    k[0] = numbers.next() % 18, k[1] = 0;
    break;
  case 1:
    k[0] = ~u64{0}, k[1] = TOP;
    break;
  case 2:
    k[0] = 0x8888888888888888, k[1] = 0x0888888888888888;
    break;
  case 3:
    k[0] = 0x7777777777777777, k[1] = 0x3777777777777777;
    break;
  default:
    k[0] = numbers.next(), k[1] = numbers.next() & TOP;
    break;
  }
}

TEST_ISA(sums_on_jubjub_are_the_identity_where_the_scalars_say_so) {
  using S = jubjub::Fr;
  Numbers numbers{4};
  for (int round = 0; round < 60; round++) {
    jubjub::WindowDigits digits[2];
    jubjub::GeneratorDigits generator;
    Fr8 point[2][2];
    bool wanted[8];
    for (int l = 0; l < 8; l++) {
      S sum = S::zero();
      for (int k = 0; k < 2; k++) {
        u64 plain[4] = {}, secret[4] = {numbers.next(), numbers.next(), numbers.next(), numbers.next() >> 8};
        short_scalar(numbers, plain);
        const S discrete = from_plain<S>(secret), multiplier = from_plain<S>(plain);
        const bool negated = numbers.next() % 2;
        digits[k].set(l, plain, negated);
        sum += negated ? -(discrete * multiplier) : discrete * multiplier;
        Fr uv[2];
        generator_times(discrete, uv);
        set_lane(point[k][0], l, uv[0]), set_lane(point[k][1], l, uv[1]);
      }
      wanted[l] = numbers.next() % 2;
      const S g = wanted[l] ? -sum : numbers.next() % 2 ? S::zero() : S::one() - sum;
      if (is_zero(g + sum)) wanted[l] = true;
      u64 plain[4];
      to_plain(g, plain);
      generator.set(l, plain);
    }
    const Mask8 found = jubjub::sum_is_identity(generator, digits[0], point[0][0], point[0][1], digits[1], point[1][0], point[1][1]);
    for (int l = 0; l < 8; l++) CHECK(found.lane(l) == wanted[l]);
  }
}

}
// namespace
COPROC_END
#endif
