// Signatures on JubJub and the scalars of PLONK proofs, one call and a batch; inputs are made through the ABI.
#include <cstring>

#include "cases.hpp"

namespace coproc::bench {
namespace {

constexpr std::size_t MOST = 1024;

Words one() { return Words(std::begin(constants::bls12_381::Fr::ONE), std::end(constants::bls12_381::Fr::ONE)); }

// Affine points (u, v) of JubJub in Montgomery limbs, by the complete addition law.
class JubJub {
  const coproc_kernels_table &t_;

  Words op(int what, const Words &a, const Words &b = {}) const {
    Words out(4);
    t_.field(COPROC_BLS12_381_FR, what, 1, a.data(), b.empty() ? nullptr : b.data(), out.data());
    return out;
  }

 public:
  struct Point {
    Words u, v;
  };

  explicit JubJub(const coproc_kernels_table &t) : t_(t) {}

  static Point generator() { return {concatenate(constants::jubjub::GENERATOR_U), concatenate(constants::jubjub::GENERATOR_V)}; }
  // u3 = (u1 v2 + v1 u2) / (1 + t), v3 = (v1 v2 + u1 u2) / (1 - t), t = d u1 u2 v1 v2
  Point add(const Point &a, const Point &b) const {
    const Words d = concatenate(constants::jubjub::D);
    const Words uv = op(COPROC_MUL, a.u, b.v), vu = op(COPROC_MUL, a.v, b.u), uu = op(COPROC_MUL, a.u, b.u), vv = op(COPROC_MUL, a.v, b.v);
    const Words t = op(COPROC_MUL, d, op(COPROC_MUL, uv, vu));
    return {op(COPROC_MUL, op(COPROC_ADD, uv, vu), op(COPROC_INV, op(COPROC_ADD, one(), t))),
            op(COPROC_MUL, op(COPROC_ADD, vv, uu), op(COPROC_INV, op(COPROC_SUB, one(), t)))};
  }
  Point multiple(u64 k) const {
    Point r = generator();
    for (int i = 62 - __builtin_clzll(k); i >= 0; i--) {
      r = add(r, r);
      if (k >> i & 1) r = add(r, generator());
    }
    return r;
  }
};

// Signatures of distinct messages by distinct keys: message 32, key 160, signature 192 bytes as archived.
struct Signatures {
  static constexpr u64 FIRST = 1000003; // secrets and nonces count up from here

  std::vector<u8> messages, keys, signatures;

  Signatures(const coproc_kernels_table &t, Random &random, std::size_t n) : messages(32 * n), keys(160 * n), signatures(192 * n) {
    const JubJub curve(t);
    // Multiples of short secrets: what is verified does not depend on their length.
    std::vector<JubJub::Point> multiples = {curve.multiple(FIRST)};
    for (std::size_t i = 1; i < 2 * n; i++) multiples.push_back(curve.add(multiples[i - 1], JubJub::generator()));
    for (std::size_t i = 0; i < n; i++) {
      const JubJub::Point &key = multiples[2 * i], &r = multiples[2 * i + 1];
      const Words message = {random.next(), random.next(), random.next(), random.next() >> 2};
      Words hashed, c(4), plain(4);
      for (const Words *part : {&r.u, &r.v, &key.u, &key.v, &message}) hashed.insert(hashed.end(), part->begin(), part->end());
      const u8 *data = reinterpret_cast<const u8 *>(hashed.data());
      const u64 count = 5;
      u8 status = 0;
      t.poseidon_hash(1, &data, &count, c.data(), &status);
      t.field(COPROC_BLS12_381_FR, COPROC_FROM_MONT, 1, c.data(), nullptr, plain.data());
      plain[3] &= (u64{1} << 58) - 1; // the challenge has 250 bits
      const auto scalar = [&](int op, const Words &a, const Words &b = {}) {
        Words out(4);
        t.field(COPROC_JUBJUB_FR, op, 1, a.data(), b.data(), out.data());
        return out;
      };
      const Words secret = scalar(COPROC_TO_MONT, {FIRST + 2 * i, 0, 0, 0}), nonce = scalar(COPROC_TO_MONT, {FIRST + 2 * i + 1, 0, 0, 0});
      const Words u = scalar(COPROC_SUB, nonce, scalar(COPROC_MUL, scalar(COPROC_TO_MONT, plain), secret));
      std::memcpy(&messages[32 * i], message.data(), 32);
      std::memcpy(&signatures[192 * i], u.data(), 32);
      archive(key, &keys[160 * i]), archive(r, &signatures[192 * i + 32]);
    }
  }

 private:
  // u, v, z = 1, t1 = u, t2 = v
  static void archive(const JubJub::Point &p, u8 *out) {
    const Words z = one();
    for (const Words *part : {&p.u, &p.v, &z, &p.u, &p.v}) {
      std::memcpy(out, part->data(), 32);
      out += 32;
    }
  }
};

void schnorr(const Bench &bench, const coproc_kernels_table &t) {
  if (!bench.wants("schnorr_verify") && !bench.wants("schnorr_verify_batch")) return;
  Random random(37);
  const std::size_t most = std::min(MOST, bench.max_size());
  const Signatures s(t, random, most);
  const auto messages = pieces(s.messages, most, 32), keys = pieces(s.keys, most, 160), signatures = pieces(s.signatures, most, 192);
  std::vector<u8> verdict(most), status(most);
  const auto verify = [&](std::size_t n) { t.schnorr(n, messages.data(), keys.data(), signatures.data(), verdict.data(), status.data()); };
  bench.run("jubjub", "schnorr_verify", 1, 1, [&] { verify(1); });
  for (const std::size_t n : {8, 64, 1024})
    if (n <= most) bench.run("jubjub", "schnorr_verify_batch", n, n, [&] { verify(n); });
  verify(most);
  require(std::count(verdict.begin(), verdict.end(), 1) == static_cast<long>(most), "a good signature was refused");
}

// Verifier data of a circuit of 2^16 gates with two public inputs, over arbitrary points.
std::vector<u8> verifier_data(const coproc_kernels_table &t, Random &random) {
  constexpr u64 INPUTS = 2, LABEL = 5, KEY = 968, OPENING = 240, GATES = 1 << 16;
  const Curve curve = bls12_381();
  std::vector<u8> out;
  const auto big = [&](u64 x) {
    for (int i = 56; i >= 0; i -= 8) out.push_back(static_cast<u8>(x >> i));
  };
  for (const u64 x : {LABEL, KEY, OPENING, INPUTS, u64{0}, GATES}) big(x);
  for (const char c : {'b', 'e', 'n', 'c', 'h'}) out.push_back(static_cast<u8>(c));
  for (int i = 0; i < 64; i += 8) out.push_back(static_cast<u8>(GATES >> i));
  std::vector<u8> g1(16 * 48), g2(2 * 96);
  t.encode(curve.g1.id, curve.g1.encoding, 16, points(t, random, curve, curve.g1, 16).data(), g1.data());
  t.encode(curve.g2.id, curve.g2.encoding, 2, points(t, random, curve, curve.g2, 2).data(), g2.data());
  out.insert(out.end(), g1.begin(), g1.begin() + 15 * 48);
  out.resize(48 + LABEL + KEY);
  out.insert(out.end(), g1.begin() + 15 * 48, g1.end());
  out.insert(out.end(), g2.begin(), g2.end());
  for (u64 i = 0; i < INPUTS; i++) big(i);
  return out;
}

void plonk_scalars(const Bench &bench, const coproc_kernels_table &t) {
  if (!bench.wants("plonk_scalars") && !bench.wants("plonk_scalars_batch")) return;
  constexpr std::size_t PROOF = 1008, POINTS = 11 * 48, INPUTS = 2;
  Random random(41);
  const std::vector<u8> data = verifier_data(t, random);
  const u8 *at = data.data();
  const u64 length = data.size();
  Words key(t.plonk_key_words(data.size()));
  u64 *to = key.data();
  u8 ok = 99;
  t.plonk_key(1, &at, &length, &to, &ok);
  require(ok == COPROC_OK, "a prepared key was refused");
  const std::size_t most = std::min(MOST, bench.max_size());
  std::vector<u8> proofs(PROOF * most);
  for (u8 &b : proofs) b = static_cast<u8>(random.next());
  for (std::size_t i = 0; i < most; i++) // evaluations below r
    for (std::size_t k = POINTS + 31; k < PROOF; k += 32) proofs[PROOF * i + k] &= 0x3f;
  const Words inputs = scalars(random, bls12_381(), INPUTS * most), lens(most, PROOF), counts(most, INPUTS);
  const std::vector<const u64 *> keys(most, key.data()), words = pieces(inputs, most, 4 * INPUTS);
  std::vector<const u8 *> input_bytes(most);
  for (std::size_t i = 0; i < most; i++) input_bytes[i] = reinterpret_cast<const u8 *>(words[i]);
  const std::vector<u8> versions(most, 3);
  const auto proof = pieces(proofs, most, PROOF);
  Words out(4 * COPROC_PLONK_TERMS * most), out_x(8 * most);
  std::vector<u8> status(most);
  const auto run = [&](std::size_t n) {
    t.plonk_scalars(n, keys.data(), versions.data(), proof.data(), lens.data(), input_bytes.data(), counts.data(), out.data(), out_x.data(),
                    status.data());
  };
  bench.run("bls12-381", "plonk_scalars", 1, 1, [&] { run(1); });
  for (const std::size_t n : {8, 64, 1024})
    if (n <= most) bench.run("bls12-381", "plonk_scalars_batch", n, n, [&] { run(n); });
  run(most);
  require(std::count(status.begin(), status.end(), COPROC_OK) == static_cast<long>(most), "a proof was refused");
}

} // namespace

void protocol_cases(const Bench &bench, const coproc_kernels_table &t) {
  schnorr(bench, t);
  plonk_scalars(bench, t);
}

} // namespace coproc::bench
