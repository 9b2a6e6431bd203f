// The C face of the library: contract memories for Python, and the two callbacks through which wasmtime uses them.
#include <algorithm>
#include <new>

#include "digests.hpp"
#include "memory.hpp"

using coproc::vm::Cell;
using coproc::vm::GetGlobal;
using coproc::vm::Memory;
using coproc::vm::page_bytes;
using coproc::vm::Running;
using coproc::vm::SetGlobal;

namespace {

// The memory that the next instance made by this thread gets.
thread_local Memory *next_memory = nullptr;

// The contract that runs in this thread.
thread_local const Running *running = nullptr;

GetGlobal get_global = nullptr;
SetGlobal set_global = nullptr;

using HostFunction = void *(*)(void *, void *, Cell *, std::size_t);

// As in wasmtime's C header: wasmtime_linear_memory_t.
struct LinearMemory {
  void *env;
  std::uint8_t *(*get)(void *, std::size_t *, std::size_t *);
  void *(*grow)(void *, std::size_t);
  void (*finalizer)(void *);
};

std::uint8_t *get(void *env, std::size_t *length, std::size_t *capacity) {
  const auto *memory = static_cast<const Memory *>(env);
  *length = memory->length;
  *capacity = memory->bytes();
  return memory->base();
}

void *grow(void *env, std::size_t length) {
  auto *memory = static_cast<Memory *>(env);
  memory->length = length;
  memory->grown = true;
  return nullptr;
}

} // namespace

extern "C" {

int coproc_vm_install_handler() { return coproc::vm::install_handler() ? 1 : 0; }

// Bytes behind each memory that no access reaches: what wasmtime may count on.
std::uint64_t coproc_vm_guard_bytes() { return coproc::vm::guard_bytes; }

// Bytes of the pages that all memories hold for undoing.
std::uint64_t coproc_vm_copies() { return coproc::vm::Page::count * page_bytes; }

Memory *coproc_vm_memory_new(std::uint64_t pages) {
  auto *memory = new (std::nothrow) Memory(pages);
  if (memory != nullptr && memory->base() == nullptr) {
    delete memory;
    return nullptr;
  }
  return memory;
}

void coproc_vm_memory_free(Memory *memory) { delete memory; }
std::uint8_t *coproc_vm_memory_base(const Memory *memory) { return memory->base(); }
std::uint64_t coproc_vm_memory_length(const Memory *memory) { return memory->length; }
void coproc_vm_memory_set_length(Memory *memory, std::uint64_t length) { memory->length = length; }
int coproc_vm_memory_grown(const Memory *memory) { return memory->grown ? 1 : 0; }
void coproc_vm_memory_clear_grown(Memory *memory) { memory->grown = false; }
std::uint64_t coproc_vm_memory_level(const Memory *memory) { return memory->level(); }
int coproc_vm_memory_snap(Memory *memory) { return memory->snap() ? 1 : 0; }
int coproc_vm_memory_apply(Memory *memory) { return memory->apply() ? 1 : 0; }
int coproc_vm_memory_revert(Memory *memory) { return memory->revert() ? 1 : 0; }

// Before the host reads or writes there itself; see Memory.
int coproc_vm_memory_touch(Memory *memory, std::uint64_t offset, std::uint64_t size, int is_write) {
  return memory->touch(offset, size, is_write != 0) ? 1 : 0;
}

// Page indices[i] begins as the 64 KiB at addresses[i]; the indices ascend. Both arrays and the pages outlive the memory.
void coproc_vm_memory_set_sources(Memory *memory, std::uint64_t n, const std::uint64_t *indices, const std::uint64_t *addresses) {
  memory->set_sources(n, indices, addresses);
}

// Writes the indices of dirty pages, ascending, where `capacity` is enough; returns their number.
std::uint64_t coproc_vm_memory_dirty(const Memory *memory, std::uint64_t *pages, std::uint64_t capacity) {
  const auto &dirty = memory->dirty();
  if (dirty.size() > capacity) return dirty.size();
  std::uint64_t n = 0;
  for (const auto &entry : dirty) pages[n++] = entry.first;
  std::sort(pages, pages + n);
  return n;
}

void coproc_vm_next_memory(Memory *memory) { next_memory = memory; }

// wasmtime_new_memory_callback_t. A memory without length is new, and takes the module's minimum.
void *coproc_vm_new_memory(void *, const void *, std::size_t minimum, std::size_t, std::size_t, std::size_t, LinearMemory *out) {
  Memory *memory = next_memory;
  if (memory->length == 0) memory->length = minimum;
  *out = {memory, get, grow, nullptr};
  return nullptr;
}

// Once, before any contract runs: wasmtime_global_get and wasmtime_global_set.
void coproc_vm_set_globals(GetGlobal get, SetGlobal set) {
  get_global = get;
  set_global = set;
}

void coproc_vm_enter(const Running *contract) { running = contract; }

// The import `hq`, a wasmtime_func_unchecked_callback_t; `env` is the general one.
void *coproc_vm_hq(void *env, void *caller, Cell *cells, std::size_t count) {
  if (running != nullptr && coproc::vm::answer_digest(*running, get_global, set_global, cells)) return nullptr;
  return reinterpret_cast<HostFunction>(env)(nullptr, caller, cells, count);
}
}
