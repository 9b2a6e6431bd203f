// Dependent chains: each result feeds the next operation, as in the peers' harnesses, so a figure is a latency.
#pragma once
#include <cstddef>

namespace coproc::bench {

struct Chain {
  const char *curve, *op;
  void (*run)(std::size_t calls);
};
struct Chains {
  const Chain *first;
  std::size_t count;
};

Chains chains_portable();
#ifdef COPROC_HAVE_ADX
Chains chains_adx();
#endif

} // namespace coproc::bench
