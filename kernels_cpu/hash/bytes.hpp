// Words in byte strings, by memcpy: no alignment is assumed. The machine is little-endian (coproc.h).
#pragma once
#include "isa/config.hpp"

COPROC_BEGIN

COPROC_INLINE u32 load_le32(const u8 *p) {
  u32 x;
  std::memcpy(&x, p, 4);
  return x;
}
COPROC_INLINE u64 load_le64(const u8 *p) {
  u64 x;
  std::memcpy(&x, p, 8);
  return x;
}
COPROC_INLINE u32 load_be32(const u8 *p) { return __builtin_bswap32(load_le32(p)); }
COPROC_INLINE u64 load_be64(const u8 *p) { return __builtin_bswap64(load_le64(p)); }
COPROC_INLINE void store_le32(u8 *p, u32 x) { std::memcpy(p, &x, 4); }
COPROC_INLINE void store_le64(u8 *p, u64 x) { std::memcpy(p, &x, 8); }
COPROC_INLINE void store_be32(u8 *p, u32 x) { store_le32(p, __builtin_bswap32(x)); }
COPROC_INLINE void store_be64(u8 *p, u64 x) { store_le64(p, __builtin_bswap64(x)); }

COPROC_INLINE u32 rotr(u32 x, int n) { return (x >> n) | (x << (32 - n)); }
COPROC_INLINE u64 rotr(u64 x, int n) { return (x >> n) | (x << (64 - n)); }
COPROC_INLINE u64 rotl(u64 x, int n) { return n == 0 ? x : (x << n) | (x >> (64 - n)); }

COPROC_END
