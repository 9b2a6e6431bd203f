// Group laws, scalar multiplication and sums through the C ABI, on every instruction set of this machine.
#include "abi.hpp"

using namespace native;

TEST(groups_obey_the_group_laws) {
  for (const Kernels *k : tables())
    for (const int group : GROUPS) {
      Random random(group);
      const Words zero = infinity(group), p = random_point(k, group, random), q = random_point(k, group, random),
                  r = random_point(k, group, random);
      CHECK(plus(k, group, p, q) == plus(k, group, q, p));
      CHECK(plus(k, group, plus(k, group, p, q), r) == plus(k, group, p, plus(k, group, q, r)));
      CHECK(plus(k, group, p, zero) == p && plus(k, group, zero, p) == p && plus(k, group, zero, zero) == zero);
      CHECK(plus(k, group, p, negated(k, group, p)) == zero);
      CHECK(plus(k, group, p, p) == times(k, group, p, small(2)));
    }
}

TEST(scalar_mul_is_repeated_addition) {
  for (const Kernels *k : tables())
    for (const int group : GROUPS) {
      Random random(10 + group);
      const Words p = random_point(k, group, random);
      const u64 *order = order_of(curve_of(group));
      Words sum = infinity(group);
      for (u64 i = 0; i < 40; i++) {
        CHECK(times(k, group, p, small(i)) == sum);
        CHECK(times(k, group, negated(k, group, p), subtracted(order, small(i))) == sum);
        sum = plus(k, group, sum, p);
      }
      CHECK(times(k, group, infinity(group), small(5)) == infinity(group));
    }
}

TEST(scalar_mul_is_linear_in_any_scalar_below_2_to_the_256) {
  for (const Kernels *k : tables())
    for (const int group : GROUPS) {
      Random random(20 + group);
      const int curve = curve_of(group);
      const Words p = random_point(k, group, random);
      for (u64 i = 0; i < EDGE_SCALARS + 12; i++) {
        const Words a = scalar(random, curve, i), b = scalar(random, curve, EDGE_SCALARS);
        const Words ap = times(k, group, p, a), bp = times(k, group, p, b);
        CHECK(plus(k, group, ap, bp) == times(k, group, p, modular(k, curve, COPROC_ADD, a, b)));
        CHECK(times(k, group, ap, b) == times(k, group, p, modular(k, curve, COPROC_MUL, a, b)));
      }
    }
}

// Sums and multiples of a batch and of its elements one by one, the latter by the portable kernels: infinite, equal and opposite points,
// long and short scalars and zeros side by side.
TEST(batches_of_every_size_are_added_and_multiplied_as_their_elements) {
  const Kernels *single = tables()[0];
  for (const Kernels *k : tables())
    for (const int group : GROUPS) {
      Random random(200 + group);
      const usize words = point_words(group);
      const int curve = curve_of(group);
      std::vector<Words> pool = {infinity(group)};
      for (int i = 0; i < 6; i++) pool.push_back(random_point(k, group, random)), pool.push_back(negated(k, group, pool.back()));
      pool.push_back(plus(k, group, pool[1], pool[1]));
      for (u64 n = 0; n <= 40; n++) {
        Words a, b, by;
        for (u64 i = 0; i < n; i++) {
          const u64 j = random.below(pool.size());
          const Words &p = pool[j], &q = pool[random.chance(3) ? j : j > 0 && random.chance(3) ? (j - 1) ^ 1 : random.below(pool.size())];
          a.insert(a.end(), p.begin(), p.end());
          b.insert(b.end(), q.begin(), q.end());
          Words s = scalar(random, curve, random.chance(2) ? random.below(EDGE_SCALARS) : EDGE_SCALARS);
          for (u64 w = n % 5; w < 4; w++) s[w] = 0; // all scalars of a batch short
          by.insert(by.end(), s.begin(), s.end());
        }
        Words sums(n * words + 1, 5), products(n * words + 1, 5);
        k->add(group, n, a.data(), b.data(), sums.data());
        k->scalar_mul(group, n, a.data(), by.data(), products.data());
        CHECK(sums[n * words] == 5 && products[n * words] == 5);
        for (u64 i = 0; i < n; i++) {
          Words one(words);
          single->add(group, 1, &a[i * words], &b[i * words], one.data());
          CHECK(std::memcmp(one.data(), &sums[i * words], 8 * words) == 0);
          single->scalar_mul(group, 1, &a[i * words], &by[4 * i], one.data());
          CHECK(std::memcmp(one.data(), &products[i * words], 8 * words) == 0);
        }
      }
    }
}

TEST(batches_of_every_size_are_hashed_and_mapped_as_their_elements) {
  const Kernels *single = tables()[0];
  constexpr usize WORDS = 12;
  for (const Kernels *k : tables()) {
    Random random(300);
    Bytes text(1000);
    for (u8 &byte : text) byte = static_cast<u8>(random.next());
    for (u64 n = 0; n <= 40; n++) {
      std::vector<const u8 *> data;
      std::vector<u64> lens;
      Words u;
      for (u64 i = 0; i < n; i++) {
        data.push_back(&text[random.below(500)]);
        lens.push_back(random.chance(4) ? 0 : random.below(300));
        for (int j = 0; j < 6; j++) u.push_back(random.next());
        u.back() >>= 8;
        if (random.chance(4)) // 0 and others of few limbs
          for (int j = 0; j < 6; j++) u[6 * i + j] = j == 0 ? random.below(3) : 0;
      }
      const u64 tag = 7 * n;
      Words hashed(n * WORDS + 1, 5), mapped(n * WORDS + 1, 5);
      k->hash_to_g1(n, data.data(), lens.data(), text.data(), tag, hashed.data());
      k->map_to_g1(n, u.data(), mapped.data());
      CHECK(hashed[n * WORDS] == 5 && mapped[n * WORDS] == 5);
      for (u64 i = 0; i < n; i++) {
        Words one(WORDS);
        single->hash_to_g1(1, &data[i], &lens[i], text.data(), tag, one.data());
        CHECK(std::memcmp(one.data(), &hashed[i * WORDS], 8 * WORDS) == 0);
        single->map_to_g1(1, &u[6 * i], one.data());
        CHECK(std::memcmp(one.data(), &mapped[i * WORDS], 8 * WORDS) == 0);
      }
    }
  }
}

TEST(points_are_checked_for_curve_and_subgroup) {
  for (const Kernels *k : tables())
    for (const int group : GROUPS) {
      Random random(30 + group);
      const Words p = random_point(k, group, random);
      Words off = p;
      off[0] ^= 1;
      const auto status = [&](const Words &point, int checks) {
        u8 out = 99;
        k->check(group, checks, 1, point.data(), &out);
        return int{out};
      };
      CHECK(status(p, COPROC_ON_CURVE | COPROC_IN_SUBGROUP) == COPROC_OK);
      CHECK(status(off, COPROC_ON_CURVE) == COPROC_INVALID);
      CHECK(status(off, COPROC_ON_CURVE | COPROC_IN_SUBGROUP) == COPROC_INVALID);
    }
}

// Sums of m segments of points, every third of them several times over, some infinity, against one addition after the other.
static void sums(const Kernels *k, int group, const std::vector<u64> &sizes, u64 seed, bool tables) {
  Random random(seed);
  const int words = point_words(group), curve = curve_of(group);
  std::vector<Words> pool;
  for (int i = 0; i < 12; i++) pool.push_back(random_point(k, group, random));
  pool.push_back(infinity(group));
  pool.push_back(negated(k, group, pool[0]));
  const usize table_words = k->msm_table_words(group);
  std::vector<Words> prepared;
  for (const Words &p : pool) {
    prepared.emplace_back(table_words);
    k->msm_table(group, 1, p.data(), prepared.back().data());
  }
  std::vector<u64> offsets = {0};
  std::vector<const u64 *> points, table_list;
  Words scalars, expected;
  for (const u64 size : sizes) {
    Words sum = infinity(group);
    for (u64 j = 0; j < size; j++) {
      const u64 which = random.chance(3) ? 0 : random.below(pool.size());
      const Words s = scalar(random, curve, random.chance(3) ? random.below(EDGE_SCALARS) : EDGE_SCALARS);
      points.push_back(pool[which].data());
      table_list.push_back(random.chance(4) ? nullptr : prepared[which].data());
      scalars.insert(scalars.end(), s.begin(), s.end());
      sum = plus(k, group, sum, times(k, group, pool[which], s));
    }
    offsets.push_back(points.size());
    expected.insert(expected.end(), sum.begin(), sum.end());
  }
  Words out(sizes.size() * words, 77);
  k->msm(group, sizes.size(), offsets.data(), points.data(), tables ? table_list.data() : nullptr, scalars.data(), out.data());
  CHECK(out == expected);
}

TEST(msm_is_the_sum_of_its_terms) {
  for (const Kernels *k : tables())
    for (const int group : GROUPS) {
      sums(k, group, {0, 1, 2, 3, 0, 5, 8, 13, 1}, 40 + group, false);
      sums(k, group, {0, 1, 2, 3, 0, 5, 8, 13, 1}, 50 + group, true);
      sums(k, group, {27, 64}, 60 + group, false);
      sums(k, group, {27, 64}, 70 + group, true);
      sums(k, group, {31, 32, 33}, 80 + group, true);
      sums(k, group, {700}, 90 + group, false);
    }
}

TEST(msm_of_equal_points_and_of_opposite_ones) {
  for (const Kernels *k : tables())
    for (const int group : GROUPS) {
      Random random(100 + group);
      const Words p = random_point(k, group, random), minus = negated(k, group, p);
      for (const u64 n : {2, 3, 16, 40, 100, 300}) {
        std::vector<const u64 *> same(n, p.data()), opposite;
        Words ones;
        for (u64 i = 0; i < n; i++) {
          opposite.push_back(i % 2 == 0 ? p.data() : minus.data());
          const Words one = small(1);
          ones.insert(ones.end(), one.begin(), one.end());
        }
        const u64 offsets[2] = {0, n};
        Words out(p.size());
        k->msm(group, 1, offsets, same.data(), nullptr, ones.data(), out.data());
        CHECK(out == times(k, group, p, small(n)));
        k->msm(group, 1, offsets, opposite.data(), nullptr, ones.data(), out.data());
        CHECK(out == (n % 2 == 0 ? infinity(group) : p));
      }
    }
}
