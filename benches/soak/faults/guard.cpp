// Runs a kernel so that what kills a process on a processor does to this device what it does to a card: the launch fails, nothing else.
//
// A kernel that touches memory outside the device's own region, divides by zero or does not end is left by siglongjmp, whatever fiber it
// was on. The region lies far from everything else, so that no index of 32 bits reaches the host's memory.
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

thread_local sigjmp_buf back;
thread_local volatile std::sig_atomic_t armed = 0;
thread_local bool prepared = false;
thread_local timer_t timer;

void caught(int signal) {
  if (armed == 0) { // not of a kernel
    if (signal == SIGPROF) return;
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  armed = 0;
  siglongjmp(back, signal == SIGPROF ? kTime : signal == SIGFPE ? kArithmetic : kMemory);
}

void prepare() {
  constexpr std::size_t kStack = 64 << 10;
  stack_t stack{};
  stack.ss_sp = mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack.ss_size = kStack;
  sigaltstack(&stack, nullptr);
  struct sigaction action{};
  action.sa_handler = caught;
  action.sa_flags = SA_ONSTACK;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF}) sigaction(signal, &action, nullptr);
  struct sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
  timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer);
  prepared = true;
}

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
  if (!prepared) prepare();
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
