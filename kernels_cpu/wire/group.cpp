// Which byte strings of a batch are equal, and which are known: so that a key is prepared once, and recognised by its bytes.
#include "isa/entries.hpp"
#include "wire/distinct.hpp"

COPROC_BEGIN

namespace {

// Below this many pairs comparing them all is the quickest: different keys nearly always differ in their first bytes.
constexpr usize FEW = 64;

i64 scan(const Bytes &s, usize m, coproc_data known, const u64 *known_lens) {
  for (usize j = 0; j < m; j++)
    if (s == Bytes{known[j], known_lens[j]}) return static_cast<i64>(j);
  return -1;
}

} // namespace

void k_match(usize n, coproc_data data, const u64 *lens, usize m, coproc_data known, const u64 *known_lens, i64 *index) {
  if (m == 0 || n <= FEW / m) {
    for (usize i = 0; i < n; i++) index[i] = scan({data[i], lens[i]}, m, known, known_lens);
    return;
  }
  DistinctBytes distinct(m, known, known_lens);
  if (!distinct.ok()) {
    for (usize i = 0; i < n; i++) index[i] = scan({data[i], lens[i]}, m, known, known_lens);
    return;
  }
  for (usize j = 0; j < m; j++) distinct.find({known[j], known_lens[j]}, static_cast<i64>(j));
  for (usize i = 0; i < n; i++) index[i] = distinct.find({data[i], lens[i]}, -1);
}

void k_group(usize n, coproc_data data, const u64 *lens, u64 *index) {
  if (n <= 8) {
    for (usize i = 0; i < n; i++) index[i] = static_cast<u64>(scan({data[i], lens[i]}, i + 1, data, lens));
    return;
  }
  DistinctBytes distinct(n, data, lens);
  for (usize i = 0; i < n; i++)
    index[i] = static_cast<u64>(distinct.ok() ? distinct.find({data[i], lens[i]}, static_cast<i64>(i))
                                              : scan({data[i], lens[i]}, i + 1, data, lens));
}

COPROC_END
