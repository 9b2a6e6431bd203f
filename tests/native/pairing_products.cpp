// Products of pairings of every shape, on every instruction set: as the products of single pairings of the portable one.
#include "abi.hpp"

using namespace native;

namespace {

// Points of each group, their prepared lines and the pairing of each with its partner, from the portable instruction set.
struct Pool {
  static constexpr u64 SIZE = 24;
  const Kernels *k;
  int curve;
  usize first, second, gt, line;
  Words g1 = {}, g2 = {}, lines = {}, divided = {}, values = {}, one = {}; // divided: lines with l0 = 1

  // (l0, l1, l2) <- (1, l1 / l0, l2 / l0), by the arithmetic of Fp12
  void divide(u64 *l) const {
    Words l0(gt), inverted(gt), out(gt);
    std::memcpy(l0.data(), l, 64);
    k->fp12(curve, COPROC_INV, 1, l0.data(), nullptr, inverted.data());
    for (int i = 0; i < 3; i++) {
      Words x(gt);
      std::memcpy(x.data(), l + 8 * i, 64);
      k->fp12(curve, COPROC_MUL, 1, x.data(), inverted.data(), out.data());
      std::memcpy(l + 8 * i, out.data(), 64);
    }
  }

  Pool(const Kernels *table, int of)
      : k(table), curve(of), first(point_words(g1_of(of))), second(point_words(g2_of(of))), gt(gt_words(of)), line(table->lines_words(of)) {
    Random random(101 + curve);
    for (u64 i = 0; i < SIZE; i++) {
      const Words p = random_point(k, g1_of(curve), random), q = random_point(k, g2_of(curve), random);
      g1.insert(g1.end(), p.begin(), p.end());
      g2.insert(g2.end(), q.begin(), q.end());
    }
    std::vector<u64> offsets(SIZE + 1);
    for (u64 i = 0; i <= SIZE; i++) offsets[i] = i;
    lines.resize(SIZE * line), values.resize(SIZE * gt), one.resize(gt);
    k->lines(curve, SIZE, g2.data(), lines.data());
    k->pairing(curve, SIZE, offsets.data(), g1.data(), g2.data(), values.data());
    divided = lines;
    if (curve == COPROC_BN254)
      for (usize at = 0; at < lines.size(); at += 24) divide(divided.data() + at);
    const u64 none[2] = {0, 0};
    k->pairing(curve, 1, none, g1.data(), g2.data(), one.data());
  }
};

// Which lists of lines a batch takes.
enum class Lists { AS_THEY_COME, DIVIDED, MIXED };

// A batch of products over the pool, with an infinity or a missing list of lines here and there, and their values.
struct Batch {
  const Pool &pool;
  Lists lists = Lists::AS_THEY_COME;
  std::vector<u64> offsets = {0};
  Words g1 = {}, g2 = {}, values = {};
  std::vector<const u64 *> lines = {};

  void add(Random &random, u64 pairs) {
    Words value = pool.one;
    for (u64 i = 0; i < pairs; i++) {
      const u64 j = random.below(Pool::SIZE), kind = random.below(10);
      const auto at = [&](const Words &w, usize width) { return w.begin() + static_cast<long>(j * width); };
      Words p(at(pool.g1, pool.first), at(pool.g1, pool.first) + static_cast<long>(pool.first));
      Words q(at(pool.g2, pool.second), at(pool.g2, pool.second) + static_cast<long>(pool.second));
      if (kind == 0) p = infinity(g1_of(pool.curve));
      if (kind == 1) q = infinity(g2_of(pool.curve));
      g1.insert(g1.end(), p.begin(), p.end());
      g2.insert(g2.end(), q.begin(), q.end());
      const bool divided = lists == Lists::DIVIDED || (lists == Lists::MIXED && random.chance(2));
      lines.push_back(kind == 1 ? nullptr : (divided ? pool.divided : pool.lines).data() + j * pool.line);
      if (kind < 2) continue;
      Words product(pool.gt);
      pool.k->fp12(pool.curve, COPROC_MUL, 1, value.data(), pool.values.data() + j * pool.gt, product.data());
      value = product;
    }
    values.insert(values.end(), value.begin(), value.end());
    offsets.push_back(lines.size());
  }
  usize size() const { return offsets.size() - 1; }

  void check(const Kernels *k) const {
    const usize m = size();
    Words f(m * pool.gt + 1), gt(m * pool.gt + 1), want = values;
    want.push_back(0);
    k->pairing(pool.curve, m, offsets.data(), g1.data(), g2.data(), gt.data());
    CHECK(gt == want);
    k->miller_loop(pool.curve, m, offsets.data(), g1.data(), g2.data(), f.data());
    k->final_exponentiation(pool.curve, m, f.data(), gt.data());
    CHECK(gt == want);
    k->miller_loop_lines(pool.curve, m, offsets.data(), g1.data(), lines.data(), f.data());
    k->final_exponentiation(pool.curve, m, f.data(), f.data());
    CHECK(f == want);

    // right targets, every third element another's
    std::vector<const u64 *> targets;
    for (usize i = 0; i < m; i++) targets.push_back(want.data() + (i % 3 == 2 ? i - 1 : i) * pool.gt);
    std::vector<u8> verdict(m, 7);
    k->pairing_check(pool.curve, m, offsets.data(), g1.data(), lines.data(), targets.data(), verdict.data());
    for (usize i = 0; i < m; i++) {
      const u64 *own = want.data() + i * pool.gt;
      CHECK(verdict[i] == (std::memcmp(own, targets[i], 8 * pool.gt) == 0));
    }
    k->pairing_check(pool.curve, m, offsets.data(), g1.data(), lines.data(), nullptr, verdict.data());
    for (usize i = 0; i < m; i++) CHECK(verdict[i] == (std::memcmp(want.data() + i * pool.gt, pool.one.data(), 8 * pool.gt) == 0));
  }
};

} // namespace

TEST(batches_of_short_products_are_products_of_single_pairings) {
  for (const int curve : CURVES) {
    const Pool pool(tables()[0], curve);
    Random random(103 + curve);
    for (u64 m = 0; m <= 20; m++) {
      Batch batch{pool, static_cast<Lists>(m % 3)};
      for (u64 i = 0; i < m; i++) batch.add(random, random.below(6));
      for (const Kernels *k : tables()) batch.check(k);
    }
  }
}

TEST(one_product_of_any_length_is_the_product_of_single_pairings) {
  for (const int curve : CURVES) {
    const Pool pool(tables()[0], curve);
    Random random(107 + curve);
    for (u64 n = 0; n <= 100; n += n < 20 ? 1 : 7) {
      Batch batch{pool, static_cast<Lists>(n % 3)};
      batch.add(random, n);
      for (const Kernels *k : tables()) batch.check(k);
    }
  }
}

TEST(long_and_short_products_do_not_disturb_each_other) {
  for (const int curve : CURVES) {
    const Pool pool(tables()[0], curve);
    Random random(109 + curve);
    Batch batch{pool, Lists::DIVIDED};
    for (const u64 n : {1, 0, 600, 2, 3, 65, 0, 9, 130, 1, 1, 64}) batch.add(random, n);
    for (const Kernels *k : tables()) batch.check(k);
  }
}

// Lines of BN254 come as (l0, l1, l2), divided by l0 or not, and are supplied: a list of zeros makes its product zero.
TEST(supplied_lines_that_vanish_make_their_own_product_zero) {
  const int curve = COPROC_BN254;
  const Pool pool(tables()[0], curve);
  Random random(113);
  for (const u64 m : {1, 2, 5, 8, 9, 23}) {
    Batch batch{pool};
    for (u64 i = 0; i < m; i++) batch.add(random, 1 + random.below(4));
    const Words zeros(pool.line);
    Words late(pool.lines.begin(), pool.lines.begin() + static_cast<long>(pool.line)); // its last line alone vanishes
    for (usize i = pool.line - 24; i < pool.line; i++) late[i] = 0;
    std::vector<bool> vanishes(m);
    for (u64 i = 0; i < m; i++)
      for (u64 j = batch.offsets[i]; j < batch.offsets[i + 1]; j++) {
        if (batch.lines[j] == nullptr || random.below(4) != 0) continue;
        batch.lines[j] = random.chance(2) ? zeros.data() : late.data();
        const Words p(batch.g1.begin() + static_cast<long>(j * pool.first), batch.g1.begin() + static_cast<long>((j + 1) * pool.first));
        if (p != infinity(g1_of(curve))) vanishes[i] = true;
      }
    for (const Kernels *k : tables()) {
      Words f(m * pool.gt);
      k->miller_loop_lines(curve, m, batch.offsets.data(), batch.g1.data(), batch.lines.data(), f.data());
      std::vector<u8> verdict(m, 7);
      std::vector<const u64 *> targets;
      for (u64 i = 0; i < m; i++) targets.push_back(vanishes[i] ? zeros.data() : batch.values.data() + i * pool.gt);
      k->pairing_check(curve, m, batch.offsets.data(), batch.g1.data(), batch.lines.data(), targets.data(), verdict.data());
      for (u64 i = 0; i < m; i++) {
        const Words value(f.begin() + static_cast<long>(i * pool.gt), f.begin() + static_cast<long>((i + 1) * pool.gt));
        CHECK((value == Words(pool.gt)) == vanishes[i]);
        CHECK(verdict[i] == !vanishes[i]);
      }
    }
  }
}

TEST(batches_of_lines_are_the_lines_of_each_point) {
  for (const int curve : CURVES) {
    const Pool pool(tables()[0], curve);
    for (const u64 n : {1, 2, 3, 7, 8, 9, 17, 24}) {
      Words g2(pool.g2.begin(), pool.g2.begin() + static_cast<long>(n * pool.second)),
          want(pool.lines.begin(), pool.lines.begin() + static_cast<long>(n * pool.line));
      if (n > 4) { // infinity has zeros
        std::memset(g2.data() + 2 * pool.second, 0, 8 * pool.second);
        std::memset(want.data() + 2 * pool.line, 0, 8 * pool.line);
      }
      for (const Kernels *k : tables()) {
        Words lines(n * pool.line, 3);
        k->lines(curve, n, g2.data(), lines.data());
        CHECK(lines == want);
      }
    }
  }
}

// Values beside 0 and 1, which have no compressed squares.
TEST(final_exponentiations_of_a_batch_are_those_of_its_elements) {
  for (const int curve : CURVES) {
    const Pool pool(tables()[0], curve);
    Random random(127 + curve);
    for (u64 n = 1; n <= 19; n++) {
      Words f, want;
      for (u64 i = 0; i < n; i++) {
        const u64 kind = random.below(6);
        Words value = kind == 0 ? Words(pool.gt) : pool.one, image(pool.gt);
        const u64 j = random.below(Pool::SIZE);
        if (kind > 1) pool.k->miller_loop(curve, 1, std::vector<u64>{j, j + 1}.data(), pool.g1.data(), pool.g2.data(), value.data());
        pool.k->final_exponentiation(curve, 1, value.data(), image.data());
        f.insert(f.end(), value.begin(), value.end());
        want.insert(want.end(), image.begin(), image.end());
      }
      for (const Kernels *k : tables()) {
        Words gt(f.size());
        k->final_exponentiation(curve, n, f.data(), gt.data());
        CHECK(gt == want);
      }
    }
  }
}
