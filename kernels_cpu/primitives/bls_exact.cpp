// verify_bls and verify_bls_multisig on limbs as given. A call costs about a millisecond, and a key of a multisignature about as much
// where its limbs are unreduced; reduced ones take the ordinary sum.
#include "exact/bls.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN
namespace exact {

namespace curve = constants::bls12_381;

using G1Affine = RawAffine<RawFp>;
using G2Affine = RawAffine<RawFp2>;

constexpr char HASH_TO_G1_DST[] = "BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2";
constexpr char COEFFICIENT_PREFIX[] = "BLS_SIG_BLS12381_SCALAR_SHA256_DUSK_H1_V2";

inline const u8 *bytes_of(const char *text) { return reinterpret_cast<const u8 *>(text); }

// H(msg): RFC 9380 in version 2, generator * hash(msg) in version 1.
inline G1Affine hash_message(int version, const u8 *msg, u64 len) {
  u64 words[12];
  if (version == 2) {
    k_hash_to_g1(1, &msg, &len, bytes_of(HASH_TO_G1_DST), sizeof HASH_TO_G1_DST - 1, words);
  } else {
    u64 scalar[4], generator[12];
    k_hash_to_fr(1, nullptr, 0, &msg, &len, nullptr, scalar);
    RawFp::constant(curve::G1_X).store(generator);
    RawFp::constant(curve::G1_Y).store(generator + 6);
    k_scalar_mul(COPROC_BLS12_381_G1, 1, generator, scalar, words);
  }
  return {RawFp::load(words), RawFp::load(words + 6), u8(is_zero_limbs<12>(words) ? 1 : 0)};
}

// The compressed form of a key, 96 bytes: the plain values of its limbs; the sign of y by c1, or by c0 where the limbs of c1 are zero.
inline void compress(const G2Affine &key, u8 *out) {
  const RawFp *coordinates[4] = {&key.x.c1, &key.x.c0, &key.y.c1, &key.y.c0};
  u64 plain[4][6];
  for (int k = 0; k < 4; k++) to_plain(*coordinates[k], plain[k]);
  for (int k = 0; k < 96; k++) {
    const int byte = 47 - k % 48; // big-endian
    out[k] = u8(plain[k / 48][byte / 8] >> (byte % 8 * 8));
  }
  const auto is_larger = [](const u64 *a) { return below_limbs<6>(curve::Fp::HALF, a); };
  out[0] |= 0x80;
  if (is_larger(plain[2]) || (is_zero(key.y.c1) && is_larger(plain[3]))) out[0] |= 0x20;
}

// The coefficient t of a key in the sum of a multisignature: a hash of its compressed form, plain.
inline void coefficient(int version, const G2Affine &key, u64 *scalar) {
  u8 compressed[96];
  const u8 *data = compressed;
  const u64 len = sizeof compressed;
  compress(key, compressed);
  k_hash_to_fr(1, bytes_of(COEFFICIENT_PREFIX), version == 2 ? sizeof COEFFICIENT_PREFIX - 1 : 0, &data, &len, nullptr, scalar);
}

inline void store(const G2Affine &p, u64 *words) {
  const RawFp *coordinates[4] = {&p.x.c0, &p.x.c1, &p.y.c0, &p.y.c1};
  for (int k = 0; k < 4; k++)
    if (p.flag == 0) coordinates[k]->store(words + 6 * k);
    else RawFp::zero().store(words + 6 * k);
}

inline G2Affine load_words(const u64 *words) {
  const auto coordinate = [words](int k) { return RawFp::load(words + 6 * k); };
  return {{coordinate(0), coordinate(1)}, {coordinate(2), coordinate(3)}, u8(is_zero_limbs<24>(words) ? 1 : 0)};
}

// valid() of a key; where its limbs are reduced any exact arithmetic will do.
inline bool is_valid_key(const G2Affine &key) {
  if (!is_reduced(key.x) || !is_reduced(key.y)) return is_valid(key);
  if (key.flag != 0) return false;
  u64 words[24];
  u8 status = COPROC_INVALID;
  store(key, words);
  if (is_zero_limbs<24>(words)) return false; // infinity to `check`, but off the curve here
  k_check(COPROC_BLS12_381_G2, COPROC_ON_CURVE | COPROC_IN_SUBGROUP, 1, words, &status);
  return status == COPROC_OK;
}

// The sum of t key over the keys of a multisignature, all of them valid; false where there is none or one is not valid.
inline bool aggregate(int version, usize n, coproc_data keys, G2Affine &out) {
  if (n == 0) return false;
  for (usize i = 0; i < n; i++)
    if (!is_valid_key(load_g2(keys[i]))) return false;
  u64 sum[24] = {};
  for (usize i = 0; i < n; i++) {
    const G2Affine key = load_g2(keys[i]);
    u64 scalar[4], term[24], words[24];
    coefficient(version, key, scalar);
    if (is_reduced(key.x) && is_reduced(key.y)) {
      store(key, words);
      k_scalar_mul(COPROC_BLS12_381_G2, 1, words, scalar, term);
    } else {
      const G2Affine raw = to_affine(scalar_mul(key, scalar));
      store({{reduce(raw.x.c0), reduce(raw.x.c1)}, {reduce(raw.y.c0), reduce(raw.y.c1)}, raw.flag}, term);
    }
    std::memcpy(words, sum, sizeof sum);
    k_add(COPROC_BLS12_381_G2, 1, words, term, sum);
  }
  out = load_words(sum);
  return true;
}

// e(sig, g2) e(-H(msg), key) == 1 for a valid key and a valid signature.
inline bool pairing_is_one(const G1Affine &sig, const RawLine *generator_lines, const G1Affine &hash, const G2Affine &key) {
  RawLine key_lines[LINES];
  prepare(key, key_lines);
  u64 f[72], gt[72], one[72] = {};
  miller_loop({{sig, generator_lines}, {{hash.x, -hash.y, hash.flag}, key_lines}}).store_reduced(f);
  k_final_exponentiation(COPROC_BLS12_381, 1, f, gt);
  RawFp::one().store(one);
  return equal_limbs<72>(gt, one);
}

} // namespace exact

void k_bls_exact(usize n, int multisig, const u8 *versions, coproc_data msgs, const u64 *lens, const u64 *key_offsets, coproc_data keys,
                 coproc_data sigs, u8 *verdict) {
  using namespace exact;
  RawLine generator_lines[LINES];
  prepare({RawFp2::constant(curve::G2_X), RawFp2::constant(curve::G2_Y), 0}, generator_lines);
  for (usize i = 0; i < n; i++) {
    const usize first = key_offsets[i], count = key_offsets[i + 1] - first;
    const G1Affine sig = load_g1(sigs[i]);
    G2Affine key;
    verdict[i] = 0;
    if (!is_valid(sig)) continue;
    if (multisig == 0) {
      if (count == 0) continue;
      key = load_g2(keys[first]);
    } else if (!aggregate(versions[i], count, keys + first, key)) {
      continue;
    }
    if (!is_valid_key(key)) continue;
    verdict[i] = pairing_is_one(sig, generator_lines, hash_message(versions[i], msgs[i], lens[i]), key) ? 1 : 0;
  }
}

COPROC_END
