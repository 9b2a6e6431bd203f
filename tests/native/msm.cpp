// Sums of multiples through the C ABI, on every instruction set of this machine: against other instruction sets, against one term at a
// time, and on the inputs that break them (equal and opposite points, infinity, scalars of any length, tables beside none).
#include "abi.hpp"

using namespace native;

namespace {

// Points with their tables, in one instruction set.
struct Pool {
  int group;
  std::vector<Words> points, tables;

  Pool(const Kernels *k, int group_, u64 seed, usize n) : group(group_) {
    Random random(seed);
    for (usize i = 0; i < n; i++) points.push_back(random_point(k, group, random));
    prepare(k);
  }
  Pool(const Kernels *k, const Pool &other) : group(other.group), points(other.points) { prepare(k); }
  void add(const Kernels *k, const Words &point) {
    points.push_back(point);
    tables.emplace_back(table_of(k, point));
  }

 private:
  Words table_of(const Kernels *k, const Words &point) const {
    Words out(k->msm_table_words(group));
    k->msm_table(group, 1, point.data(), out.data());
    return out;
  }
  void prepare(const Kernels *k) {
    tables.clear();
    for (const Words &p : points) tables.push_back(table_of(k, p));
  }
};

// Sums over a pool: for each term the number of its point, whether its table is taken, and its scalar.
struct Sums {
  std::vector<u64> offsets = {0};
  std::vector<usize> which;
  std::vector<bool> with_table;
  Words scalars;

  void term(usize point, bool table, const Words &scalar) {
    which.push_back(point);
    with_table.push_back(table);
    scalars.insert(scalars.end(), scalar.begin(), scalar.end());
  }
  void end() { offsets.push_back(which.size()); }

  Words msm(const Kernels *k, const Pool &pool) const {
    std::vector<const u64 *> points, tables;
    for (usize j = 0; j < which.size(); j++) {
      points.push_back(pool.points[which[j]].data());
      tables.push_back(with_table[j] ? pool.tables[which[j]].data() : nullptr);
    }
    Words out((offsets.size() - 1) * static_cast<usize>(point_words(pool.group)), 77);
    k->msm(pool.group, offsets.size() - 1, offsets.data(), points.data(), tables.data(), scalars.data(), out.data());
    return out;
  }
  Words one_by_one(const Kernels *k, const Pool &pool) const {
    Words out;
    for (usize i = 0; i + 1 < offsets.size(); i++) {
      Words sum = infinity(pool.group);
      for (u64 j = offsets[i]; j < offsets[i + 1]; j++) {
        const Words scalar(scalars.begin() + static_cast<long>(4 * j), scalars.begin() + static_cast<long>(4 * j + 4));
        sum = plus(k, pool.group, sum, times(k, pool.group, pool.points[which[j]], scalar));
      }
      out.insert(out.end(), sum.begin(), sum.end());
    }
    return out;
  }
};

// The same sums in every instruction set; the answer is that of the portable one.
Words agreed(const Pool &pool, const Sums &sums) {
  const std::vector<const Kernels *> all = tables();
  const Words expected = sums.msm(all[0], pool);
  for (const Kernels *k : all) {
    if (k == all[0]) continue;
    const Pool own(k, pool);
    CHECK(sums.msm(k, own) == expected);
  }
  return expected;
}

Words multiple_of_sum(const Kernels *k, const Pool &pool, usize point, u64 times_one) {
  return times(k, pool.group, pool.points[point], small(times_one));
}

} // namespace

TEST(msm_of_any_size_is_the_same_in_every_instruction_set) {
  const Kernels *k = tables()[0];
  for (const int group : GROUPS) {
    Pool pool(k, group, 200 + group, 40);
    pool.add(k, infinity(group));
    Random random(210 + group);
    const usize longest = group % 2 == 0 ? 70 : 34; // G2 is slow
    for (const int form : {0, 1, 2}) {              // without tables, with, some
      Sums sums;
      for (usize n = 0; n <= longest; n += form == 0 ? 1 : 3) {
        for (usize j = 0; j < n; j++)
          sums.term(random.below(pool.points.size()), form == 1 || (form == 2 && random.chance(2)),
                    scalar(random, curve_of(group), random.chance(6) ? random.below(EDGE_SCALARS) : EDGE_SCALARS));
        sums.end();
      }
      const Words together = agreed(pool, sums);
      if (form == 2) CHECK(together == sums.one_by_one(k, pool));
    }
  }
}

TEST(msm_of_one_sum_is_the_same_in_every_instruction_set) {
  const Kernels *k = tables()[0];
  for (const int group : GROUPS) {
    const Pool pool(k, group, 220 + group, 40);
    Random random(230 + group);
    for (const usize n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 27, 32, 47, 48, 49, 79, 80, 81, 127, 128, 129, 130}) {
      if (group % 2 == 1 && n > 81) break;
      for (const bool short_scalars : {false, true}) {
        Sums sums;
        for (usize j = 0; j < n; j++) {
          Words s = scalar(random, curve_of(group), EDGE_SCALARS);
          if (short_scalars) s[2] = s[3] = 0;
          sums.term(j % pool.points.size(), n < 10 && j % 2 == 1, s);
        }
        sums.end();
        agreed(pool, sums);
      }
    }
  }
}

TEST(msm_of_a_thousand_terms_is_the_sum_of_its_parts) {
  const Kernels *k = tables()[0];
  for (const int group : GROUPS) {
    const Pool pool(k, group, 240 + group, 100);
    Random random(250 + group);
    const usize n = group % 2 == 0 ? 1050 : 200;
    for (const bool table : {false, true}) {
      Sums whole, parts;
      for (usize j = 0; j < n; j++) {
        const usize point = random.below(pool.points.size());
        const Words s = scalar(random, curve_of(group), random.chance(20) ? random.below(EDGE_SCALARS) : EDGE_SCALARS);
        whole.term(point, table, s);
        parts.term(point, table, s);
        if (j % 50 == 49) parts.end();
      }
      whole.end();
      const Words expected = agreed(pool, whole), pieces = agreed(pool, parts);
      Words sum = infinity(group);
      const usize words = sum.size();
      for (usize i = 0; i < pieces.size(); i += words)
        sum = plus(k, group, sum, Words(pieces.begin() + static_cast<long>(i), pieces.begin() + static_cast<long>(i + words)));
      CHECK(sum == expected);
    }
  }
}

TEST(msm_of_equal_points_and_equal_scalars) {
  for (const int group : GROUPS) {
    const Kernels *first = tables()[0];
    Pool pool(first, group, 260 + group, 1);
    pool.add(first, negated(first, group, pool.points[0]));
    Random random(270 + group);
    for (const usize n : {2, 3, 4, 5, 17, 33, 64, 100, 257}) {
      if (group % 2 == 1 && n > 100) break;
      for (const bool table : {false, true}) {
        if (table && n > 33) continue;
        for (const u64 by : {u64{1}, u64{3}, u64{0x123456789abcdef1}}) {
          Sums same, opposite, signs;
          for (usize j = 0; j < n; j++) {
            same.term(0, table, small(by));
            opposite.term(j % 2, table, small(by));
            signs.term(0, table, j % 2 == 0 ? small(by) : subtracted(order_of(curve_of(group)), small(by)));
          }
          same.end(), opposite.end(), signs.end();
          Words total = times(first, group, multiple_of_sum(first, pool, 0, by), small(n));
          const Words rest = n % 2 == 0 ? infinity(group) : multiple_of_sum(first, pool, 0, by);
          CHECK(agreed(pool, same) == total);
          CHECK(agreed(pool, opposite) == rest);
          CHECK(agreed(pool, signs) == rest);
        }
      }
    }
  }
}

// Digits are signed, so that the highest window has to take a carry: all lengths of scalars, right below powers of two.
TEST(msm_of_scalars_right_below_powers_of_two) {
  for (const int group : GROUPS) {
    const Kernels *first = tables()[0];
    const Pool pool(first, group, 320 + group, 90);
    const usize n = group % 2 == 0 ? 90 : 48; // enough for buckets
    Words total = infinity(group);
    for (usize j = 0; j < n; j++) total = plus(first, group, total, pool.points[j]);
    for (usize bits = 1; bits <= 130; bits += group % 2 == 0 ? 1 : 3) {
      Words s(4);
      for (usize i = 0; i < bits; i++) s[i / 64] |= u64{1} << (i % 64);
      Sums sums;
      for (usize j = 0; j < n; j++) sums.term(j, false, s);
      sums.end();
      CHECK(agreed(pool, sums) == times(first, group, total, s));
    }
  }
}

TEST(msm_of_infinite_points_and_zero_scalars_is_infinity) {
  for (const int group : GROUPS) {
    const Kernels *k = tables()[0];
    Pool pool(k, group, 280 + group, 1);
    pool.add(k, infinity(group));
    const u64 *r = order_of(curve_of(group));
    for (const usize n : {1, 3, 8, 40, 150}) {
      for (const bool table : {false, true}) {
        if (table && n > 40) continue;
        Sums infinite, zero, one_left;
        for (usize j = 0; j < n; j++) {
          infinite.term(1, table, small(j + 5));
          zero.term(0, table, j % 2 == 0 ? small(0) : Words{r[0], r[1], r[2], r[3]});
          one_left.term(j == n / 2 ? 0 : 1, table, small(7));
        }
        infinite.end(), zero.end(), one_left.end();
        CHECK(agreed(pool, infinite) == infinity(group));
        CHECK(agreed(pool, zero) == infinity(group));
        CHECK(agreed(pool, one_left) == multiple_of_sum(k, pool, 0, 7));
      }
    }
  }
}

TEST(msm_does_not_depend_on_the_sums_beside_it) {
  for (const Kernels *k : tables())
    for (const int group : GROUPS) {
      const Pool pool(k, group, 290 + group, 12);
      Random random(300 + group);
      Sums together;
      std::vector<Sums> alone;
      for (const usize n : {27, 2, 0, 1, 90, 3, 2, 1, 1, 27, 2, 5, 1, 64, 4}) {
        Sums one;
        for (usize j = 0; j < n; j++) {
          const usize point = random.below(pool.points.size());
          const bool table = random.chance(2);
          const Words s = scalar(random, curve_of(group), random.chance(8) ? random.below(EDGE_SCALARS) : EDGE_SCALARS);
          together.term(point, table, s);
          one.term(point, table, s);
        }
        together.end(), one.end();
        alone.push_back(one);
      }
      Words expected;
      for (const Sums &one : alone) {
        const Words value = one.msm(k, pool);
        expected.insert(expected.end(), value.begin(), value.end());
      }
      CHECK(together.msm(k, pool) == expected);
    }
}

TEST(msm_tables_may_lie_at_any_address_of_a_word) {
  for (const Kernels *k : tables())
    for (const int group : GROUPS) {
      Random random(310 + group);
      const Words p = random_point(k, group, random);
      const usize words = k->msm_table_words(group);
      for (usize shift = 0; shift < 8; shift++) {
        Words block(words + 8);
        k->msm_table(group, 1, p.data(), block.data() + shift);
        std::vector<const u64 *> points(4, p.data()), at(4, block.data() + shift);
        const u64 offsets[5] = {0, 1, 2, 3, 4}, whole[2] = {0, 4};
        Words scalars, expected, out(4 * p.size()), sum(p.size());
        for (u64 i = 0; i < 4; i++) {
          const Words s = scalar(random, curve_of(group), i == 0 ? 7 : EDGE_SCALARS), value = times(k, group, p, s);
          scalars.insert(scalars.end(), s.begin(), s.end());
          expected.insert(expected.end(), value.begin(), value.end());
          sum = plus(k, group, sum, value);
        }
        k->msm(group, 4, offsets, points.data(), at.data(), scalars.data(), out.data());
        CHECK(out == expected);
        Words one(p.size());
        k->msm(group, 1, whole, points.data(), at.data(), scalars.data(), one.data());
        CHECK(one == sum);
      }
    }
}
