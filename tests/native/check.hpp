// A test runner in one header: TEST defines and registers a test, CHECK records a failure and goes on.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace native {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;
using usize = std::size_t;

struct Test {
  const char *name;
  void (*run)();
  Test *next;
  Test(const char *name_, void (*run_)());
};

// Prints the first failures of the running test and counts all of them.
void fail(const char *file, int line, const char *what);

// splitmix64: the one source of randomness, the same numbers on every machine.
struct Random {
  u64 state;
  explicit Random(u64 seed) : state(seed) {}
  u64 next() {
    u64 z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  u64 below(u64 n) { return next() % n; }
  bool chance(u64 one_in) { return below(one_in) == 0; }
  void fill(u64 *words, std::size_t n) {
    for (std::size_t i = 0; i < n; i++) words[i] = next();
  }
};

} // namespace native

#define TEST(name)                                                                                                                         \
  static void test_##name();                                                                                                               \
  static native::Test registered_##name(#name, test_##name);                                                                               \
  static void test_##name()

#define CHECK(condition)                                                                                                                   \
  do {                                                                                                                                     \
    if (!(condition)) native::fail(__FILE__, __LINE__, #condition);                                                                        \
  } while (0)
