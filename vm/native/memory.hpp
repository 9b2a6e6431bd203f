// The linear memory of a contract: address space for all that its kind can address, pages of 64 KiB that appear when they are touched,
// and snapshots that remember a page as it was before its first write.
//
// Accessing a page that is not open raises SIGSEGV; the handler loads it, notes the access at the level of the latest snapshot, and opens
// it. A page counts as written at a level after a write, or after a second fault there, whatever that was: Piecrust tells reads from writes
// by counting faults, and `snap` and `apply` close every page, so a page that is only read before and after a nested call is dirty. Dirty
// pages have leaves in the state tree, so this is part of the state root.
//
// Where a page counts as written at a level already, what a level above counts changes nothing: if the lower one is undone, so was the
// upper one. So a written page stays open when its level ends, and a few of them, those that a contract writes in every call, are copied
// beforehand when the next level begins, which costs less than two changes of protection and a fault.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace coproc::vm {

inline constexpr std::size_t page_bytes = 65536;

// Address space that is never open, behind each memory: an access of a 32-bit memory whose offset and width end in it needs no check.
inline constexpr std::size_t guard_bytes = std::size_t{32} << 20;

// The content of a page. `count`: how many there are.
struct Page {
  std::uint8_t bytes[page_bytes];

  Page() { count.fetch_add(1, std::memory_order_relaxed); } // bytes: whatever was there
  ~Page() { count.fetch_sub(1, std::memory_order_relaxed); }
  Page(const Page &) = delete;
  Page &operator=(const Page &) = delete;
  inline static std::atomic<std::uint64_t> count = 0;
};

class Memory {
 public:
  // Reserves `pages` pages of address space. `base()` is null where there is none.
  explicit Memory(std::uint64_t pages);
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  std::uint8_t *base() const { return base_; }
  std::size_t bytes() const { return bytes_; }

  // Page indices[i] begins as the 64 KiB at addresses[i]; the indices ascend, and all of it outlives this memory. Other pages are zero.
  void set_sources(std::size_t n, const std::uint64_t *indices, const std::uint64_t *addresses) { sources_ = {n, indices, addresses}; }

  // Each false where the system refuses to change a page's protection; the memory is then unusable.
  bool snap();
  bool apply();
  bool revert();
  bool fault(const void *address, bool is_write);

  // What accesses from here on for `size` bytes would do, without their faults. They end within `bytes()`.
  bool touch(std::uint64_t offset, std::uint64_t size, bool is_write);

  std::size_t level() const { return levels_.size() - 1; }
  using Content = std::unique_ptr<Page>;

  const std::unordered_map<std::uint64_t, Content> &dirty() const { return levels_.front().clean; }

  std::uint64_t length = 0; // what memory.size tells, in bytes
  bool grown = false;       // since it was last set to false

 private:
  struct Level {
    std::unordered_set<std::uint64_t> hit;
    // Pages written since, as they were; without their content at the lowest level, which is never undone.
    std::unordered_map<std::uint64_t, Content> clean;
    std::vector<std::uint64_t> copied; // beforehand
  };

  const void *source(std::uint64_t page) const;
  bool protect(std::uint64_t page, int protection, std::uint64_t n = 1);
  Content copy(const std::uint8_t *page);
  void spare(Content content);
  bool close(const std::vector<std::uint64_t> &pages);
  bool end_level();

  std::uint8_t *base_ = nullptr;
  std::size_t bytes_ = 0;
  std::vector<Level> levels_;
  std::unordered_map<std::uint64_t, bool> open_; // pages that can be read; whether they can be written
  std::vector<Content> spare_;                   // for pages to come
  std::unordered_set<std::uint64_t> loaded_;     // their source is copied
  struct {
    std::size_t n;
    const std::uint64_t *indices;
    const std::uint64_t *addresses;
  } sources_{};
};

// From now on faults inside a memory are its own; every other goes to the handler that was there the first time this was called. To be
// called again where somebody may have put another handler on top since.
bool install_handler();

} // namespace coproc::vm
