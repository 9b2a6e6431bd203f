// Pairings through the C ABI, on every instruction set of this machine.
#include "abi.hpp"

using namespace native;

namespace {

Words product(const Kernels *k, int curve, const Words &a, const Words &b) {
  Words out(a.size());
  k->fp12(curve, COPROC_MUL, 1, a.data(), b.data(), out.data());
  return out;
}
Words one(int curve) {
  Words out(gt_words(curve));
  if (curve == COPROC_BLS12_381) std::memcpy(out.data(), constants::bls12_381::Fp::ONE, 48);
  else std::memcpy(out.data(), constants::bn254::Fp::ONE, 32);
  return out;
}
Words power(const Kernels *k, int curve, const Words &base, const Words &exponent) {
  Words out = one(curve);
  for (int i = 255; i >= 0; i--) {
    Words square(out.size());
    k->fp12(curve, COPROC_SQR, 1, out.data(), nullptr, square.data());
    out = (exponent[i / 64] >> (i % 64) & 1) != 0 ? product(k, curve, square, base) : square;
  }
  return out;
}

struct Pairs {
  const Kernels *k;
  int curve;
  Words g1 = {}, g2 = {};
  u64 n = 0;
  Pairs &add(const Words &p, const Words &q) {
    g1.insert(g1.end(), p.begin(), p.end());
    g2.insert(g2.end(), q.begin(), q.end());
    n++;
    return *this;
  }
  Words value() const {
    Words out(gt_words(curve));
    const u64 offsets[2] = {0, n};
    k->pairing(curve, 1, offsets, g1.data(), g2.data(), out.data());
    return out;
  }
  // with lines prepared once a point, infinity as NULL; target may be null
  bool check(const u64 *target = nullptr) const {
    const usize words = k->lines_words(curve), point = point_words(g2_of(curve));
    Words lines(words * n);
    k->lines(curve, n, g2.data(), lines.data());
    std::vector<const u64 *> list;
    for (u64 i = 0; i < n; i++) {
      const Words q(g2.begin() + static_cast<long>(i * point), g2.begin() + static_cast<long>((i + 1) * point));
      list.push_back(q == infinity(g2_of(curve)) ? nullptr : lines.data() + i * words);
    }
    const u64 offsets[2] = {0, n};
    u8 verdict = 99;
    k->pairing_check(curve, 1, offsets, g1.data(), list.data(), target != nullptr ? &target : nullptr, &verdict);
    CHECK(verdict <= 1);
    return verdict == 1;
  }
};

Words pairing(const Kernels *k, int curve, const Words &p, const Words &q) { return Pairs{k, curve}.add(p, q).value(); }

} // namespace

TEST(pairing_is_bilinear) {
  for (const Kernels *k : tables())
    for (const int curve : CURVES) {
      Random random(curve);
      const int first = g1_of(curve), second = g2_of(curve);
      const Words p = generator(first), q = generator(second), e = pairing(k, curve, p, q);
      CHECK(e != one(curve));
      for (u64 i = 0; i < EDGE_SCALARS + 6; i++) {
        const Words a = scalar(random, curve, i), b = scalar(random, curve, EDGE_SCALARS), ab = modular(k, curve, COPROC_MUL, a, b);
        const Words ap = times(k, first, p, a), bq = times(k, second, q, b);
        CHECK(pairing(k, curve, ap, bq) == power(k, curve, e, ab));
        CHECK(pairing(k, curve, times(k, first, p, b), times(k, second, q, a)) == power(k, curve, e, ab));
      }
      const Words r = random_point(k, first, random), s = random_point(k, second, random);
      CHECK(pairing(k, curve, plus(k, first, p, r), s) == product(k, curve, pairing(k, curve, p, s), pairing(k, curve, r, s)));
      CHECK(pairing(k, curve, r, plus(k, second, q, s)) == product(k, curve, pairing(k, curve, r, q), pairing(k, curve, r, s)));
    }
}

TEST(pairing_values_have_the_order_of_the_group) {
  for (const Kernels *k : tables())
    for (const int curve : CURVES) {
      Random random(5 + curve);
      const Words e = pairing(k, curve, random_point(k, g1_of(curve), random), random_point(k, g2_of(curve), random));
      const u64 *r = order_of(curve);
      CHECK(power(k, curve, e, {r[0], r[1], r[2], r[3]}) == one(curve));
      CHECK(e != one(curve));
    }
}

TEST(pairing_is_the_final_exponentiation_of_the_miller_loop) {
  for (const Kernels *k : tables())
    for (const int curve : CURVES) {
      Random random(9 + curve);
      for (u64 n = 0; n < 5; n++) {
        Pairs pairs{k, curve};
        Words each = one(curve);
        for (u64 i = 0; i < n; i++) {
          const Words p = random_point(k, g1_of(curve), random), q = random_point(k, g2_of(curve), random);
          pairs.add(p, q);
          each = product(k, curve, each, pairing(k, curve, p, q));
        }
        const u64 offsets[2] = {0, n};
        Words f(gt_words(curve)), gt(gt_words(curve));
        k->miller_loop(curve, 1, offsets, pairs.g1.data(), pairs.g2.data(), f.data());
        k->final_exponentiation(curve, 1, f.data(), gt.data());
        CHECK(gt == each && pairs.value() == each);
        CHECK(pairs.check(each.data()));
        CHECK(n == 0 || !pairs.check());
        Words wrong = each;
        wrong[3] ^= 1;
        CHECK(!pairs.check(wrong.data()));
      }
    }
}

TEST(pairing_check_accepts_products_that_are_one_and_no_others) {
  for (const Kernels *k : tables())
    for (const int curve : CURVES) {
      Random random(13 + curve);
      const int first = g1_of(curve), second = g2_of(curve);
      for (int round = 0; round < 4; round++) {
        const Words a = scalar(random, curve, EDGE_SCALARS), b = scalar(random, curve, EDGE_SCALARS);
        const Words p = random_point(k, first, random), q = random_point(k, second, random), minus = negated(k, first, p);
        const Words pa = times(k, first, p, a), qa = times(k, second, q, a), pb = times(k, first, p, b), qb = times(k, second, q, b);
        CHECK((Pairs{k, curve}.add(pa, q).add(minus, qa).check()));
        CHECK((Pairs{k, curve}.add(pa, qb).add(negated(k, first, pb), qa).check()));
        CHECK((Pairs{k, curve}.add(pa, q).add(pb, q).add(minus, plus(k, second, qa, qb)).check()));
        CHECK((!Pairs{k, curve}.add(pa, q).add(minus, qb).check()));
        CHECK((!Pairs{k, curve}.add(pa, q).add(p, qa).check()));
        CHECK((!Pairs{k, curve}.add(pa, q).check()));
        // Pairs with an infinity on either side count as one.
        CHECK((Pairs{k, curve}.add(infinity(first), q).check() && Pairs{k, curve}.add(p, infinity(second)).check() &&
               Pairs{k, curve}.check()));
        CHECK((Pairs{k, curve}.add(infinity(first), q).add(pa, q).add(p, infinity(second)).add(minus, qa).check()));
        CHECK((pairing(k, curve, infinity(first), q) == one(curve) && pairing(k, curve, p, infinity(second)) == one(curve)));
      }
    }
}

TEST(pairing_check_takes_batches_of_many_pairs) {
  for (const Kernels *k : tables())
    for (const int curve : CURVES) {
      Random random(17 + curve);
      const int first = g1_of(curve), second = g2_of(curve);
      for (const u64 n : {64, 65, 130}) { // around the width of a shared accumulator
        Pairs pairs{k, curve};
        const Words q = random_point(k, second, random);
        Words sum = infinity(first);
        for (u64 i = 0; i + 1 < n; i++) {
          const Words p = times(k, first, generator(first), small(random.below(1000) + 1));
          pairs.add(p, q);
          sum = plus(k, first, sum, p);
        }
        pairs.add(negated(k, first, sum), q);
        CHECK(pairs.check());
        CHECK(pairs.value() == one(curve));
        const Words other = negated(k, first, generator(first)); // none of the points, which are 1 to 1000 times the generator
        std::memcpy(pairs.g1.data(), other.data(), 8 * other.size());
        CHECK(!pairs.check());
      }
    }
}

// f^(p^6) and f have the same image, and a value in Fp6 has image one: the first factor of the exponent is p^6 - 1.
TEST(final_exponentiation_is_a_homomorphism_that_kills_the_cubic_subfield) {
  for (const Kernels *k : tables())
    for (const int curve : CURVES) {
      Random random(21 + curve);
      const int words = gt_words(curve), field = curve == COPROC_BLS12_381 ? COPROC_BLS12_381_FP : COPROC_BN254_FP;
      const auto element = [&](int coordinates) {
        Words out(words), raw(words);
        random.fill(raw.data(), raw.size());
        const int limbs = words / 12;
        k->field(field, COPROC_TO_MONT, coordinates, raw.data(), nullptr, out.data());
        for (int i = coordinates * limbs; i < words; i++) out[i] = 0;
        return out;
      };
      const auto image = [&](const Words &f) {
        Words out(words);
        k->final_exponentiation(curve, 1, f.data(), out.data());
        return out;
      };
      const Words f = element(12), g = element(12);
      CHECK(image(product(k, curve, f, g)) == product(k, curve, image(f), image(g)));
      CHECK(image(element(6)) == one(curve) && image(element(2)) == one(curve));
      CHECK(image(product(k, curve, f, element(6))) == image(f));
      CHECK(image(one(curve)) == one(curve));
      CHECK(image(Words(words)) == Words(words));
    }
}

TEST(instruction_sets_agree_on_lines_and_pairings) {
  const auto all = tables();
  for (const int curve : CURVES) {
    Random random(25 + curve);
    for (int round = 0; round < 5; round++) {
      const Words p = random_point(all[0], g1_of(curve), random), q = random_point(all[0], g2_of(curve), random);
      Words reference(all[0]->lines_words(curve));
      all[0]->lines(curve, 1, q.data(), reference.data());
      for (const Kernels *k : all) {
        CHECK(k->lines_words(curve) == reference.size());
        Words lines(reference.size());
        k->lines(curve, 1, q.data(), lines.data());
        CHECK(lines == reference);
        CHECK(pairing(k, curve, p, q) == pairing(all[0], curve, p, q));
      }
    }
  }
}
