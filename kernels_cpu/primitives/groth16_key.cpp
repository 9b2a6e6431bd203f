// ark-groth16's PreparedVerifyingKey<Bn254>, uncompressed, to a prepared key: the target and the lines of -gamma and -delta.
//
// Layout: alpha_g1, beta_g2, gamma_g2, delta_g2; u64 count and that many G1 points; the target as twelve elements of Fp; then for -gamma
// and for -delta: u64 count, that many coefficients of three Fp2, one byte 0 or 1 for infinity. Everything is checked as ark does (points
// on the curve and in the subgroup, values below the modulus) although the points enter no equation; bytes behind are ignored.
#include "hash/bytes.hpp"
#include "isa/entries.hpp"
#include "pairing/prepare.hpp"

COPROC_BEGIN

namespace {

using F = bn254::Fp;
constexpr int G1 = COPROC_BN254_G1, G2 = COPROC_BN254_G2, VALID = COPROC_ON_CURVE | COPROC_IN_SUBGROUP;
constexpr u64 G1_BYTES = 64, G2_BYTES = 128, FP_BYTES = 32, TARGET_VALUES = 12, LINE_VALUES = 6, LINE_BYTES = LINE_VALUES * FP_BYTES;
constexpr u64 LINES = PairingBn254::LINES;
static_assert(LINES == 91 && PairingBn254::LINE_WORDS == 24);

// Words of a prepared key.
constexpr u64 TARGET = sizeof(coproc_groth16_key_header) / 8, GAMMA = TARGET + 4 * TARGET_VALUES,
              DELTA = GAMMA + LINES * PairingBn254::LINE_WORDS;
constexpr u64 WORDS = DELTA + LINES * PairingBn254::LINE_WORDS;

// What is left to read; every `take` fails once the bytes are too few.
struct Reader {
  const u8 *data;
  u64 left;

  // `count` blocks of `size` bytes, or NULL.
  const u8 *take(u64 count, u64 size) {
    if (count > left / size) return nullptr;
    const u8 *p = data;
    data += count * size, left -= count * size;
    return p;
  }
  bool count(u64 &n) {
    const u8 *p = take(1, 8);
    if (p) n = load_le64(p);
    return p != nullptr;
  }
};

// n values below the modulus, of which the first `kept` are stored in Montgomery form.
bool read_values(const u8 *bytes, u64 n, u64 kept, u64 *out) {
  for (u64 i = 0; i < n; i++, bytes += FP_BYTES) {
    u64 plain[4];
    std::memcpy(plain, bytes, sizeof plain);
    if (!reduced<F>(plain)) return false;
    if (i < kept) from_plain<F>(plain).store(out + 4 * i);
  }
  return true;
}

// n points of one group, in blocks on the stack.
template <int GROUP, u64 BYTES> bool valid_points(const u8 *bytes, u64 n) {
  constexpr u64 BLOCK = 16;
  const u8 *each[BLOCK];
  u64 points[BLOCK * BYTES / 8];
  u8 status[BLOCK];
  while (n) {
    const u64 k = n < BLOCK ? n : BLOCK;
    for (u64 i = 0; i < k; i++) each[i] = bytes + i * BYTES;
    k_decode(GROUP, COPROC_ARK_UNCOMPRESSED, VALID, k, each, points, status);
    for (u64 i = 0; i < k; i++)
      if (status[i] != COPROC_OK) return false;
    bytes += k * BYTES, n -= k;
  }
  return true;
}

// One list of coefficients with its infinity byte.
bool read_lines(Reader &in, u64 *lines, u64 &count, u64 &infinity) {
  if (!in.count(count)) return false;
  const u8 *coefficients = in.take(count, LINE_BYTES), *flag = coefficients ? in.take(1, 1) : nullptr;
  if (!flag || *flag > 1) return false;
  infinity = *flag;
  if (!read_values(coefficients, count * LINE_VALUES, LINES * LINE_VALUES, lines)) return false;
  if (count >= LINES) normalise_lines(lines);
  return true;
}

bool prepare(const u8 *data, u64 length, u64 *key) {
  Reader in = {data, length};
  const u8 *alpha = in.take(1, G1_BYTES), *g2 = alpha ? in.take(3, G2_BYTES) : nullptr;
  u64 inputs = 0;
  if (!g2 || !in.count(inputs)) return false;
  const u8 *points = in.take(inputs, G1_BYTES), *target = points ? in.take(TARGET_VALUES, FP_BYTES) : nullptr;
  coproc_groth16_key_header header = {};
  header.words = WORDS;
  header.target = TARGET, header.lines_gamma = GAMMA, header.lines_delta = DELTA;
  if (!target || !read_values(target, TARGET_VALUES, TARGET_VALUES, key + TARGET)) return false;
  if (!read_lines(in, key + GAMMA, header.gamma_count, header.gamma_infinity)) return false;
  if (!read_lines(in, key + DELTA, header.delta_count, header.delta_infinity)) return false;
  std::memcpy(key, &header, sizeof header);
  return valid_points<G1, G1_BYTES>(alpha, 1) && valid_points<G2, G2_BYTES>(g2, 3) && valid_points<G1, G1_BYTES>(points, inputs);
}

} // namespace

usize k_groth16_key_words(void) { return WORDS; }

void k_groth16_key(usize n, coproc_data data, const u64 *lens, u64 *const *keys, u8 *status) {
  for (usize i = 0; i < n; i++) {
    std::memset(keys[i], 0, 8 * WORDS);
    const bool ok = prepare(data[i], lens[i], keys[i]);
    if (!ok) std::memset(keys[i], 0, 8 * WORDS);
    status[i] = ok ? COPROC_OK : COPROC_INVALID;
  }
}

COPROC_END
