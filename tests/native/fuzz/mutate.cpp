#include "mutate.hpp"

#include <cstdlib>

namespace fuzz {
namespace {

// How often a layout is chosen, and of how many of its inputs one gets all the work: a pairing costs as much as a thousand parses.
struct Weight {
  u8 layout;
  unsigned share, one_in;
};
constexpr Weight WEIGHTS[] = {{COPROC_LAYOUT_BYTES, 18, 1},     {COPROC_LAYOUT_SCALARS, 8, 3},  {COPROC_LAYOUT_PLONK, 12, 8},
                              {COPROC_LAYOUT_GROTH16, 8, 8},    {COPROC_LAYOUT_SCHNORR, 12, 4}, {COPROC_LAYOUT_BLS, 12, 8},
                              {COPROC_LAYOUT_MULTISIG, 10, 12}, {COPROC_LAYOUT_KZG, 10, 5},     {COPROC_LAYOUT_RECOVER, 10, 1}};

constexpr u64 WORDS[] = {0,
                         1,
                         2,
                         7,
                         8,
                         0x7f,
                         0x80,
                         0xff,
                         0x7fff,
                         0x8000,
                         0xffff,
                         0x7fffffff,
                         0x80000000,
                         0xffffffff,
                         0x7fffffffffffffff,
                         0x8000000000000000,
                         0xffffffffffffffff};

const u64 *const MODULI[] = {constants::bls12_381::Fp::MODULUS, constants::bls12_381::Fr::MODULUS, constants::bn254::Fp::MODULUS,
                             constants::jubjub::Fr::MODULUS};
constexpr usize LIMBS[] = {6, 4, 4, 4};

void damage(Bytes &b, const Bytes &other, Random &random) {
  const usize size = b.size();
  const usize at = size != 0 ? random.below(size) : 0;
  const auto put = [&](usize position, const void *data, usize n) {
    if (position <= b.size() && n <= b.size() - position) std::memcpy(b.data() + position, data, n);
  };
  switch (random.below(15)) {
  case 0:
    if (size != 0) b[at] ^= static_cast<u8>(1u << random.below(8));
    break;
  case 1:
    if (size != 0) b[at] = static_cast<u8>(random.next());
    break;
  case 2: { // a telling word, most often where offsets and counts lie: in the root, at the end
    const u64 word = WORDS[random.below(sizeof WORDS / 8)] + (random.chance(3) ? random.below(5) - 2 : 0);
    const usize root = size > 400 ? size - 400 + random.below(400) : at;
    put((random.chance(2) ? at : root) & ~usize{3}, &word, random.chance(2) ? 4 : 8);
    break;
  }
  case 3: { // a small change of an offset or a count
    const usize position = (size > 24 ? size - 24 + random.below(24) : at) & ~usize{3};
    u32 word = 0;
    if (position + 4 <= size) std::memcpy(&word, b.data() + position, 4);
    word += static_cast<u32>(random.below(65)) - 32;
    put(position, &word, 4);
    break;
  }
  case 4: { // limbs one modulus higher
    const usize kind = random.below(4), n = LIMBS[kind], position = at & ~usize{7};
    u64 limbs[6], carry = 0;
    if (position + 8 * n > size) break;
    std::memcpy(limbs, b.data() + position, 8 * n);
    for (usize i = 0; i < n; i++) {
      const u64 sum = limbs[i] + MODULI[kind][i], with_carry = sum + carry;
      carry = sum < limbs[i] || with_carry < carry ? 1 : 0;
      limbs[i] = with_carry;
    }
    put(position, limbs, 8 * n);
    break;
  }
  case 5: { // limbs of a modulus, or of it plus or minus one
    const usize kind = random.below(4), n = LIMBS[kind];
    u64 limbs[6];
    std::memcpy(limbs, MODULI[kind], 8 * n);
    limbs[0] += random.below(3) - 1;
    put(at & ~usize{7}, limbs, 8 * n);
    break;
  }
  case 6: { // a run of zeros or ones
    const usize n = random.chance(2) ? 8 * (1 + random.below(6)) : random.below(64);
    for (usize i = at & ~usize{7}, end = i + n; i < end && i < size; i++) b[i] = (n & 1) != 0 ? 0xff : 0;
    break;
  }
  case 7:
    b.resize(random.chance(2) ? at : size - random.below(size < 16 ? size + 1 : 16));
    break;
  case 8: // cut in front: the root stays where it is
    b.erase(b.begin(), b.begin() + static_cast<long>(random.chance(2) ? at : random.below(size < 16 ? size + 1 : 16)));
    break;
  case 9:
    b.insert(random.chance(2) ? b.begin() : b.end(), 1 + random.below(32), static_cast<u8>(random.chance(3) ? random.next() : 0));
    break;
  case 10: { // a part of another buffer, aligned to its end
    if (other.empty() || size == 0) break;
    const usize n = 1 + random.below(other.size() < 256 ? other.size() : 256), from = random.below(other.size() - n + 1);
    const usize distance = other.size() - from;
    if (distance <= size) put(size - distance, other.data() + from, n);
    break;
  }
  case 11: { // copy within
    const usize n = 8 * (1 + random.below(25)), from = at & ~usize{7}, to = random.below(size + 1) & ~usize{7};
    if (from + n <= size && to + n <= size) std::memmove(b.data() + to, b.data() + from, n);
    break;
  }
  case 12: { // negate: a flag of an encoded point, in front (big-endian) or behind
    const usize position = random.chance(2) ? at & ~usize{7} : at | 7;
    if (position < size) b[position] ^= static_cast<u8>(0x20u << random.below(3));
    break;
  }
  case 13: // infinity bytes of archived points
    for (const usize distance : {usize{8}, usize{112}})
      if (size >= distance && random.chance(2)) b[size - distance] = static_cast<u8>(random.below(3));
    break;
  default: { // swap two words
    const usize from = at & ~usize{7}, to = random.below(size + 1) & ~usize{7};
    if (from + 8 > size || to + 8 > size) break;
    u64 x, y;
    std::memcpy(&x, b.data() + from, 8);
    std::memcpy(&y, b.data() + to, 8);
    put(from, &y, 8);
    put(to, &x, 8);
    break;
  }
  }
}

// Where the fields of a buffer are, as positions; none if it does not parse.
struct Fields {
  usize n = 0, at[COPROC_MAX_FIELDS], size[COPROC_MAX_FIELDS];

  Fields(u8 layout, const Bytes &bytes) {
    constexpr usize SIZES[LAYOUTS][COPROC_MAX_FIELDS] = {{1},       {32},        {1, 1, 32},   {1, 1, 1}, {1, 1, 1},
                                                         {1, 1, 1}, {1, 200, 1}, {1, 1, 1, 1}, {1, 1}};
    const u8 *data = bytes.data(), *fields[COPROC_MAX_FIELDS];
    const u64 length = bytes.size();
    const u8 align = 8;
    u64 counts[COPROC_MAX_FIELDS];
    u8 status = COPROC_MALFORMED;
    coproc_kernels("portable")->parse(layout, 1, &data, &length, &align, fields, counts, &status);
    if (status != COPROC_OK) return;
    for (; n < COPROC_MAX_FIELDS && SIZES[layout][n] != 0; n++) {
      at[n] = static_cast<usize>(fields[n] - data);
      size[n] = counts[n] * SIZES[layout][n];
    }
  }
};

// Damage inside one field, which leaves all sizes: the field of another buffer, or a part of it, or the damage above.
void damage_field(u8 layout, Bytes &b, const Bytes &other, Random &random) {
  const Fields mine(layout, b), theirs(layout, other);
  if (mine.n == 0) return;
  const usize field = random.below(mine.n), at = mine.at[field], size = mine.size[field];
  if (size == 0) return;
  if (theirs.n != 0 && random.chance(4)) { // a proof under another key, a signature of another message
    const usize n = size < theirs.size[field] ? size : theirs.size[field];
    if (n != 0) std::memcpy(b.data() + at, other.data() + theirs.at[field], n);
    return;
  }
  Bytes part(b.begin() + static_cast<long>(at), b.begin() + static_cast<long>(at + size));
  damage(part, theirs.n == 0 ? part : other, random);
  part.resize(size);
  std::memcpy(b.data() + at, part.data(), size);
}

} // namespace

Mutator::Mutator(const char *path) {
  std::FILE *file = std::fopen(path, "rb");
  char magic[8] = {};
  if (file == nullptr || std::fread(magic, 1, 8, file) != 8 || std::memcmp(magic, "coprocfz", 8) != 0) {
    std::fprintf(stderr, "fuzz: %s is no corpus\n", path);
    std::exit(2);
  }
  u8 head[8];
  while (std::fread(head, 1, sizeof head, file) == sizeof head) {
    u32 length;
    std::memcpy(&length, head + 4, 4);
    Bytes bytes(length);
    if (head[0] >= LAYOUTS || std::fread(bytes.data(), 1, length, file) != length) std::exit(2);
    corpus_[head[0]].push_back({head[1], bytes});
  }
  std::fclose(file);
  for (const auto &entries : corpus_)
    if (entries.empty()) {
      std::fprintf(stderr, "fuzz: %s lacks a layout\n", path);
      std::exit(2);
    }
}

usize Mutator::corpus_size() const {
  usize n = 0;
  for (const auto &entries : corpus_) n += entries.size();
  return n;
}

Bytes Mutator::input(u64 seed, u64 index) const {
  Random random(seed * 0x9e3779b97f4a7c15 ^ index);
  random.state = random.next();
  unsigned total = 0;
  for (const Weight &w : WEIGHTS) total += w.share;
  u64 pick = random.below(total);
  const Weight *weight = WEIGHTS;
  while (pick >= weight->share) pick -= weight++->share;
  Header header = {weight->layout, static_cast<u8>(random.next()), 3, static_cast<u8>(random.chance(weight->one_in) ? 1 : 0)};
  if (random.chance(8)) header.placement = static_cast<u8>(random.next());

  const std::vector<Entry> &entries = corpus_[header.layout];
  Bytes bytes;
  if (random.chance(16)) { // not from the corpus: random bytes, or one byte again and again
    bytes.resize(random.below(random.chance(16) ? 66000 : 600));
    const u8 fill = static_cast<u8>(random.next());
    const bool constant = random.chance(3);
    for (u8 &byte : bytes) byte = constant ? fill : static_cast<u8>(random.next());
  } else {
    // of two entries the shorter, three times out of four: long ones show nothing new and cost a lot
    const Entry *entry = &entries[random.below(entries.size())], *second = &entries[random.below(entries.size())];
    if (!random.chance(4) && second->bytes.size() < entry->bytes.size()) entry = second;
    bytes = entry->bytes;
    if (!random.chance(4)) header.version = entry->version;
    const u64 rounds = random.chance(8) ? 0 : 1 + random.below(random.chance(4) ? 8 : 2);
    const bool inside = !random.chance(3);
    for (u64 i = 0; i < rounds; i++) {
      const Bytes &other = entries[random.below(entries.size())].bytes;
      if (inside) damage_field(header.layout, bytes, other, random);
      else damage(bytes, other, random);
    }
  }
  Bytes out(sizeof header + bytes.size());
  std::memcpy(out.data(), &header, sizeof header);
  if (!bytes.empty()) std::memcpy(out.data() + sizeof header, bytes.data(), bytes.size());
  return out;
}

} // namespace fuzz
