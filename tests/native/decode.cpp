// Encodings of points through the C ABI: round trips, and strings of bytes that are near to encodings.
#include "abi.hpp"

using namespace native;

namespace {

struct Encoding {
  int encoding;
  usize size[2]; // bytes in the first and in the second group
  int curve;
  bool canonical; // one string a point
};
constexpr Encoding ENCODINGS[] = {{COPROC_ZCASH, {48, 96}, COPROC_BLS12_381, true},
                                  {COPROC_ZCASH_UNCOMPRESSED, {96, 192}, COPROC_BLS12_381, true},
                                  {COPROC_ARK_COMPRESSED, {32, 64}, COPROC_BN254, false},
                                  {COPROC_ARK_UNCOMPRESSED, {64, 128}, COPROC_BN254, false},
                                  {COPROC_DUSK_RAW, {104, 200}, COPROC_BLS12_381, false},
                                  {COPROC_EVM, {128, 256}, COPROC_BLS12_381, true},
                                  {COPROC_EVM, {64, 128}, COPROC_BN254, true}};
constexpr int BOTH = COPROC_ON_CURVE | COPROC_IN_SUBGROUP;

struct Decoded {
  int status;
  Words point;
  bool operator==(const Decoded &other) const { return status == other.status && point == other.point; }
};

Decoded decode(const Kernels *k, int group, int encoding, int checks, const Bytes &bytes) {
  Decoded out = {99, Words(point_words(group), 5)};
  u8 status = 99;
  const u8 *data = bytes.data();
  k->decode(group, encoding, checks, 1, &data, out.point.data(), &status);
  out.status = status;
  return out;
}
Bytes encode(const Kernels *k, int group, const Encoding &e, const Words &point) {
  Bytes out(e.size[group % 2]);
  k->encode(group, e.encoding, 1, point.data(), out.data());
  return out;
}

// Near-encodings: flipped bits, bytes at the ends (where flags are), limbs of ones, whole random strings that may still be points.
Bytes mutated(Bytes bytes, Random &random) {
  switch (random.below(6)) {
  case 0:
    bytes[random.below(bytes.size())] ^= static_cast<u8>(1u << random.below(8));
    break;
  case 1:
    bytes[0] ^= static_cast<u8>(random.below(8) << 5);
    break;
  case 2:
    bytes[bytes.size() - 1] ^= static_cast<u8>(random.below(8) << 5);
    break;
  case 3:
    bytes[bytes.size() / 2 - random.below(2)] ^= static_cast<u8>(random.next());
    break;
  case 4:
    for (usize i = bytes.size() / 2, n = 8; n-- > 0 && i < bytes.size(); i++) bytes[i] = 0xff;
    break;
  default: // a new x, of the right size
    for (usize i = 1; i + 1 < bytes.size(); i++) bytes[i] = static_cast<u8>(random.next());
    break;
  }
  return bytes;
}

} // namespace

TEST(encodings_round_trip) {
  for (const Kernels *k : tables())
    for (const Encoding &e : ENCODINGS)
      for (int group = g1_of(e.curve); group <= g2_of(e.curve); group++) {
        Random random(group);
        for (int i = 0; i < 20; i++) {
          const Words p = i == 0 ? infinity(group) : i == 1 ? generator(group) : random_point(k, group, random);
          const Bytes bytes = encode(k, group, e, p);
          const Decoded back = decode(k, group, e.encoding, BOTH, bytes);
          if (i == 0 && e.encoding == COPROC_DUSK_RAW) CHECK(back.status == COPROC_INVALID && back.point == p);
          else CHECK(back.status == COPROC_OK && back.point == p);
          const Words minus = negated(k, group, p);
          CHECK(i == 0 || encode(k, group, e, minus) != bytes);
          CHECK(decode(k, group, e.encoding, BOTH, encode(k, group, e, minus)).point == minus);
        }
      }
}

TEST(decoded_strings_are_points_and_encode_to_themselves) {
  const auto all = tables();
  for (const Encoding &e : ENCODINGS)
    for (int group = g1_of(e.curve); group <= g2_of(e.curve); group++) {
      Random random(group * 100 + e.encoding);
      unsigned accepted = 0, off_subgroup = 0;
      for (int i = 0; i < 600; i++) {
        const Kernels *k = all[0];
        const Words p = times(k, group, generator(group), small(random.below(1000)));
        const Bytes bytes = mutated(encode(k, group, e, p), random);
        const Decoded strict = decode(k, group, e.encoding, BOTH, bytes), loose = decode(k, group, e.encoding, COPROC_ON_CURVE, bytes);
        for (const Kernels *other : all) {
          CHECK(decode(other, group, e.encoding, BOTH, bytes) == strict);
          CHECK(decode(other, group, e.encoding, COPROC_ON_CURVE, bytes) == loose);
        }
        if (loose.status != COPROC_OK) {
          CHECK(loose.point == infinity(group));
          CHECK(strict.status == loose.status && strict.point == loose.point);
          continue;
        }
        accepted++;
        u8 status = 99;
        if (loose.point != infinity(group)) {
          k->check(group, COPROC_ON_CURVE, 1, loose.point.data(), &status);
          CHECK(status == COPROC_OK);
          k->check(group, BOTH, 1, loose.point.data(), &status);
          CHECK((status == COPROC_OK) == (strict.status == COPROC_OK));
          off_subgroup += status == COPROC_OK ? 0 : 1;
        }
        const Bytes again = encode(k, group, e, loose.point);
        if (e.canonical) CHECK(again == bytes);
        else if (loose.point != infinity(group)) CHECK(decode(k, group, e.encoding, COPROC_ON_CURVE, again) == loose);
      }
      CHECK(accepted > 20);
      // A new x gives a point half the time, and hardly ever one of the subgroup where there is a cofactor.
      if ((e.encoding == COPROC_ZCASH || e.encoding == COPROC_ARK_COMPRESSED) && group != COPROC_BN254_G1) CHECK(off_subgroup > 10);
    }
}

namespace {

// Strings that say something else than a point of the group: for one encoding, each is decoded in every position of a batch.
std::vector<Bytes> hostile(const Kernels *k, int group, const Encoding &e, Random &random) {
  const Bytes good = encode(k, group, e, generator(group));
  std::vector<Bytes> out = {Bytes(good.size()), Bytes(good.size(), 0xff), encode(k, group, e, infinity(group))};
  for (const u8 flags : {0x20, 0x40, 0x80, 0xa0, 0xc0, 0xe0}) {
    out.push_back(Bytes(good.size()));
    out.back().front() = flags;
    out.push_back(Bytes(good.size()));
    out.back().back() = flags;
    out.push_back(good);
    out.back().front() ^= flags;
    out.push_back(good);
    out.back().back() ^= flags;
  }
  for (usize i = 0; i < good.size(); i += 7) { // above p, or another number
    out.push_back(good);
    out.back()[i] = 0xff;
  }
  const Encoding &compressed = ENCODINGS[group < 2 ? 0 : 2];
  for (int i = 0; i < 40; i++) { // half of them points of the curve, hardly any of the group; the others lie on its twist
    Bytes bytes = encode(k, group, compressed, generator(group));
    for (usize j = 1; j + 1 < bytes.size(); j++) bytes[j] = static_cast<u8>(random.next());
    const Decoded found = decode(k, group, compressed.encoding, COPROC_ON_CURVE, bytes);
    if (e.encoding == compressed.encoding) out.push_back(bytes);
    else if (found.status == COPROC_OK) out.push_back(encode(k, group, e, found.point));
  }
  for (int i = 0; i < 20; i++) out.push_back(mutated(good, random));
  return out;
}

// A string and what it is on its own, by the portable kernels.
struct Item {
  Bytes bytes;
  Decoded alone;
};
std::vector<Item> alone(int group, int encoding, int checks, const std::vector<Bytes> &strings) {
  std::vector<Item> out;
  for (const Bytes &bytes : strings) out.push_back({bytes, decode(tables()[0], group, encoding, checks, bytes)});
  return out;
}

void decodes_like_its_elements(const Kernels *k, int group, int encoding, int checks, const std::vector<Item> &items) {
  const usize n = items.size(), words = point_words(group);
  std::vector<const u8 *> data;
  for (const Item &item : items) data.push_back(item.bytes.data());
  Words points(n * words + 1, 7);
  Bytes status(n + 1, 99);
  k->decode(group, encoding, checks, n, data.data(), points.data(), status.data());
  CHECK(points[n * words] == 7 && status[n] == 99);
  for (usize i = 0; i < n; i++) {
    CHECK(items[i].alone.status == status[i]);
    CHECK(std::memcmp(items[i].alone.point.data(), &points[i * words], 8 * words) == 0);
  }
  if (checks != 0) return;
  // What was decoded without a test is tested.
  for (const int test : {0, int{COPROC_ON_CURVE}, int{COPROC_IN_SUBGROUP}, BOTH}) {
    k->check(group, test, n, points.data(), status.data());
    for (usize i = 0; i < n; i++) {
      u8 one = 99;
      tables()[0]->check(group, test, 1, &points[i * words], &one);
      CHECK(one == status[i]);
    }
  }
}

} // namespace

TEST(a_batch_decodes_as_its_elements_whatever_stands_beside_them) {
  for (const Encoding &e : ENCODINGS)
    for (int group = g1_of(e.curve); group <= g2_of(e.curve); group++) {
      const Kernels *first = tables()[0];
      Random random(group * 10 + e.encoding);
      std::vector<Bytes> points;
      for (int i = 0; i < 16; i++) points.push_back(encode(first, group, e, random_point(first, group, random)));
      const std::vector<Item> good = alone(group, e.encoding, BOTH, points);
      const std::vector<Item> bad = alone(group, e.encoding, BOTH, hostile(first, group, e, random));
      for (const Kernels *k : tables()) {
        usize position = 0;
        for (const Item &one : bad) {
          const usize n = 8 + position % 9; // the position runs through all lanes of the first and of the second vector
          std::vector<Item> items(good.begin(), good.begin() + static_cast<long>(n));
          items[position++ % n] = one;
          decodes_like_its_elements(k, group, e.encoding, BOTH, items);
        }
      }
    }
}

TEST(batches_of_every_size_decode_as_their_elements) {
  for (const Encoding &e : ENCODINGS)
    for (int group = g1_of(e.curve); group <= g2_of(e.curve); group++) {
      const Kernels *first = tables()[0];
      Random random(group * 10 + e.encoding + 1000);
      std::vector<Bytes> points;
      for (u64 i = 1; i < 20; i++) points.push_back(encode(first, group, e, times(first, group, generator(group), small(i))));
      const std::vector<Bytes> strings = hostile(first, group, e, random);
      for (int checks = 0; checks < 4; checks++) {
        const std::vector<Item> good = alone(group, e.encoding, checks, points), bad = alone(group, e.encoding, checks, strings);
        for (const Kernels *k : tables())
          for (usize n = static_cast<usize>(checks); n <= 40; n += 4) {
            std::vector<Item> items;
            const usize share = random.below(4); // none bad ... all bad
            for (usize i = 0; i < n; i++)
              items.push_back(random.below(3) < share ? bad[random.below(bad.size())] : good[random.below(good.size())]);
            decodes_like_its_elements(k, group, e.encoding, checks, items);
          }
      }
    }
}

// Multiplication by the order decides what the endomorphism tests claim to decide.
TEST(subgroup_checks_agree_with_multiplication_by_the_order) {
  for (const Kernels *k : tables())
    for (const int group : GROUPS) {
      if (group == COPROC_BN254_G1) continue;
      Random random(7 + group);
      const Encoding &e = ENCODINGS[group < 2 ? 0 : 2];
      unsigned outside = 0;
      for (int i = 0; i < 2000 && outside < 25; i++) {
        Bytes bytes = encode(k, group, e, generator(group));
        for (usize j = 1; j + 1 < bytes.size(); j++) bytes[j] = static_cast<u8>(random.next());
        const Decoded found = decode(k, group, e.encoding, COPROC_ON_CURVE, bytes);
        if (found.status != COPROC_OK) continue;
        // r P = (r - 1) P + P by additions alone: scalar_mul may use the endomorphism, which is of no use outside the subgroup
        Words sum = infinity(group), power = found.point;
        const u64 *order = order_of(curve_of(group));
        for (int bit = 0; bit < 256; bit++) {
          if ((order[bit / 64] >> (bit % 64) & 1) != 0) sum = plus(k, group, sum, power);
          power = plus(k, group, power, power);
        }
        u8 status = 99;
        k->check(group, BOTH, 1, found.point.data(), &status);
        CHECK((status == COPROC_OK) == (sum == infinity(group)));
        outside += status == COPROC_OK ? 0 : 1;
      }
      CHECK(outside >= 25);
    }
}

TEST(raw_points_tell_unreduced_limbs_from_invalid_ones) {
  for (const Kernels *k : tables())
    for (int group = COPROC_BLS12_381_G1; group <= COPROC_BLS12_381_G2; group++) {
      const Encoding &e = ENCODINGS[4];
      const Bytes good = encode(k, group, e, generator(group));
      const int coordinates = group == COPROC_BLS12_381_G1 ? 2 : 4;
      CHECK(decode(k, group, e.encoding, BOTH, good).status == COPROC_OK);
      for (int c = 0; c < coordinates; c++) {
        Bytes bytes = good;
        u64 carry = 0;
        for (int i = 0; i < 6; i++) { // + p
          u64 limb;
          std::memcpy(&limb, &bytes[48 * c + 8 * i], 8);
          const u64 p = constants::bls12_381::Fp::MODULUS[i], sum = limb + p, with_carry = sum + carry;
          carry = sum < p || with_carry < carry ? 1 : 0;
          limb = with_carry;
          std::memcpy(&bytes[48 * c + 8 * i], &limb, 8);
        }
        CHECK(decode(k, group, e.encoding, BOTH, bytes).status == COPROC_UNREDUCED);
        bytes[coordinates * 48] = 1; // infinity, whatever the limbs
        CHECK(decode(k, group, e.encoding, BOTH, bytes).status == COPROC_INVALID);
      }
      for (const int flag : {1, 2, 255}) {
        Bytes bytes = good;
        bytes[coordinates * 48] = static_cast<u8>(flag);
        CHECK(decode(k, group, e.encoding, BOTH, bytes).status == COPROC_INVALID);
      }
      Bytes padded = good;
      for (usize i = coordinates * 48 + 1; i < padded.size(); i++) padded[i] = 0xab;
      CHECK(decode(k, group, e.encoding, BOTH, padded).status == COPROC_OK);
    }
}
