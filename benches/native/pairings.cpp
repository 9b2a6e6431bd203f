// Miller loops, final exponentiations, pairings and products of pairings.
#include <algorithm>

#include "cases.hpp"

namespace coproc::bench {

void pairing_cases(const Bench &bench, const coproc_kernels_table &t, const Curve &curve) {
  constexpr std::size_t PAIRS = 256;
  constexpr const char *OPS[] = {"miller_loop",           "final_exp",           "pairing",           "multi_pairing",
                                 "pairing_check_fixed_q", "g2_precompute_lines", "miller_loop_lines", "pairing_checks_two_pairs"};
  if (std::none_of(std::begin(OPS), std::end(OPS), [&](const char *op) { return bench.wants(op); })) return;
  Random random(29);
  const std::size_t most = std::min(PAIRS, std::max<std::size_t>(bench.max_size(), 2));
  const Words p = points(t, random, curve, curve.g1, most), q = points(t, random, curve, curve.g2, most);
  Words f(curve.gt_words), gt(curve.gt_words), target(curve.gt_words);
  const u64 one[2] = {0, 1};
  bench.run(curve.name, "miller_loop", 1, 1, [&] { t.miller_loop(curve.id, 1, one, p.data(), q.data(), f.data()); });
  t.miller_loop(curve.id, 1, one, p.data(), q.data(), f.data());
  bench.run(curve.name, "final_exp", 1, 1, [&] { t.final_exponentiation(curve.id, 1, f.data(), gt.data()); });
  t.final_exponentiation(curve.id, 1, f.data(), gt.data());
  bench.run(curve.name, "pairing", 1, 1, [&] { t.pairing(curve.id, 1, one, p.data(), q.data(), target.data()); });
  t.pairing(curve.id, 1, one, p.data(), q.data(), target.data());
  for (const std::size_t n : {8, 64}) { // values by themselves, eight at a time where there are lanes
    if (n > most) break;
    Words many(n * curve.gt_words), out(many.size());
    for (std::size_t i = 0; i < n; i++) std::copy(f.begin(), f.end(), many.begin() + static_cast<long>(i * curve.gt_words));
    bench.run(curve.name, "final_exp", n, n, [&] { t.final_exponentiation(curve.id, n, many.data(), out.data()); });
  }
  require(gt == target, "a pairing is not the final exponentiation of its Miller loop");
  for (const std::size_t n : {2, 3, 4, 64, 256}) {
    if (n > most) break;
    const u64 offsets[2] = {0, n};
    bench.run(curve.name, "multi_pairing", n, n, [&] { t.pairing(curve.id, 1, offsets, p.data(), q.data(), gt.data()); });
  }
  // one pair whose lines are known, compared with its value: a fixed-argument Miller loop and a final exponentiation
  Words lines(t.lines_words(curve.id));
  bench.run(curve.name, "g2_precompute_lines", 1, 1, [&] { t.lines(curve.id, 1, q.data(), lines.data()); });
  t.lines(curve.id, 1, q.data(), lines.data());
  const u64 *line = lines.data(), *want = target.data();
  u8 verdict = 0;
  // one product of many pairs whose lines are known; many checks of two pairs with the same two lists
  Words known(most * lines.size()), product(curve.gt_words);
  t.lines(curve.id, most, q.data(), known.data());
  std::vector<const u64 *> own(most), shared(most);
  for (std::size_t i = 0; i < most; i++) own[i] = known.data() + i * lines.size(), shared[i] = own[i % 2];
  for (const std::size_t n : {2, 3, 8, 64, 256}) {
    if (n > most) break;
    const u64 offsets[2] = {0, n};
    bench.run(curve.name, "miller_loop_lines", n, n,
              [&] { t.miller_loop_lines(curve.id, 1, offsets, p.data(), own.data(), product.data()); });
  }
  for (const std::size_t n : {1, 8, 128}) {
    if (2 * n > most) break;
    std::vector<u64> offsets(n + 1);
    for (std::size_t i = 0; i <= n; i++) offsets[i] = 2 * i;
    std::vector<u8> verdicts(n);
    bench.run(curve.name, "pairing_checks_two_pairs", n, n,
              [&] { t.pairing_check(curve.id, n, offsets.data(), p.data(), shared.data(), nullptr, verdicts.data()); });
  }
  bench.run(curve.name, "pairing_check_fixed_q", 1, 1, [&] { t.pairing_check(curve.id, 1, one, p.data(), &line, &want, &verdict); });
  t.pairing_check(curve.id, 1, one, p.data(), &line, &want, &verdict);
  require(verdict == 1, "a true pairing check was refused");
}

} // namespace coproc::bench
