#include "fibers.hpp"

#include <sys/mman.h>
#include <ucontext.h>

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define STARTS_SWITCH(keep, bottom, size) __sanitizer_start_switch_fiber(keep, bottom, size)
#define ENDS_SWITCH(keep, bottom, size) __sanitizer_finish_switch_fiber(keep, bottom, size)
#else
#define STARTS_SWITCH(keep, bottom, size) static_cast<void>(keep)
#define ENDS_SWITCH(keep, bottom, size) static_cast<void>(keep)
#endif

extern "C" {
std::uint64_t platform_counts[64];
}

namespace {

constexpr std::size_t kStack = 512 << 10;

struct Fiber {
  ucontext_t context{};
  void *stack = nullptr;
  void *shadow = nullptr; // AddressSanitizer's
  bool done = false;
};

struct Scheduler {
  ucontext_t main{};
  void *shadow = nullptr;
  const void *bottom = nullptr;
  std::size_t size = 0;
  std::vector<Fiber> fibers;
  Body body = nullptr;
  void **arguments = nullptr;
  std::uint32_t now = 0, group = 0, groups = 0;
};

thread_local Scheduler run;

struct Draw { // splitmix64
  std::uint64_t state;
  std::uint64_t operator()() {
    std::uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
};

void to_scheduler(bool last) {
  Fiber &self = run.fibers[run.now];
  STARTS_SWITCH(last ? nullptr : &self.shadow, run.bottom, run.size);
  swapcontext(&self.context, &run.main);
  ENDS_SWITCH(self.shadow, nullptr, nullptr);
}

void enter() {
  ENDS_SWITCH(nullptr, &run.bottom, &run.size);
  run.body(run.arguments);
  run.fibers[run.now].done = true;
  to_scheduler(true);
}

void resume(std::uint32_t item) {
  run.now = item;
  STARTS_SWITCH(&run.shadow, run.fibers[item].stack, kStack);
  swapcontext(&run.main, &run.fibers[item].context);
  ENDS_SWITCH(run.shadow, nullptr, nullptr);
}

[[gnu::noinline]] void prepare(Fiber &fiber) {
  fiber.done = false;
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack;
  fiber.context.uc_stack.ss_size = kStack;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, enter, 0);
}

bool run_group(std::uint32_t block, Draw &draw) {
  std::vector<std::uint32_t> order(block);
  for (std::uint32_t i = 0; i < block; i++) order[i] = i;
  for (Fiber &fiber : run.fibers) prepare(fiber);
  for (;;) {
    for (std::uint32_t i = block; i > 1; i--) std::swap(order[i - 1], order[draw() % i]);
    for (const std::uint32_t item : order) resume(item);
    std::uint32_t ended = 0;
    for (const Fiber &fiber : run.fibers) ended += fiber.done ? 1 : 0;
    if (ended == block) return true;
    if (ended != 0) return false;
  }
}

} // namespace

extern "C" {
std::uint32_t platform_tid(void) { return run.now; }
std::uint32_t platform_group(void) { return run.group; }
std::uint32_t platform_groups(void) { return run.groups; }
void platform_barrier(void) { to_scheduler(false); }

int fibers_launch(Body body, void **arguments, int scratch, std::uint32_t groups, std::uint32_t block, std::uint64_t words,
                  std::uint64_t seed) {
  Draw draw{seed};
  run.body = body;
  run.arguments = arguments;
  run.groups = groups;
  while (run.fibers.size() < block) {
    run.fibers.emplace_back().stack = mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (run.fibers.back().stack == MAP_FAILED) std::abort();
  }
  while (run.fibers.size() > block) {
    munmap(run.fibers.back().stack, kStack);
    run.fibers.pop_back();
  }
  std::vector<std::uint32_t> order(groups);
  for (std::uint32_t i = 0; i < groups; i++) order[i] = i;
  for (std::uint32_t i = groups; i > 1; i--) std::swap(order[i - 1], order[draw() % i]);
  for (const std::uint32_t group : order) {
    const std::unique_ptr<std::uint32_t[]> memory(new std::uint32_t[words]); // exactly, so that AddressSanitizer sees its end
    for (std::uint64_t w = 0; w < words; w++) memory[w] = static_cast<std::uint32_t>(draw());
    std::uint32_t *column = memory.get();
    if (scratch >= 0) arguments[scratch] = static_cast<void *>(&column);
    run.group = group;
    if (!run_group(block, draw)) return 1;
  }
  return 0;
}
}
