// The clock of the benches: the smallest of many samples, as the peers' own harnesses take it, so that one figure means one thing.
//
// A sample is as many calls as fill about 1 ms; samples are taken for about 0.25 s (`budget_ns`), at least 4 and at most 400 of
// them. Samples under 20 ms are read from the wall clock (among hundreds some run undisturbed), longer ones from the CPU time of
// the process. One JSON line a figure on standard output.
#pragma once
#include <ctime>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace coproc::bench {

inline double clock_ns(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}
inline double wall_ns() { return clock_ns(CLOCK_MONOTONIC); }
inline double cpu_ns() { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

class Bench {
  std::string lib_;
  std::vector<std::string> only_; // parts of operation names; none: all
  double budget_ns_;
  std::size_t max_size_;

 public:
  Bench(std::string lib, std::vector<std::string> only, double budget_ns, std::size_t max_size)
      : lib_(std::move(lib)), only_(std::move(only)), budget_ns_(budget_ns), max_size_(max_size) {}

  // The largest number of elements a case may take.
  std::size_t max_size() const { return max_size_; }

  bool wants(const char *op) const {
    return only_.empty() ||
           std::any_of(only_.begin(), only_.end(), [&](const std::string &o) { return std::string(op).find(o) != std::string::npos; });
  }

  // Times `f()`; n is the size of the task, `per` the number its time is divided by.
  template <class F> void run(const char *curve, const char *op, std::size_t n, std::size_t per, F &&f) const {
    run_loop(curve, op, n, per, [&f](std::size_t calls) {
      for (std::size_t i = 0; i < calls; i++) {
        f();
        asm volatile("" : : : "memory");
      }
    });
  }

  // The same where `loop(calls)` itself calls that often.
  template <class L> void run_loop(const char *curve, const char *op, std::size_t n, std::size_t per, L &&loop) const {
    if (n > max_size_ || !wants(op)) return;
    double t = cpu_ns();
    loop(1);
    const double first = std::max(cpu_ns() - t, 1.0);
    const auto warm = static_cast<std::size_t>(std::clamp(budget_ns_ / 250.0 / first, 1.0, 1048576.0));
    t = cpu_ns();
    loop(warm);
    const double one = std::max((cpu_ns() - t) / static_cast<double>(warm), 0.3);
    const std::size_t calls = std::max<std::size_t>(static_cast<std::size_t>(budget_ns_ / 250.0 / one), 1);
    const double wanted = budget_ns_ / (one * static_cast<double>(calls));
    const auto samples = static_cast<int>(std::clamp(wanted, one > 1e9 ? 2.0 : 4.0, 400.0));
    double best = 1e300;
    for (int s = 0; s < samples; s++) {
      const double w = wall_ns(), c = cpu_ns();
      loop(calls);
      const double cpu = cpu_ns() - c, wall = wall_ns() - w;
      best = std::min(best, (wall < 2e7 ? wall : cpu) / static_cast<double>(calls));
    }
    std::printf("{\"lib\":\"%s\",\"curve\":\"%s\",\"op\":\"%s\",\"n\":%zu,\"ns_per_op\":%.2f}\n", lib_.c_str(), curve, op, n,
                best / static_cast<double>(per));
    std::fflush(stdout);
  }
};

} // namespace coproc::bench
