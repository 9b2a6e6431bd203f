// The host queries that are answered without leaving native code: hash, keccak256, sha256, and poseidon_hash of few scalars.
//
// Only what succeeds is done here: a well-formed argument, enough gas. Everything else goes to the host's general function, which then
// sees everything as it was.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memory.hpp"

namespace coproc::vm {

inline constexpr int digest_count = 4; // hash, keccak256, sha256, poseidon_hash
inline constexpr std::uint64_t scalars_at_most = 64;

// Of coproc.h, see there.
using Data = const std::uint8_t *const *;
struct Kernels {
  void (*parse)(int, std::size_t, Data, const std::uint64_t *, const std::uint8_t *, const std::uint8_t **, std::uint64_t *,
                std::uint8_t *);
  void (*hash_to_fr)(std::size_t, const std::uint8_t *, std::size_t, Data, const std::uint64_t *, std::uint64_t *, std::uint64_t *);
  void (*keccak256)(std::size_t, Data, const std::uint64_t *, std::uint8_t *);
  void (*sha256)(std::size_t, Data, const std::uint64_t *, std::uint8_t *);
  void (*poseidon_hash)(std::size_t, Data, const std::uint64_t *, std::uint64_t *, std::uint8_t *);
};

// What a session answers here, and its prices: base + per_unit for each byte or scalar.
struct Digests {
  Kernels kernels;
  struct {
    std::uint64_t active, base, per_unit;
  } query[digest_count];
};

// The contract that runs. `meter`: its wasmtime_global_t; `reserve`: gas that it has beyond what that holds, which may be negative.
struct Running {
  Memory *memory;
  std::uint64_t argument, align, is_64, reserve;
  void *context;
  const void *meter;
  const Digests *digests;
};

// wasmtime_val_t and wasmtime_val_raw_t as far as they are needed here.
struct Value {
  std::uint8_t kind;
  union {
    std::int64_t i64;
    std::uint64_t room[3];
  };
};
struct alignas(16) Cell {
  std::int64_t i64;
  std::int64_t rest;
};
using GetGlobal = void (*)(void *, const void *, Value *);
using SetGlobal = void *(*)(void *, const void *, const Value *);

// Answers a query, its result in cells[0], and returns true; or does nothing and returns false.
bool answer_digest(const Running &running, GetGlobal get, SetGlobal set, Cell *cells);

} // namespace coproc::vm
