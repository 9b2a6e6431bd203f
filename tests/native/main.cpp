// native_tests [part of a name]: runs the tests whose names contain it (all without), prints "N passed, N failed".
#include <chrono>
#include <cstring>

#include "check.hpp"

namespace native {
namespace {
Test *first = nullptr;
unsigned long failures = 0; // of the running test
} // namespace

Test::Test(const char *name_, void (*run_)()) : name(name_), run(run_), next(first) { first = this; }

void fail(const char *file, int line, const char *what) {
  if (failures++ < 5) std::printf("    %s:%d: %s\n", file, line, what);
}
} // namespace native

int main(int argc, char **argv) {
  using namespace native;
  // Tests register in reverse order.
  Test *ordered = nullptr;
  while (first != nullptr) {
    Test *const test = first;
    first = test->next;
    test->next = ordered;
    ordered = test;
  }
  unsigned passed = 0, failed = 0;
  for (Test *test = ordered; test != nullptr; test = test->next) {
    if (argc > 1 && std::strstr(test->name, argv[1]) == nullptr) continue;
    failures = 0;
    const auto start = std::chrono::steady_clock::now();
    test->run();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%s %-64s %6.2f s\n", failures == 0 ? "ok  " : "FAIL", test->name, seconds);
    std::fflush(stdout);
    if (failures == 0) passed++;
    else failed++;
  }
  std::printf("%u passed, %u failed\n", passed, failed);
  return failed != 0 || passed == 0 ? 1 : 0;
}
