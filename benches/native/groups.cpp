// Decoding, subgroup checks, scalar multiplication, hashing to the curve, multi-scalar multiplication.
#include <algorithm>
#include <string>

#include "cases.hpp"

namespace coproc::bench {
namespace {

// One group's decoding, subgroup check and scalar multiplication, alone and by the batch.
void single_group(const Bench &bench, const coproc_kernels_table &t, const Curve &curve, const Group &group, const std::string &name) {
  Random random(17);
  const Words at = points(t, random, curve, group, BATCH), k = scalars(random, curve, BATCH),
              short_k = coefficients(t, random, curve, BATCH);
  std::vector<u8> bytes(BATCH * group.bytes), status(BATCH);
  Words out(BATCH * group.words);
  t.encode(group.id, group.encoding, BATCH, at.data(), bytes.data());
  const auto data = pieces(bytes, BATCH, group.bytes);
  auto all_ok = [&](std::size_t n) {
    return std::all_of(status.begin(), status.begin() + static_cast<long>(n), [](u8 s) { return s == COPROC_OK; });
  };
  struct Form {
    const char *suffix;
    std::size_t n;
  };
  for (const Form form : {Form{"", 1}, Form{"_batch", 11}, Form{"_batch", BATCH}}) { // 11: the points of a PLONK proof
    const std::size_t n = form.n;
    auto op = [&](const char *what) { return name + what + form.suffix; };
    bench.run(curve.name, op("_decompress").c_str(), n, n,
              [&] { t.decode(group.id, group.encoding, COPROC_ON_CURVE, n, data.data(), out.data(), status.data()); });
    bench.run(curve.name, op("_decompress_checked").c_str(), n, n,
              [&] { t.decode(group.id, group.encoding, COPROC_ON_CURVE | COPROC_IN_SUBGROUP, n, data.data(), out.data(), status.data()); });
    t.decode(group.id, group.encoding, COPROC_ON_CURVE | COPROC_IN_SUBGROUP, n, data.data(), out.data(), status.data());
    require(all_ok(n) && std::equal(at.begin(), at.begin() + static_cast<long>(n * group.words), out.begin()),
            "a decoded point is not the one encoded");
    bench.run(curve.name, op("_subgroup").c_str(), n, n, [&] { t.check(group.id, COPROC_IN_SUBGROUP, n, at.data(), status.data()); });
    t.check(group.id, COPROC_IN_SUBGROUP, n, at.data(), status.data());
    require(all_ok(n), "a point of prime order was refused");
    bench.run(curve.name, op("_mul").c_str(), n, n, [&] { t.scalar_mul(group.id, n, at.data(), k.data(), out.data()); });
    bench.run(curve.name, op("_mul_coefficient").c_str(), n, n, [&] { t.scalar_mul(group.id, n, at.data(), short_k.data(), out.data()); });
  }
}

} // namespace

void group_cases(const Bench &bench, const coproc_kernels_table &t, const Curve &curve) {
  single_group(bench, t, curve, curve.g1, "g1");
  single_group(bench, t, curve, curve.g2, "g2");
  if (curve.id != COPROC_BLS12_381) return;
  static const char DST[] = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"; // the peers' own: its length counts
  Random random(19);
  std::vector<u8> messages(32 * BATCH);
  for (u8 &b : messages) b = static_cast<u8>(random.next());
  const auto data = pieces(messages, BATCH, 32);
  const Words lens(BATCH, 32);
  Words out(BATCH * curve.g1.words);
  auto hash = [&](std::size_t n) {
    t.hash_to_g1(n, data.data(), lens.data(), reinterpret_cast<const u8 *>(DST), sizeof DST - 1, out.data());
  };
  bench.run(curve.name, "hash_g1", 32, 1, [&] { hash(1); });
  bench.run(curve.name, "hash_g1_batch", BATCH, BATCH, [&] { hash(BATCH); });
}

void msm_cases(const Bench &bench, const coproc_kernels_table &t, const Curve &curve) {
  constexpr std::size_t SIZES[] = {16, 64, 256, 1024, 4096, 16384};
  if (!bench.wants("msm_g1") && !bench.wants("msm_g1_128bit") && !bench.wants("msm_g2")) return;
  Random random(23);
  const std::size_t most = std::min<std::size_t>(bench.max_size(), 16384);
  const Words at = points(t, random, curve, curve.g1, most), k = scalars(random, curve, most), short_k = scalars_128(random, most);
  const auto each = pieces(at, most, curve.g1.words);
  Words out(curve.g2.words);
  for (const std::size_t n : SIZES) {
    if (n > most) break;
    const u64 offsets[2] = {0, n};
    bench.run(curve.name, "msm_g1", n, n, [&] { t.msm(curve.g1.id, 1, offsets, each.data(), nullptr, k.data(), out.data()); });
    bench.run(curve.name, "msm_g1_128bit", n, n, [&] { t.msm(curve.g1.id, 1, offsets, each.data(), nullptr, short_k.data(), out.data()); });
  }
  const std::size_t n = 64;
  if (n > most) return;
  const Words at2 = points(t, random, curve, curve.g2, n);
  const auto each2 = pieces(at2, n, curve.g2.words);
  const u64 offsets[2] = {0, n};
  bench.run(curve.name, "msm_g2", n, n, [&] { t.msm(curve.g2.id, 1, offsets, each2.data(), nullptr, k.data(), out.data()); });
}

} // namespace coproc::bench
