// One text, several instruction sets: every kernel source is compiled once an instruction set, with COPROC_ISA set to its name.
//
// Everything that contains code lives in namespace coproc::COPROC_ISA, so that the linker can never choose the body of an inline
// function compiled for another instruction set. For the same reason kernel sources use no function templates of the standard
// library that emit code (no std::vector, no std::sort): `Buffer` below is the one container.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#ifndef COPROC_ISA
#define COPROC_ISA portable
#endif

#define COPROC_BEGIN namespace coproc::COPROC_ISA {
#define COPROC_END }

#if defined(__GNUC__)
#define COPROC_NOINLINE __attribute__((noinline))
#if defined(__SANITIZE_ADDRESS__)
#define COPROC_INLINE inline // instrumented bodies, inlined by force, take minutes to compile
#else
#define COPROC_INLINE inline __attribute__((always_inline))
#endif
#else
#define COPROC_NOINLINE
#define COPROC_INLINE inline
#endif

COPROC_BEGIN

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;
using usize = std::size_t;
__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

// A block of n uninitialised elements of a trivial type, 64-byte aligned; `ok()` is false where memory ran out.
template <class T> class Buffer {
  T *data_;
  usize size_;

 public:
  explicit Buffer(usize n) : data_(nullptr), size_(n) {
    if (n <= (~usize{0} - 64) / sizeof(T)) data_ = static_cast<T *>(std::aligned_alloc(64, (n * sizeof(T) + 127) & ~usize{63}));
  }
  ~Buffer() { std::free(data_); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  bool ok() const { return data_ != nullptr; }
  usize size() const { return size_; }
  T *data() { return data_; }
  const T *data() const { return data_; }
  T &operator[](usize i) { return data_[i]; }
  const T &operator[](usize i) const { return data_[i]; }
};

COPROC_END
