// The limb-exact slow path, compiled once an instruction set: equal to the fast path wherever limbs are reduced, and to Dusk's own
// crates on unreduced ones. No standard library in here: these objects hold code of one instruction set.
#include "check.hpp"
#include "exact_cases.hpp"
#include "test_isa.hpp"

COPROC_BEGIN
namespace {

using namespace exact_cases;

TEST_ISA(sparse_hades_equals_dense_hades) {
  for (int i = 0; i < 300; i++) {
    RawFr state[5];
    u64 words[20], again[20];
    for (int j = 0; j < 5; j++) {
      u64 s[4];
      secret(10 + static_cast<u64>(j), static_cast<u64>(i), s);
      const int kind = (i + 3 * j) % 7;
      state[j] = kind == 0 ? RawFr::zero() : kind == 1 ? RawFr::one() : kind == 2 ? -RawFr::one() : RawFr::load(s);
      if (kind >= 3 && !is_reduced(state[j])) state[j] = RawFr::zero();
      if (kind == 4) { // p - 1: the largest limbs
        const u64 one[4] = {1, 0, 0, 0};
        exact::sub_limbs<4>(state[j].v, RawFr::P::MODULUS, one);
      }
      state[j].store(words + 4 * j);
    }
    k_hades_permute(1, words);
    exact_hades_permute(state);
    for (int j = 0; j < 5; j++) state[j].store(again + 4 * j);
    CHECK(exact::equal_limbs<20>(words, again));
  }
}

TEST_ISA(exact_poseidon_equals_poseidon) {
  u8 elements[32 * 13];
  for (u64 n = 1; n <= 13; n++) {
    for (u64 i = 0; i < n; i++) {
      u64 s[4];
      secret(20 + i, n, s);
      std::memcpy(elements + 32 * i, s, 32); // a plain value read as Montgomery limbs: below r
    }
    const u8 *data = elements;
    u64 out[4];
    u8 status = 99;
    k_poseidon_hash(1, &data, &n, out, &status);
    CHECK(status == COPROC_OK && RawFr::load(out) == exact_poseidon(elements, n));
    add_multiple<4>(elements, RawFr::P::MODULUS, 1);
    k_poseidon_hash(1, &data, &n, out, &status);
    CHECK(status == COPROC_OK && RawFr::load(out) == exact_poseidon(elements, n));
  }
}

TEST_ISA(exact_schnorr_equals_schnorr) {
  for (int i = 0; i < 24; i++) {
    SchnorrCase c = schnorr_case(3 * i + 1);
    const RawFr z = RawFr::load_bytes(c.key + 64);
    RawFr::load(exact::below_limbs<4>(z.v, RawFr::P::MODULUS) ? z.v : (z - RawFr::load(RawFr::P::MODULUS)).v)
        .store(reinterpret_cast<u64 *>(c.key + 64));
    switch (i % 6) { // good, and bad in one place
    case 1:
      c.msg[0] ^= 1;
      break;
    case 2:
      c.sig[3] ^= 1;
      break;
    case 3:
      c.key[1] ^= 1;
      break;
    case 4:
      c.sig[32 + 130] ^= 1;
      break;
    default:
      break;
    }
    const u8 *msg = c.msg, *key = c.key, *sig = c.sig;
    u8 verdict = 99, status = 99;
    k_schnorr(1, &msg, &key, &sig, &verdict, &status);
    const int answer = exact_schnorr(msg, key, sig);
    CHECK(status == COPROC_OK && verdict == answer);
    CHECK(answer == (i % 6 == 0 || i % 6 == 5 ? 1 : 0));
  }
}

// Key and signature with the limbs reduced again.
void reduce_all(BlsCase &c) {
  const auto reduce_at = [](u8 *bytes) {
    const RawFp a = reduce(RawFp::load_bytes(bytes));
    std::memcpy(bytes, a.v, 48);
  };
  for (int k = 0; k < 4; k++) reduce_at(c.key + 48 * k);
  for (int k = 0; k < 2; k++) reduce_at(c.sig + 48 * k);
}

u8 bls(const BlsCase &c, bool multisig) {
  const u8 *msg = c.msg, *key = c.key, *sig = c.sig, version = static_cast<u8>(c.version);
  const u64 len = sizeof c.msg, offsets[2] = {0, 1};
  u8 verdict = 99;
  k_bls_exact(1, multisig ? 1 : 0, &version, &msg, &len, offsets, &key, &sig, &verdict);
  return verdict;
}

TEST_ISA(exact_bls_accepts_good_signatures_and_refuses_others) {
  for (int i = 0; i < 8; i++) {
    BlsCase c = bls_case(i);
    reduce_all(c);
    CHECK(bls(c, false) == 1);
    CHECK(bls(c, true) == 0); // the key of a multisignature is t key
    BlsCase other = c;
    other.msg[0] ^= 1;
    CHECK(bls(other, false) == 0);
    other = c;
    other.version = 3 - c.version;
    CHECK(bls(other, false) == 0);
    other = c;
    other.sig[96] = 1;
    CHECK(bls(other, false) == 0);
    other = c;
    other.key[192] = 255;
    CHECK(bls(other, false) == 0);
    other = c;
    other.sig[0] ^= 1;
    CHECK(bls(other, false) == 0);
    other = c;
    other.key[150] ^= 1;
    CHECK(bls(other, false) == 0);
    other = bls_case(i + 2);
    reduce_all(other);
    std::memcpy(other.key, c.key, sizeof c.key);
    CHECK(bls(other, false) == 0);
  }
}

// What Dusk's own crates (bls12_381-bls 0.6.0, jubjub-schnorr 0.7.0-rc.0) answer to bls_case(i) and schnorr_case(i).
constexpr char BLS_ANSWERS[] = "010111100000111110111110001011111110111011011111010001101000101100001110001011111010110100001110";
constexpr char SCHNORR_ANSWERS[] = "001010101010110000001011101010001011101010000000000010011000001010101010001000101001000000001011";

TEST_ISA(exact_bls_answers_like_upstream_on_unreduced_limbs) {
  for (int i = 0; BLS_ANSWERS[i] != 0; i++) CHECK(bls(bls_case(i), false) == BLS_ANSWERS[i] - '0');
}

TEST_ISA(exact_schnorr_answers_like_upstream_on_unreduced_limbs) {
  for (int i = 0; SCHNORR_ANSWERS[i] != 0; i++) {
    const SchnorrCase c = schnorr_case(i);
    CHECK(exact_schnorr(c.msg, c.key, c.sig) == SCHNORR_ANSWERS[i] - '0');
    const u8 *msg = c.msg, *key = c.key, *sig = c.sig;
    u8 verdict = 99, status = 99;
    k_schnorr(1, &msg, &key, &sig, &verdict, &status);
    CHECK(status == COPROC_OK && verdict == SCHNORR_ANSWERS[i] - '0');
  }
}

} // namespace
COPROC_END
