// The entry of libFuzzer (clang -fsanitize=fuzzer): the same target, inputs by coverage.
#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const std::vector<const fuzz::Kernels *> tables = native::tables();
  if (size <= 70000) fuzz::run_all(tables, data, size);
  return 0;
}
