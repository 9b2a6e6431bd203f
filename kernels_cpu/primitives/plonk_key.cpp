// Verifier data of Dusk's PLONK to a prepared key.
//
// Verifier data: six u64 big-endian (label length, verifier key length, opening key length, count of public inputs, a size that nothing
// uses, constraints), then label, verifier key, opening key, and one u64 big-endian a public input. The lengths may exceed what is
// read of their parts; bytes behind are ignored.
#include "primitives/plonk_key.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

namespace {

using namespace plonk;
constexpr int G1 = COPROC_BLS12_381_G1, G2 = COPROC_BLS12_381_G2, VALID = COPROC_ON_CURVE | COPROC_IN_SUBGROUP;

struct VerifierData {
  const u8 *label, *verifier_key, *opening_key, *indexes;
  u64 label_length, public_inputs, constraints;

  bool parse(const u8 *data, u64 length) {
    constexpr usize HEADER = 48;
    if (length < HEADER) return false;
    u64 word[6], end = 0, bytes = 0;
    for (int i = 0; i < 6; i++) word[i] = load_be64(data + 8 * i);
    label_length = word[0], public_inputs = word[3], constraints = word[5];
    if (__builtin_mul_overflow(public_inputs, u64{8}, &bytes)) return false;
    if (__builtin_add_overflow(word[0], word[1], &end) || __builtin_add_overflow(end, word[2], &end)) return false;
    if (__builtin_add_overflow(end, bytes, &end) || end > length - HEADER) return false;
    label = data + HEADER;
    verifier_key = label + word[0];
    opening_key = verifier_key + word[1];
    indexes = opening_key + word[2];
    return word[1] >= VERIFIER_KEY_BYTES && word[2] >= OPENING_KEY_BYTES;
  }
  u64 n() const { return load_le64(verifier_key); }
  const u8 *commitment(int term) const { return verifier_key + 8 + G1_BYTES * static_cast<usize>(term); }
};

KeyLayout layout(u64 public_inputs) {
  KeyLayout k;
  k.prelude = sizeof(coproc_plonk_key_header) / 8;
  k.roots = k.prelude + sizeof(Prelude) / 8;
  k.points = k.roots + 4 * public_inputs;
  k.lines_h = k.points + 12 * COPROC_PLONK_KEY_POINTS;
  k.lines_x_h = k.lines_h + k_lines_words(COPROC_BLS12_381);
  k.tables = k.lines_x_h + k_lines_words(COPROC_BLS12_381);
  k.words = k.tables + COPROC_PLONK_KEY_POINTS * k_msm_table_words(G1);
  return k;
}

// The transcript up to the public inputs. Versions 1 and 2 put s_sigma_1 in the place of s_sigma_4.
Transcript seed(const VerifierData &data, bool legacy) {
  static constexpr struct {
    const char *label;
    int term;
  } ORDER[] = {{"q_m", Q_M},
               {"q_l", Q_L},
               {"q_r", Q_R},
               {"q_o", Q_O},
               {"q_c", Q_C},
               {"q_f", Q_F},
               {"q_arith", Q_ARITH},
               {"q_range", Q_RANGE},
               {"q_logic", Q_LOGIC},
               {"q_variable_group_add", Q_VARIABLE},
               {"q_fixed_group_add", Q_FIXED},
               {"s_sigma_1", S_SIGMA_1},
               {"s_sigma_2", S_SIGMA_2},
               {"s_sigma_3", S_SIGMA_3}};
  static constexpr u8 CIRCUIT_SIZE[] = {'c', 'i', 'r', 'c', 'u', 'i', 't', '_', 's', 'i', 'z', 'e'};
  Transcript t = Transcript::create(data.label, data.label_length);
  t.append("dom-sep", CIRCUIT_SIZE, sizeof CIRCUIT_SIZE);
  t.append_u64("n", data.constraints);
  for (const auto &entry : ORDER) t.append(entry.label, data.commitment(entry.term), G1_BYTES);
  t.append("s_sigma_4", data.commitment(legacy ? S_SIGMA_1 : S_SIGMA_4), G1_BYTES);
  t.append("dom-sep", CIRCUIT_SIZE, sizeof CIRCUIT_SIZE);
  t.append_u64("n", data.n());
  return t;
}

// N = n rounded up to a power of two (0: 1; above 2^63 upstream wraps to 0, and refuses), at most 2^31.
u64 log_domain(u64 n) {
  const u64 log = n <= 1 ? 0 : 64 - static_cast<u64>(__builtin_clzll(n - 1));
  return log < constants::bls12_381::Fr::TWO_ADICITY ? log : Prelude::NO_DOMAIN;
}

void prepare_domain(const VerifierData &data, Prelude &prelude, u64 *roots) {
  prelude.log_n = log_domain(data.n());
  prelude.omega = Fr::constant(constants::bls12_381::Fr::ROOT_OF_UNITY);
  prelude.n_inverse = Fr::one();
  if (prelude.log_n == Prelude::NO_DOMAIN) {
    std::memset(roots, 0, 32 * data.public_inputs);
    return;
  }
  for (u64 i = prelude.log_n; i < constants::bls12_381::Fr::TWO_ADICITY; i++) prelude.omega = sqr(prelude.omega);
  for (u64 i = 0; i < prelude.log_n; i++) prelude.n_inverse = half(prelude.n_inverse);
  const u64 mask = (u64{1} << prelude.log_n) - 1;
  for (u64 i = 0; i < data.public_inputs; i++) {
    const u64 exponent = (u64{0} - load_be64(data.indexes + 8 * i)) & mask; // -index mod N
    pow(prelude.omega, &exponent, 1).store(roots + 4 * i);
  }
}

bool all_valid(const u8 *status, usize n) {
  for (usize i = 0; i < n; i++)
    if (status[i] != COPROC_OK) return false;
  return true;
}

// Lines of one point, or offset 0 where it is infinity.
u64 place_lines(u64 *key, u64 offset, const u64 *point) {
  u64 any = 0;
  for (int i = 0; i < 24; i++) any |= point[i];
  if (!any) return 0;
  k_lines(COPROC_BLS12_381, 1, point, key + offset);
  return offset;
}

bool prepare(const u8 *bytes, u64 length, u64 *key) {
  VerifierData data;
  if (!data.parse(bytes, length)) return false;
  const KeyLayout place = layout(data.public_inputs);

  const u8 *encoded[COPROC_PLONK_KEY_POINTS];
  for (int i = 0; i < GENERATOR; i++) encoded[i] = data.commitment(i);
  encoded[GENERATOR] = data.opening_key;
  const u8 *encoded_g2[2] = {data.opening_key + G1_BYTES, data.opening_key + G1_BYTES + G2_BYTES};
  u8 status[COPROC_PLONK_KEY_POINTS];
  u64 g2[2 * 24];
  k_decode(G1, COPROC_ZCASH, VALID, COPROC_PLONK_KEY_POINTS, encoded, key + place.points, status);
  if (!all_valid(status, COPROC_PLONK_KEY_POINTS)) return false;
  k_decode(G2, COPROC_ZCASH, VALID, 2, encoded_g2, g2, status);
  if (!all_valid(status, 2)) return false;

  coproc_plonk_key_header header = {};
  header.words = place.words;
  header.public_inputs = data.public_inputs;
  header.points = place.points;
  header.tables = place.tables;
  header.lines_h = place_lines(key, place.lines_h, g2);
  header.lines_x_h = place_lines(key, place.lines_x_h, g2 + 24);
  header.reserved[RESERVED_PRELUDE] = place.prelude;
  header.reserved[RESERVED_ROOTS] = place.roots;
  k_msm_table(G1, COPROC_PLONK_KEY_POINTS, key + place.points, key + place.tables);

  Prelude prelude;
  prelude.legacy = seed(data, true);
  prelude.current = seed(data, false);
  prepare_domain(data, prelude, key + place.roots);
  std::memcpy(key + place.prelude, &prelude, sizeof prelude);
  std::memcpy(key, &header, sizeof header);
  return true;
}

} // namespace

// An upper bound that needs the length alone: the header counts at most one public input for 8 bytes.
usize k_plonk_key_words(usize data_len) { return layout(data_len / 8).words; }

void k_plonk_key(usize n, coproc_data data, const u64 *lens, u64 *const *keys, u8 *status) {
  for (usize i = 0; i < n; i++) {
    const usize words = k_plonk_key_words(lens[i]);
    std::memset(keys[i], 0, 8 * words);
    const bool ok = prepare(data[i], lens[i], keys[i]);
    if (!ok) std::memset(keys[i], 0, 8 * words);
    status[i] = ok ? COPROC_OK : COPROC_INVALID;
  }
}

COPROC_END
