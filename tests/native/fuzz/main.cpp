// fuzz --corpus FILE [--seed S] [--start I] [--count N] [--isa NAME] [--all-work] [--quiet]
//
// Runs the inputs I .. I + N - 1 of seed S on every instruction set of this machine (or on one) and compares what they answer. The
// same numbers give the same inputs everywhere: whatever stops the program is repeated by --start with the index that is printed,
// and --count 1. A file as the only argument is run as an input itself (what libFuzzer leaves behind).
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <unistd.h>

#include "mutate.hpp"

#if defined(__SANITIZE_ADDRESS__)
// A report ends in SIGABRT, whose handler tells which input it was.
extern "C" const char *__asan_default_options() { return "abort_on_error=1"; }
extern "C" const char *__ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }
#endif

namespace {

unsigned long long seed = 1, start = 0, count = 50000;
volatile unsigned long long current = 0;
constexpr unsigned SECONDS = 60; // an input takes milliseconds

void tell() {
  char line[128];
  const int n = std::snprintf(line, sizeof line, "fuzz: stopped at --seed %llu --start %llu --count 1\n", seed,
                              static_cast<unsigned long long>(current));
  if (n > 0 && write(2, line, static_cast<std::size_t>(n)) < 0) std::_Exit(3);
}
void on_signal(int signal) {
  if (signal == SIGALRM) {
    constexpr char HANG[] = "fuzz: an input took too long\n";
    if (write(2, HANG, sizeof HANG - 1) < 0) std::_Exit(3);
  }
  tell();
  std::signal(signal, SIG_DFL);
  std::raise(signal == SIGALRM ? SIGABRT : signal);
}

int one_file(const std::vector<const fuzz::Kernels *> &tables, const char *path) {
  std::FILE *file = std::fopen(path, "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "fuzz: cannot read %s\n", path);
    return 2;
  }
  fuzz::Bytes bytes;
  fuzz::u8 block[4096];
  for (std::size_t n; (n = std::fread(block, 1, sizeof block, file)) > 0;) bytes.insert(bytes.end(), block, block + n);
  std::fclose(file);
  fuzz::run_all(tables, bytes.data(), bytes.size());
  std::printf("1 input\n");
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  const char *corpus = nullptr;
  bool all_work = false, quiet = false;
  std::vector<const fuzz::Kernels *> tables = native::tables();
  if (argc == 2 && argv[1][0] != '-') return one_file(tables, argv[1]);
  for (int i = 1; i < argc; i++) {
    const auto is = [&](const char *name) { return std::strcmp(argv[i], name) == 0; };
    const auto value = [&]() -> const char * {
      if (i + 1 < argc) return argv[++i];
      std::fprintf(stderr, "fuzz: %s needs a value\n", argv[i]);
      std::exit(2);
    };
    if (is("--corpus")) corpus = value();
    else if (is("--seed")) seed = std::strtoull(value(), nullptr, 0);
    else if (is("--start")) start = std::strtoull(value(), nullptr, 0);
    else if (is("--count")) count = std::strtoull(value(), nullptr, 0);
    else if (is("--all-work")) all_work = true;
    else if (is("--quiet")) quiet = true;
    else if (is("--isa")) {
      const char *name = value();
      tables.clear();
      if (const fuzz::Kernels *table = coproc_kernels(name)) tables.push_back(table);
      else {
        std::fprintf(stderr, "fuzz: %s\n", coproc_unavailable(name));
        return 2;
      }
    } else {
      std::fprintf(stderr, "fuzz: what is %s?\n", argv[i]);
      return 2;
    }
  }
  if (corpus == nullptr) {
    std::fprintf(stderr, "fuzz: --corpus FILE (made by corpus.py) is needed\n");
    return 2;
  }
  std::signal(SIGABRT, on_signal);
  std::signal(SIGALRM, on_signal);

  const fuzz::Mutator mutator(corpus);
  const std::time_t began = std::time(nullptr);
  for (unsigned long long i = 0; i < count; i++) {
    current = start + i;
    if (i % 256 == 0) alarm(SECONDS);
    fuzz::Bytes input = mutator.input(seed, current);
    if (all_work) input[3] = 1;
    // All the work is done and compared on every instruction set; of light inputs one in four is.
    if (input[3] != 0 || i % 4 == 0 || tables.size() == 1) fuzz::run_all(tables, input.data(), input.size());
    else fuzz::run(tables[i % tables.size()], input.data(), input.size());
    if (!quiet && (i + 1) % 1000000 == 0) {
      std::printf("%llu inputs, %ld s\n", i + 1, static_cast<long>(std::time(nullptr) - began));
      std::fflush(stdout);
    }
  }
  alarm(0);
  const long seconds = static_cast<long>(std::time(nullptr) - began);
  std::printf("%llu inputs from %zu buffers, seed %llu, on", count, mutator.corpus_size(), seed);
  for (const fuzz::Kernels *table : tables) std::printf(" %s", table->name);
  const fuzz::Tally &t = fuzz::tally;
  std::printf(": 0 reports, %ld s\n%llu runs: %llu parsed, %llu worked through, %llu points, %llu pairing checks, %llu accepted\n", seconds,
              static_cast<unsigned long long>(t.runs), static_cast<unsigned long long>(t.parsed), static_cast<unsigned long long>(t.worked),
              static_cast<unsigned long long>(t.points), static_cast<unsigned long long>(t.pairings),
              static_cast<unsigned long long>(t.accepted));
  return 0;
}
