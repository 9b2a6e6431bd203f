// Many short sums of multiples: the terms of PLONK proofs, fixed points with their tables, the weighted keys of a multi-signature.
#include "cases.hpp"

namespace coproc::bench {
namespace {

// Sums of some lengths over a list of points, the first `tabled` of them with their tables in the sums that have more than that many terms.
struct Sums {
  Words offsets = {0};
  std::vector<const u64 *> points, tables;

  void add(const Words &at, const Words &prepared, std::size_t words, std::size_t table_words, std::size_t terms, std::size_t tabled) {
    const std::size_t known = at.size() / words;
    for (std::size_t j = 0; j < terms; j++) {
      const bool table = j < tabled;
      const std::size_t which = table ? j : tabled + points.size() % (known - tabled);
      points.push_back(&at[which * words]);
      tables.push_back(table ? &prepared[which * table_words] : nullptr);
    }
    offsets.push_back(points.size());
  }
};

} // namespace

void short_msm_cases(const Bench &bench, const coproc_kernels_table &t, const Curve &curve) {
  constexpr std::size_t PLONK_TERMS = 27, PLONK_TABLES = 16, MEMBERS = 64, SIGNATURES = 16, KNOWN = 256;
  if (!bench.wants("msm_g1_plonk") && !bench.wants("msm_g1_fixed") && !bench.wants("msm_g2_multisig")) return;
  Random random(29);
  const Words at = points(t, random, curve, curve.g1, KNOWN), k = scalars(random, curve, (PLONK_TERMS + 2) * BATCH);
  const std::size_t table_words = t.msm_table_words(curve.g1.id);
  Words prepared(PLONK_TABLES * table_words);
  t.msm_table(curve.g1.id, PLONK_TABLES, at.data(), prepared.data());
  auto run = [&](const char *op, const Group &group, const Sums &sums, std::size_t n) {
    const std::size_t m = sums.offsets.size() - 1;
    Words out(m * group.words);
    bench.run(curve.name, op, n, n,
              [&] { t.msm(group.id, m, sums.offsets.data(), sums.points.data(), sums.tables.data(), k.data(), out.data()); });
  };
  for (const std::size_t n : {std::size_t{1}, BATCH}) {
    // Two sums a proof, checked without a fold.
    Sums plonk, fixed;
    for (std::size_t i = 0; i < n; i++) {
      plonk.add(at, prepared, curve.g1.words, table_words, PLONK_TERMS, PLONK_TABLES);
      plonk.add(at, prepared, curve.g1.words, table_words, 2, 0);
      fixed.add(at, prepared, curve.g1.words, table_words, 1, 1);
    }
    run(n == 1 ? "msm_g1_plonk" : "msm_g1_plonk_batch", curve.g1, plonk, n);
    run(n == 1 ? "msm_g1_fixed" : "msm_g1_fixed_batch", curve.g1, fixed, n);
  }
  const Words keys = points(t, random, curve, curve.g2, MEMBERS);
  for (const std::size_t n : {std::size_t{1}, SIGNATURES}) {
    Sums multisig;
    for (std::size_t i = 0; i < n; i++) multisig.add(keys, {}, curve.g2.words, 0, MEMBERS, 0);
    run(n == 1 ? "msm_g2_multisig64" : "msm_g2_multisig64_batch", curve.g2, multisig, n);
  }
}

} // namespace coproc::bench
