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

constexpr std::size_t spare_at_most = 256; // pages that are kept for later copies, 16 MiB
constexpr std::size_t copied_at_most = 3;  // pages that a level copies beforehand

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
  void *where = mmap(nullptr, pages * page_bytes + guard_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (where == MAP_FAILED) return;
  base_ = static_cast<std::uint8_t *>(where);
  bytes_ = pages * page_bytes;
  regions().add(this);
}

Memory::~Memory() {
  if (base_ == nullptr) return;
  regions().remove(this);
  munmap(base_, bytes_ + guard_bytes);
}

const void *Memory::source(std::uint64_t page) const {
  const std::uint64_t *end = sources_.indices + sources_.n;
  const std::uint64_t *found = std::lower_bound(sources_.indices, end, page);
  return found != end && *found == page ? reinterpret_cast<const void *>(sources_.addresses[found - sources_.indices]) : nullptr;
}

bool Memory::protect(std::uint64_t page, int protection, std::uint64_t n) {
  return mprotect(base_ + page * page_bytes, n * page_bytes, protection) == 0;
}

Memory::Content Memory::copy(const std::uint8_t *page) {
  Content content;
  if (spare_.empty()) {
    content.reset(new Page);
  } else {
    content = std::move(spare_.back());
    spare_.pop_back();
  }
  std::memcpy(content->bytes, page, page_bytes);
  return content;
}

void Memory::spare(Content content) {
  if (content != nullptr && spare_.size() < spare_at_most) spare_.push_back(std::move(content));
}

// Pages in ascending order.
bool Memory::close(const std::vector<std::uint64_t> &pages) {
  bool done = true;
  for (std::size_t i = 0, n; i < pages.size(); i += n) {
    for (n = 1; i + n < pages.size() && pages[i + n] == pages[i] + n;) ++n;
    done &= protect(pages[i], PROT_NONE, n);
  }
  for (const std::uint64_t page : pages) open_.erase(page);
  return done;
}

// Closes what was only read, and what was copied in vain.
bool Memory::end_level() {
  Level &level = levels_.back();
  std::vector<std::uint64_t> pages;
  for (const auto &[page, writable] : open_) {
    if (!writable) pages.push_back(page);
  }
  for (const std::uint64_t page : level.copied) {
    const auto entry = level.clean.find(page);
    if (entry == level.clean.end() || std::memcmp(entry->second->bytes, base_ + page * page_bytes, page_bytes) != 0) continue;
    spare(std::move(entry->second));
    level.clean.erase(entry);
    level.hit.erase(page);
    pages.push_back(page);
  }
  level.copied.clear();
  std::sort(pages.begin(), pages.end());
  return close(pages);
}

bool Memory::fault(const void *address, bool is_write) {
  const std::uint64_t page = static_cast<std::size_t>(static_cast<const std::uint8_t *>(address) - base_) / page_bytes;
  std::uint8_t *content = base_ + page * page_bytes;
  const bool unloaded = loaded_.insert(page).second;
  const void *from = unloaded ? source(page) : nullptr;
  Level &level = levels_.back();
  const bool reads = level.hit.insert(page).second && !is_write;
  open_[page] = !reads;
  if (from == nullptr && reads) return protect(page, PROT_READ);
  if (!protect(page, PROT_READ | PROT_WRITE)) return false;
  if (from != nullptr) std::memcpy(content, from, page_bytes);
  if (reads) return protect(page, PROT_READ);
  const auto [entry, unwritten] = level.clean.try_emplace(page);
  if (unwritten && levels_.size() > 1) entry->second = copy(content);
  return true;
}

bool Memory::touch(std::uint64_t offset, std::uint64_t size, bool is_write) {
  if (size == 0) return true;
  for (std::uint64_t page = offset / page_bytes; page <= (offset + size - 1) / page_bytes; ++page) {
    const auto found = open_.find(page);
    if (found != open_.end() && (found->second || !is_write)) continue;
    if (!fault(base_ + page * page_bytes, is_write)) return false;
  }
  return true;
}

bool Memory::snap() {
  bool done = end_level();
  levels_.emplace_back();
  Level &level = levels_.back();
  std::vector<std::uint64_t> pages;
  for (const auto &entry : open_) {
    const std::uint64_t page = entry.first;
    if (level.copied.size() == copied_at_most) {
      pages.push_back(page);
      continue;
    }
    level.copied.push_back(page);
    level.hit.insert(page);
    level.clean.try_emplace(page, copy(base_ + page * page_bytes));
  }
  std::sort(pages.begin(), pages.end());
  done &= close(pages);
  return done;
}

bool Memory::apply() {
  if (levels_.size() < 2) return false;
  bool done = end_level();
  Level ended = std::move(levels_.back());
  levels_.pop_back();
  const bool lowest = levels_.size() == 1;
  for (auto &[page, clean] : ended.clean) {
    if (lowest) spare(std::move(clean));
    if (const auto [entry, unwritten] = levels_.back().clean.try_emplace(page); unwritten) {
      entry->second = std::move(clean);
    } else {
      spare(std::move(clean));
    }
  }
  return done;
}

bool Memory::revert() {
  if (levels_.size() < 2) return false;
  Level undone = std::move(levels_.back());
  levels_.pop_back();
  Level &level = levels_.back();
  bool done = true;
  for (auto &[page, clean] : undone.clean) {
    const auto open = open_.find(page);
    if (open == open_.end() || !open->second) done &= protect(page, PROT_READ | PROT_WRITE);
    if (!done) return false;
    std::memcpy(base_ + page * page_bytes, clean->bytes, page_bytes);
    spare(std::move(clean));
    if (level.clean.contains(page)) {
      open_[page] = true;
    } else if (level.hit.contains(page)) {
      done &= protect(page, PROT_READ);
      open_[page] = false;
    } else {
      done &= protect(page, PROT_NONE);
      open_.erase(page);
    }
  }
  return done;
}

} // namespace coproc::vm
