#include "digests.hpp"

#include <cstring>
#include <string_view>

namespace coproc::vm {
namespace {

constexpr std::string_view names[digest_count] = {"hash", "keccak256", "sha256", "poseidon_hash"};
constexpr int poseidon = 3;
constexpr std::uint64_t argument_bytes = 65536;
constexpr std::uint64_t answer_bytes = 32;
constexpr int layout_bytes = 0, layout_scalars = 1; // of coproc.h
constexpr std::size_t max_fields = 4;
constexpr std::uint8_t kind_i64 = 1;

int digest_named(std::string_view name) {
  for (int i = 0; i < digest_count; ++i) {
    if (names[i] == name) return i;
  }
  return -1;
}

} // namespace

bool answer_digest(const Running &running, GetGlobal get, SetGlobal set, Cell *cells) {
  const Digests *digests = running.digests;
  if (digests == nullptr) return false;
  const Memory &memory = *running.memory;
  const std::uint64_t name = static_cast<std::uint64_t>(cells[0].i64) & (running.is_64 != 0 ? ~std::uint64_t{0} : 0xffffffff);
  const std::uint64_t name_length = static_cast<std::uint32_t>(cells[1].i64);
  const std::uint64_t length = static_cast<std::uint32_t>(cells[2].i64);
  if (name_length > names[poseidon].size() || name > memory.bytes() - name_length) return false;
  if (length > argument_bytes || running.argument > memory.bytes() - argument_bytes) return false;
  const int which = digest_named({reinterpret_cast<const char *>(memory.base() + name), name_length});
  if (which < 0 || digests->query[which].active == 0) return false;

  const Kernels &kernels = digests->kernels;
  std::uint8_t *argument = memory.base() + running.argument;
  const std::uint8_t *const args[1] = {argument};
  const std::uint8_t align = static_cast<std::uint8_t>(running.align);
  const std::uint8_t *fields[max_fields] = {};
  std::uint64_t counts[max_fields] = {};
  std::uint8_t status = 0;
  kernels.parse(which == poseidon ? layout_scalars : layout_bytes, 1, args, &length, &align, fields, counts, &status);
  if (status != 0 || (which == poseidon && (counts[0] == 0 || counts[0] > scalars_at_most))) return false;

  Value gas{};
  get(running.context, running.meter, &gas);
  const std::uint64_t held = static_cast<std::uint64_t>(gas.i64); // modulo 2^64, as the sums below
  const bool below_zero = gas.i64 < 0 && 0 - held > running.reserve;
  const std::uint64_t left = below_zero ? 0 : held + running.reserve;
  const std::uint64_t price = digests->query[which].base + digests->query[which].per_unit * counts[0];
  if (left < price) return false;

  std::uint64_t answer[answer_bytes / 8];
  auto *bytes = reinterpret_cast<std::uint8_t *>(answer);
  switch (which) {
  case 0:
    kernels.hash_to_fr(1, nullptr, 0, fields, counts, answer, nullptr);
    break;
  case 1:
    kernels.keccak256(1, fields, counts, bytes);
    break;
  case 2:
    kernels.sha256(1, fields, counts, bytes);
    break;
  default:
    kernels.poseidon_hash(1, fields, counts, answer, &status);
    if (status != 0) return false;
  }
  gas.kind = kind_i64;
  gas.i64 = static_cast<std::int64_t>(left - price - running.reserve);
  set(running.context, running.meter, &gas);
  std::memcpy(argument, answer, answer_bytes);
  cells[0].i64 = answer_bytes;
  return true;
}

} // namespace coproc::vm
