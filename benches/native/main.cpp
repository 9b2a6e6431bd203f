// coproc-bench: one-thread timings of the CPU kernels of one instruction set, one JSON line a figure, the form of the peers' harnesses.
//   coproc-bench [--isa NAME] [--max-size N] [--budget-ms MS] [PART OF AN OPERATION'S NAME...]
// Without --isa the best of this machine. --budget-ms: time spent on a figure (250). --max-size: largest task (16384).
#include <cstdlib>
#include <cstring>

#include "build_flags.hpp"
#include "cases.hpp"
#include "chains.hpp"

namespace coproc::bench {

void require(bool ok, const char *what) {
  if (ok) return;
  std::fprintf(stderr, "coproc-bench: %s\n", what);
  std::exit(1);
}

namespace {

[[noreturn]] void usage() {
  std::fprintf(stderr, "usage: coproc-bench [--isa portable|adx|ifma] [--max-size N] [--budget-ms MS] [PART OF A NAME...]\n");
  std::exit(2);
}

// A dependent chain of register additions: one cycle each.
double clock_ghz() {
  double best = 1e300;
  for (int sample = 0; sample < 200; sample++) {
    u64 x = 1;
    const double t = wall_ns();
    for (int i = 0; i < 200000; i++) {
      x += 3;
      asm volatile("" : "+r"(x));
    }
    best = std::min(best, wall_ns() - t);
  }
  return 200000.0 / best;
}

Chains chains(const char *isa) {
#ifdef COPROC_HAVE_ADX
  if (std::strcmp(isa, "portable") != 0) return chains_adx();
#endif
  (void)isa;
  return chains_portable();
}

} // namespace
} // namespace coproc::bench

int main(int argc, char **argv) {
  using namespace coproc::bench;
  const char *isa = nullptr;
  std::size_t max_size = 16384;
  double budget_ms = 250;
  std::vector<std::string> only;
  for (int i = 1; i < argc; i++) {
    const std::string arg = argv[i];
    auto value = [&]() -> const char * {
      if (++i >= argc) usage();
      return argv[i];
    };
    if (arg == "--isa") isa = value();
    else if (arg == "--max-size") max_size = std::strtoull(value(), nullptr, 10);
    else if (arg == "--budget-ms") budget_ms = std::strtod(value(), nullptr);
    else if (arg.rfind("--", 0) == 0) usage();
    else only.push_back(arg);
  }
  const coproc_kernels_table *t = coproc_kernels(isa);
  if (t == nullptr) {
    std::fprintf(stderr, "coproc-bench: %s\n", coproc_unavailable(isa));
    return 2;
  }
  std::printf("{\"lib\":\"machine\",\"isa\":\"%s\",\"compiler\":\"%s\",\"flags\":\"%s\",\"clock_ghz\":%.3f}\n", t->name,
              COPROC_BENCH_COMPILER, COPROC_BENCH_FLAGS, clock_ghz());
  const Bench bench(std::string("cpu:") + t->name, only, budget_ms * 1e6, max_size);
  const Chains c = chains(t->name);
  for (std::size_t i = 0; i < c.count; i++) bench.run_loop(c.first[i].curve, c.first[i].op, 1, 1, c.first[i].run);
  for (const Curve &curve : {bls12_381(), bn254()}) {
    group_cases(bench, *t, curve);
    pairing_cases(bench, *t, curve);
    msm_cases(bench, *t, curve);
    short_msm_cases(bench, *t, curve);
  }
  hash_cases(bench, *t);
  protocol_cases(bench, *t);
  return 0;
}
