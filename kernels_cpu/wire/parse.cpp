// The argument tuples of the host functions as rkyv 0.7 archives: what check_archived_root accepts, and where the fields are.
//
// The root object lies at the end of the buffer. A Vec in it is {i32 offset from the Vec's own address, u32 count}; the blocks that
// the Vecs point to lie before the root, in the order last field first, without overlap. Nothing inside a block is looked at.
// Every rule is arithmetic on positions in the buffer and on the declared alignment of its base, never on real addresses.
#include "hash/bytes.hpp"
#include "isa/entries.hpp"

COPROC_BEGIN

namespace {

struct Field {
  u32 offset; // in the root
  u32 size;   // of an element of the Vec, or of the inline field
  u32 align;  // of an element of the Vec; 0: an inline field
};
struct Layout {
  u32 size, align; // of the root
  u32 fields;
  Field field[COPROC_MAX_FIELDS];
};

// In the order of enum coproc_layout.
constexpr Layout LAYOUTS[] = {
    {8, 4, 1, {{0, 1, 1}}},
    {8, 4, 1, {{0, 32, 8}}},
    {24, 4, 3, {{0, 1, 1}, {8, 1, 1}, {16, 32, 8}}},
    {24, 4, 3, {{0, 1, 1}, {8, 1, 1}, {16, 1, 1}}},
    {384, 8, 3, {{0, 32, 0}, {32, 160, 0}, {192, 192, 0}}},
    {312, 8, 3, {{0, 1, 1}, {8, 200, 0}, {208, 104, 0}}},
    {120, 8, 3, {{0, 1, 1}, {8, 200, 8}, {16, 104, 0}}},
    {160, 1, 4, {{0, 32, 0}, {32, 32, 0}, {64, 48, 0}, {112, 48, 0}}},
    {97, 1, 2, {{0, 32, 0}, {32, 65, 0}}},
};

bool parse(const Layout &layout, const u8 *data, u64 length, u32 base_align, const u8 **fields, u64 *counts) {
  if (length < layout.size || base_align < layout.align || length > (u64{1} << 62)) return false;
  const u64 root = length - layout.size;
  if (root % layout.align) return false;
  i64 low = 0; // blocks may lie in low .. root
  const i64 high = static_cast<i64>(root);
  for (u32 k = layout.fields; k-- > 0;) {
    const Field &f = layout.field[k];
    const u64 position = root + f.offset;
    if (f.align == 0) {
      fields[k] = data + position;
      counts[k] = f.size;
      continue;
    }
    const i64 target = static_cast<i64>(position) + static_cast<std::int32_t>(load_le32(data + position));
    const u64 count = load_le32(data + position + 4);
    const i64 size = static_cast<i64>(count * f.size);
    if (base_align < f.align || target < low || target > high || target % f.align) return false;
    if (size != 0 && (target == high || size > high - target)) return false;
    low = target + size;
    fields[k] = data + target;
    counts[k] = count;
  }
  return true;
}

} // namespace

void k_parse(int layout, usize n, coproc_data args, const u64 *lens, const u8 *aligns, const u8 **fields, u64 *counts, u8 *status) {
  const bool known = layout >= 0 && layout < static_cast<int>(sizeof LAYOUTS / sizeof *LAYOUTS);
  for (usize i = 0; i < n; i++) {
    const u8 **f = fields + i * COPROC_MAX_FIELDS;
    u64 *c = counts + i * COPROC_MAX_FIELDS;
    status[i] = !known ? COPROC_UNSERVED : parse(LAYOUTS[layout], args[i], lens[i], aligns[i], f, c) ? COPROC_OK : COPROC_MALFORMED;
    if (status[i] == COPROC_OK)
      for (u32 k = LAYOUTS[layout].fields; k < COPROC_MAX_FIELDS; k++) f[k] = nullptr, c[k] = 0;
    else
      for (u32 k = 0; k < COPROC_MAX_FIELDS; k++) f[k] = nullptr, c[k] = 0;
  }
}

COPROC_END
