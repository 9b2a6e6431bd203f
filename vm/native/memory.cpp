#include "memory.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <utility>

namespace coproc::vm {
namespace {

// Where the memories lie, by the end of each. The lock is held for a look-up only, and by nobody who can fault.
class Regions {
 public:
  void add(Memory *memory) {
    lock();
    by_end_[end(*memory)] = memory;
    unlock();
  }
  void remove(const Memory *memory) {
    lock();
    by_end_.erase(end(*memory));
    unlock();
  }
  Memory *find(std::uintptr_t address) {
    lock();
    const auto entry = by_end_.upper_bound(address);
    Memory *memory = entry == by_end_.end() ? nullptr : entry->second;
    unlock();
    return memory != nullptr && address >= reinterpret_cast<std::uintptr_t>(memory->base()) ? memory : nullptr;
  }

 private:
  static std::uintptr_t end(const Memory &memory) { return reinterpret_cast<std::uintptr_t>(memory.base()) + memory.bytes(); }
  void lock() {
    while (flag_.test_and_set(std::memory_order_acquire)) {}
  }
  void unlock() { flag_.clear(std::memory_order_release); }

  std::atomic_flag flag_ = ATOMIC_FLAG_INIT;
  std::map<std::uintptr_t, Memory *> by_end_;
};

Regions &regions() {
  static auto *all = new Regions; // never destroyed: faults may come at any time
  return *all;
}

struct sigaction previous;

bool was_write([[maybe_unused]] const void *context) {
#if defined(__x86_64__)
  return (static_cast<const ucontext_t *>(context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
  return false; // a write that was not seen as one faults again
#endif
}

void on_fault(int number, siginfo_t *info, void *context) {
  Memory *memory = regions().find(reinterpret_cast<std::uintptr_t>(info->si_addr));
  if (memory != nullptr && memory->fault(info->si_addr, was_write(context))) return;
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(number, info, context);
  } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
    sigaction(number, &previous, nullptr); // on return the access faults again, and meets that
  } else {
    previous.sa_handler(number);
  }
}

} // namespace

bool install_handler() {
  static bool chained = false;
  struct sigaction current{};
  if (sigaction(SIGSEGV, nullptr, &current) != 0) return false;
  if ((current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == on_fault) return true;
  if (!chained) previous = current;
  chained = true;
  struct sigaction ours{};
  ours.sa_sigaction = on_fault;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&ours.sa_mask);
  return sigaction(SIGSEGV, &ours, nullptr) == 0;
}

Memory::Memory(std::uint64_t pages) : levels_(1) {
  void *where = mmap(nullptr, pages * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (where == MAP_FAILED) return;
  base_ = static_cast<std::uint8_t *>(where);
  bytes_ = pages * page_bytes;
  regions().add(this);
}

Memory::~Memory() {
  if (base_ == nullptr) return;
  regions().remove(this);
  munmap(base_, bytes_);
}

const void *Memory::source(std::uint64_t page) const {
  const std::uint64_t *end = sources_.indices + sources_.n;
  const std::uint64_t *found = std::lower_bound(sources_.indices, end, page);
  return found != end && *found == page ? reinterpret_cast<const void *>(sources_.addresses[found - sources_.indices]) : nullptr;
}

bool Memory::protect(std::uint64_t page, int protection) { return mprotect(base_ + page * page_bytes, page_bytes, protection) == 0; }

bool Memory::close_all() {
  bool done = true;
  for (const std::uint64_t page : open_) done &= protect(page, PROT_NONE);
  open_.clear();
  return done;
}

bool Memory::fault(const void *address, bool is_write) {
  const std::uint64_t page = static_cast<std::size_t>(static_cast<const std::uint8_t *>(address) - base_) / page_bytes;
  std::uint8_t *content = base_ + page * page_bytes;
  if (loaded_.insert(page).second) {
    if (const void *from = source(page); from != nullptr) {
      if (!protect(page, PROT_READ | PROT_WRITE)) return false;
      std::memcpy(content, from, page_bytes);
    }
  }
  open_.insert(page);
  Level &level = levels_.back();
  const bool first = level.hit.insert(page).second;
  if (first && !is_write) return protect(page, PROT_READ);
  const auto [entry, unwritten] = level.clean.try_emplace(page);
  if (unwritten && levels_.size() > 1) {
    if (!protect(page, PROT_READ)) return false;
    entry->second.reset(new std::uint8_t[page_bytes]);
    std::memcpy(entry->second.get(), content, page_bytes);
  }
  return protect(page, PROT_READ | PROT_WRITE);
}

bool Memory::snap() {
  levels_.emplace_back();
  return close_all();
}

bool Memory::apply() {
  if (levels_.size() < 2) return false;
  Level done = std::move(levels_.back());
  levels_.pop_back();
  const bool lowest = levels_.size() == 1;
  for (auto &[page, clean] : done.clean) levels_.back().clean.try_emplace(page, lowest ? nullptr : std::move(clean));
  return close_all();
}

bool Memory::revert() {
  if (levels_.size() < 2) return false;
  Level undone = std::move(levels_.back());
  levels_.pop_back();
  bool done = true;
  for (const auto &[page, clean] : undone.clean) {
    done &= protect(page, PROT_READ | PROT_WRITE);
    if (!done) return false;
    std::memcpy(base_ + page * page_bytes, clean.get(), page_bytes);
    const bool hit = levels_.back().hit.contains(page);
    done &= protect(page, hit ? PROT_READ : PROT_NONE);
    if (hit) {
      open_.insert(page);
    } else {
      open_.erase(page);
    }
  }
  return done;
}

} // namespace coproc::vm
