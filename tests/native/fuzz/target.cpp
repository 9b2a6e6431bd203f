// What each host function does with its fields, by the primitives of the C ABI alone.
#include "run.hpp"

namespace fuzz {

Tally tally = {};

namespace {

constexpr int G1 = COPROC_BLS12_381_G1, G2 = COPROC_BLS12_381_G2, BOTH = COPROC_ON_CURVE | COPROC_IN_SUBGROUP;

struct HostFunctions : Run {

  void hashes() {
    u8 out[64];
    u64 words[8];
    k->blake2b_512(1, fields, counts, out);
    note(out, 64);
    k->sha256(1, fields, counts, out);
    note(out, 32);
    k->keccak256(1, fields, counts, out);
    note(out, 32);
    k->hash_to_fr(1, base, length < 40 ? length : 40, fields, counts, words, words + 4);
    note(words, sizeof words);
  }

  void poseidon() {
    u64 out[4];
    u8 status = 99;
    k->poseidon_hash(1, fields, counts, out, &status);
    REQUIRE(status == (counts[0] == 0 ? COPROC_PANIC : COPROC_OK));
    note(out, sizeof out);
  }

  void schnorr() {
    u8 verdict = 99, status = 99;
    k->schnorr(1, fields, fields + 1, fields + 2, &verdict, &status);
    REQUIRE((status == COPROC_OK && verdict <= 1) || (status == COPROC_PANIC && verdict == 0));
    tally.accepted += verdict;
    note(&verdict, 1);
    note(&status, 1);
  }

  // Prepared keys are kept, as an engine keeps them: a mutated proof under a good key is then as cheap as in real life.
  const Words &prepared(bool plonk) {
    struct Known {
      const Kernels *kernels;
      bool plonk;
      Bytes data;
      Words key;
    };
    static std::vector<Known> known;
    for (const Known &entry : known)
      if (entry.kernels == k && entry.plonk == plonk && entry.data.size() == counts[0] &&
          (counts[0] == 0 || std::memcmp(entry.data.data(), fields[0], counts[0]) == 0))
        return entry.key;
    if (known.size() == 400) known.clear();
    const Bytes data(fields[0], fields[0] + counts[0]);
    Words key(plonk ? k->plonk_key_words(data.size()) : k->groth16_key_words(), 0x0101010101010101);
    u64 *at = key.data();
    u8 status = 99;
    (plonk ? k->plonk_key : k->groth16_key)(1, fields, counts, &at, &status);
    REQUIRE(status == COPROC_OK || status == COPROC_INVALID);
    if (status != COPROC_OK) key.clear();
    known.push_back({k, plonk, data, key});
    return known.back().key;
  }

  void plonk() {
    const Words &key = prepared(true);
    if (key.empty() || counts[1] < 1008) return;
    coproc_plonk_key_header h;
    std::memcpy(&h, key.data(), sizeof h);
    // not its lengths: an instruction set has tables of its own
    note(Words{h.public_inputs, u64{h.lines_h != 0}, u64{h.lines_x_h != 0}});
    note(key.data() + h.points, COPROC_PLONK_KEY_POINTS * 96);
    const u8 version = static_cast<u8>(1 + (header.version & 3) % 3);
    std::vector<const u8 *> encoded;
    for (int i = 0; i < COPROC_PLONK_PROOF_POINTS; i++) encoded.push_back(fields[1] + 48 * i);
    const Points proof = decode(G1, COPROC_ZCASH, COPROC_IN_SUBGROUP, encoded);
    Words scalars(4 * (COPROC_PLONK_TERMS + 2), 7);
    const u64 *keys[1] = {key.data()};
    u8 status = 99;
    k->plonk_scalars(1, keys, &version, fields + 1, counts + 1, fields + 2, counts + 2, scalars.data(),
                     scalars.data() + 4 * COPROC_PLONK_TERMS, &status);
    REQUIRE(status == COPROC_OK || status == COPROC_INVALID);
    note(&status, 1);
    note(scalars);
    if (status != COPROC_OK || !proof.all_ok()) return;
    std::vector<const u64 *> points, tables;
    for (u64 i = 0; i < COPROC_PLONK_KEY_POINTS; i++) {
      points.push_back(key.data() + h.points + 12 * i);
      tables.push_back(key.data() + h.tables + k->msm_table_words(G1) * i);
    }
    for (u64 i = 0; i < COPROC_PLONK_PROOF_POINTS; i++) points.push_back(proof.words.data() + 12 * i);
    for (u64 i = COPROC_PLONK_PROOF_POINTS - 2; i < COPROC_PLONK_PROOF_POINTS; i++) points.push_back(proof.words.data() + 12 * i);
    tables.resize(points.size(), nullptr);
    const u64 offsets[3] = {0, COPROC_PLONK_TERMS, COPROC_PLONK_TERMS + 2};
    Words sums(24, 7);
    k->msm(G1, 2, offsets, points.data(), tables.data(), scalars.data(), sums.data());
    note(sums);
    pairing_check(COPROC_BLS12_381, sums,
                  {h.lines_h != 0 ? key.data() + h.lines_h : nullptr, h.lines_x_h != 0 ? key.data() + h.lines_x_h : nullptr}, nullptr);
  }

  void groth16() {
    const Words &key = prepared(false);
    note(key.data(), key.empty() ? 0 : 64);
    if (key.empty() || counts[1] < 128 || counts[2] < 32) return;
    coproc_groth16_key_header h;
    std::memcpy(&h, key.data(), sizeof h);
    const Points g1 = decode(COPROC_BN254_G1, COPROC_ARK_COMPRESSED, COPROC_IN_SUBGROUP, {fields[1], fields[2], fields[1] + 96});
    const Points b = decode(COPROC_BN254_G2, COPROC_ARK_COMPRESSED, COPROC_IN_SUBGROUP, {fields[1] + 32});
    if (!g1.all_ok() || !b.all_ok()) return;
    const Words lines = lines_of(COPROC_BN254, b.words);
    const u64 *const key_words = key.data();
    pairing_check(COPROC_BN254, g1.words,
                  {b.words == infinity(COPROC_BN254_G2) ? nullptr : lines.data(),
                   h.gamma_infinity != 0 ? nullptr : key_words + h.lines_gamma,
                   h.delta_infinity != 0 ? nullptr : key_words + h.lines_delta},
                  key_words + h.target);
  }

  // e(sig, g2) e(-H(msg), key) == 1, points checked.
  void signature(const Words &sig, const Words &key, u8 version) {
    Words g1 = sig, hash(12, 7);
    if (version == 2) {
      constexpr char DST[] = "BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2";
      k->hash_to_g1(1, fields, counts, reinterpret_cast<const u8 *>(DST), sizeof DST - 1, hash.data());
    } else {
      Words scalar(4);
      k->hash_to_fr(1, nullptr, 0, fields, counts, nullptr, scalar.data());
      hash = times(k, G1, generator(G1), scalar);
    }
    note(hash);
    const Words minus = negated(k, G1, hash), generator_lines = lines_of(COPROC_BLS12_381, generator(G2)),
                key_lines = lines_of(COPROC_BLS12_381, key);
    g1.insert(g1.end(), minus.begin(), minus.end());
    pairing_check(COPROC_BLS12_381, g1, {generator_lines.data(), key_lines.data()}, nullptr);
  }

  void bls(bool multisig) {
    const u8 version = static_cast<u8>(1 + (header.version >> 2 & 1));
    std::vector<const u8 *> keys = {fields[1]};
    if (multisig) {
      keys.clear();
      for (u64 i = 0; i < counts[1]; i++) keys.push_back(fields[1] + 200 * i);
    }
    const Points sig = decode(G1, COPROC_DUSK_RAW, BOTH, {fields[2]}), points = decode(G2, COPROC_DUSK_RAW, BOTH, keys);
    if (keys.empty() || sig.any(COPROC_INVALID) || points.any(COPROC_INVALID)) return;
    if (!sig.all_ok() || !points.all_ok()) {
      const u64 offsets[2] = {0, keys.size()};
      u8 verdict = 99;
      k->bls_exact(1, multisig ? 1 : 0, &version, fields, counts, offsets, keys.data(), fields + 2, &verdict);
      REQUIRE(verdict <= 1);
      note(&verdict, 1);
      tally.pairings++;
      tally.accepted += verdict;
      return;
    }
    if (!multisig) return signature(sig.words, points.words, version);
    constexpr char PREFIX[] = "BLS_SIG_BLS12381_SCALAR_SHA256_DUSK_H1_V2";
    Bytes compressed(96 * keys.size());
    k->encode(G2, COPROC_ZCASH, keys.size(), points.words.data(), compressed.data());
    note(compressed);
    std::vector<const u8 *> data;
    std::vector<const u64 *> terms;
    for (usize i = 0; i < keys.size(); i++) {
      data.push_back(compressed.data() + 96 * i);
      terms.push_back(points.words.data() + 24 * i);
    }
    const Words lens(keys.size(), 96);
    Words scalars(4 * keys.size()), sum(24, 7);
    k->hash_to_fr(keys.size(), reinterpret_cast<const u8 *>(PREFIX), version == 2 ? sizeof PREFIX - 1 : 0, data.data(), lens.data(),
                  nullptr, scalars.data());
    const u64 offsets[2] = {0, keys.size()};
    k->msm(G2, 1, offsets, terms.data(), nullptr, scalars.data(), sum.data());
    note(sum);
    if (sum != infinity(G2)) signature(sig.words, sum, version);
  }

  void kzg() {
    const Points points = decode(G1, COPROC_ZCASH, COPROC_IN_SUBGROUP, {fields[2], fields[3]});
    if (!points.all_ok()) return;
    Words scalars = {1, 0, 0, 0};
    for (int field = 0; field < 2; field++)
      for (int word = 0; word < 4; word++) {
        u64 x;
        std::memcpy(&x, fields[field] + 24 - 8 * word, 8);
        scalars.push_back(__builtin_bswap64(x));
      }
    const Words minus = negated(k, G1, generator(G1));
    const u64 *terms[3] = {points.words.data(), points.words.data() + 12, minus.data()}, offsets[2] = {0, 3};
    Words g1(24, 7), tau;
    k->msm(G1, 1, offsets, terms, nullptr, scalars.data(), g1.data());
    std::memcpy(g1.data() + 12, points.words.data() + 12, 96);
    append(tau, constants::bls12_381::KZG_TAU_G2_X);
    append(tau, constants::bls12_381::KZG_TAU_G2_Y);
    const Words lines = lines_of(COPROC_BLS12_381, generator(G2)), tau_lines = lines_of(COPROC_BLS12_381, negated(k, G2, tau));
    pairing_check(COPROC_BLS12_381, g1, {lines.data(), tau_lines.data()}, nullptr);
  }

  // The least that still touches a point of the buffer.
  void glance() {
    switch (header.layout) {
    case COPROC_LAYOUT_GROTH16:
      if (counts[1] >= 64) decode(COPROC_BN254_G1, COPROC_ARK_UNCOMPRESSED, 0, {fields[1]});
      break;
    case COPROC_LAYOUT_BLS:
    case COPROC_LAYOUT_MULTISIG:
      decode(G1, COPROC_DUSK_RAW, COPROC_ON_CURVE, {fields[2]});
      break;
    case COPROC_LAYOUT_PLONK:
      if (counts[1] >= 96) decode(G1, COPROC_ZCASH_UNCOMPRESSED, 0, {fields[1]});
      break;
    default:
      break;
    }
  }

  void all() {
    tally.worked++;
    switch (header.layout) {
    case COPROC_LAYOUT_BYTES:
      return hashes();
    case COPROC_LAYOUT_SCALARS:
      return poseidon();
    case COPROC_LAYOUT_PLONK:
      return plonk();
    case COPROC_LAYOUT_GROTH16:
      return groth16();
    case COPROC_LAYOUT_SCHNORR:
      return schnorr();
    case COPROC_LAYOUT_BLS:
      return bls(false);
    case COPROC_LAYOUT_MULTISIG:
      return bls(true);
    case COPROC_LAYOUT_KZG:
      return kzg();
    default:
      return;
    }
  }
};

} // namespace

u64 run(const Kernels *k, const u8 *input, usize size) {
  if (size < sizeof(Header)) return 0;
  Header header;
  std::memcpy(&header, input, sizeof header);
  header.layout %= LAYOUTS;
  const usize length = size - sizeof header;
  const Placed buffer(input + sizeof header, length, header.placement >> 2 & 7);
  HostFunctions run{{k, header, buffer.data(), length}};
  const bool parsed = run.parse();
  run.distinct();
  if (parsed && header.effort == 0) run.glance();
  if (parsed && header.effort != 0) run.all();
  return run.digest;
}

void run_all(const std::vector<const Kernels *> &tables, const u8 *input, usize size) {
  const u64 expected = run(tables[0], input, size);
  for (usize i = 1; i < tables.size(); i++) REQUIRE(run(tables[i], input, size) == expected);
}

} // namespace fuzz
