// Runs a kernel so that what kills a process on a processor does to this device what it does to a card: the launch fails, nothing else.
//
// A kernel that touches memory outside the device's own region, divides by zero or does not end is left by siglongjmp, whatever fiber it
// was on. The region lies far from everything else, so that no index of 32 bits reaches the host's memory.
#include <array>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <initializer_list>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using Body = void (*)(void **arguments);
using Launch = int (*)(Body body, void **arguments, int scratch, std::uint32_t groups, std::uint32_t block, std::uint64_t words,
                       std::uint64_t seed);
enum Ending : int { kDone = 0, kDiverged = 1, kMemory = 2, kArithmetic = 3, kTime = 4 };

constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF};

thread_local sigjmp_buf back;
thread_local volatile std::sig_atomic_t armed = 0;
thread_local bool prepared = false;
thread_local timer_t timer;
thread_local stack_t own_stack{};
std::array<struct sigaction, kSignals.size()> others{}; // whose signals these are while no kernel runs

// What another thread did while a kernel runs here is for whom it would be otherwise.
void pass_on(int signal, siginfo_t *info, void *context) {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (kSignals[i] != signal) continue;
    const struct sigaction &other = others[i];
    if ((other.sa_flags & SA_SIGINFO) != 0) {
      other.sa_sigaction(signal, info, context);
    } else if (other.sa_handler == SIG_DFL) {
      if (signal == SIGPROF) return;
      std::signal(signal, SIG_DFL);
      std::raise(signal);
    } else if (other.sa_handler != SIG_IGN) {
      other.sa_handler(signal);
    }
  }
}

void caught(int signal, siginfo_t *info, void *context) {
  if (armed == 0) return pass_on(signal, info, context);
  armed = 0;
  siglongjmp(back, signal == SIGPROF ? kTime : signal == SIGFPE ? kArithmetic : kMemory);
}

void prepare() {
  constexpr std::size_t kStack = 64 << 10;
  own_stack.ss_sp = mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  own_stack.ss_size = kStack;
  struct sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
  timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer);
  prepared = true;
}

// The signals and the stack for them are this launch's and then again those of whoever had them: the same process runs WebAssembly, whose
// traps are signals too. One launch at a time.
class Guarded {
 public:
  Guarded() {
    if (!prepared) prepare();
    sigaltstack(&own_stack, &stack_);
    struct sigaction action{};
    action.sa_sigaction = caught;
    action.sa_flags = SA_ONSTACK | SA_SIGINFO;
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &others[i]);
  }
  ~Guarded() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &others[i], nullptr);
    sigaltstack(&stack_, nullptr);
  }
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;

 private:
  stack_t stack_{};
};

void set_clock(std::uint32_t milliseconds) {
  struct itimerspec when{};
  when.it_value.tv_sec = milliseconds / 1000;
  when.it_value.tv_nsec = static_cast<long>(milliseconds % 1000) * 1'000'000;
  timer_settime(timer, 0, &when, nullptr);
}

} // namespace

extern "C" {
// `usable` bytes that can be read and written with `around` bytes before and behind them that cannot; null where there is no room.
void *guarded_region(std::uint64_t usable, std::uint64_t around) {
  void *all = mmap(nullptr, around + usable + around, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  char *inner = static_cast<char *>(all) + around;
  return mprotect(inner, usable, PROT_READ | PROT_WRITE) == 0 ? inner : nullptr;
}

void guarded_release(void *inner, std::uint64_t usable, std::uint64_t around) {
  munmap(static_cast<char *>(inner) - around, around + usable + around);
}

// fibers_launch of a module's library, with so many milliseconds of processor time at most: how it ended.
int guarded_launch(Launch launch, Body body, void **arguments, int scratch, std::uint32_t groups, std::uint32_t block, std::uint64_t words,
                   std::uint64_t seed, std::uint32_t milliseconds) {
  const Guarded guarded;
  int ending = sigsetjmp(back, 1);
  if (ending == 0) {
    armed = 1;
    set_clock(milliseconds);
    ending = launch(body, arguments, scratch, groups, block, words, seed) == 0 ? kDone : kDiverged;
  }
  armed = 0;
  set_clock(0);
  return ending;
}
}
