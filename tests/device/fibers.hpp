// Runs the work-items of a group as fibers on one thread: a barrier is a yield, and a seed decides the order after each.
#pragma once
#include <cstdint>

extern "C" {
// What kernels_cuda/platform.h declares.
std::uint32_t platform_tid(void);
std::uint32_t platform_group(void);
std::uint32_t platform_groups(void);
void platform_barrier(void);

// Calls of each counted primitive since the library was loaded; only text that was compiled with COUNTED adds to it.
extern std::uint64_t platform_counts[64];

using Body = void (*)(void **arguments);

// Runs `groups` groups of `block` work-items one after another. `arguments` point to the kernel's arguments; the last is set to the
// group's scratch, of `words` words, which hold nothing useful at first. Returns 0, or 1 where some work-items of a group ended while
// others stood at a barrier.
int fibers_launch(Body body, void **arguments, int scratch, std::uint32_t groups, std::uint32_t block, std::uint64_t words,
                  std::uint64_t seed);
}
