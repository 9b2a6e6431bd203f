// Pairings at the C ABI: lines, checks against a target, products as values.
#include "isa/entries.hpp"
#include "pairing/prepare.hpp"
#include "pairing/spread_miller.hpp"
#include "primitives/pairing_final.hpp"
#include "primitives/pairing_lines.hpp"
#include "primitives/pairing_points.hpp"

COPROC_BEGIN

namespace {

constexpr usize CHUNK = 64;     // pairs that share one accumulator: their running points fit the first-level cache
constexpr usize BLOCK = 1024;   // products whose values are held at a time
constexpr usize FEW_POINTS = 2; // whose lines are prepared: from here on in lanes
constexpr usize FEW_PAIRS = 3;  // in all products of a batch: less is done pair after pair

bool infinity(const u64 *point, int words) {
  u64 x = 0;
  for (int i = 0; i < words; i++) x |= point[i];
  return x == 0;
}

// Miller product of the pairs [first, last) given as points; pairs with an infinity are left out.
template <class C> typename C::F12 product_of_points(const u64 *g1, const u64 *g2, u64 first, u64 last) {
  constexpr int k = C::F::LIMBS;
  Pair<C> pairs[CHUNK];
  auto f = C::F12::one();
  bool started = false;
  while (first < last) {
    usize n = 0;
    for (; first < last && n < CHUNK; first++) {
      const u64 *p = g1 + first * 2 * k, *q = g2 + first * 4 * k;
      if (infinity(p, 2 * k) || infinity(q, 4 * k)) continue;
      pairs[n].x = C::F::load(p), pairs[n].y = C::F::load(p + k);
      pairs[n].qx = C::F2::load(q), pairs[n].qy = C::F2::load(q + 2 * k);
      pairs[n].live = true;
      n++;
    }
    if (n == 0) continue;
    const auto m = miller_loop<C>(pairs, n);
    f = started ? f * m : m;
    started = true;
  }
  return f;
}

template <class C> typename C::F12 stored_product(const PreparedPair<C> *pairs, usize n) {
#if COPROC_LANES
  bool normalised = true;
  for (usize i = 0; i < n; i++) normalised &= pairs[i].normalised;
  if (normalised) return miller_loop_spread<C, CHUNK>(pairs, n);
#endif
  return miller_loop<C>(pairs, n);
}

// The same with stored lines; a NULL pointer leaves the pair out.
template <class C> typename C::F12 product_of_lines(const u64 *g1, coproc_words lines, u64 first, u64 last) {
  using F = typename C::F;
  constexpr int k = F::LIMBS;
  PreparedPair<C> pairs[CHUNK];
  F inverses[CHUNK], scratch[CHUNK];
  auto f = C::F12::one();
  bool started = false;
  while (first < last) {
    usize n = 0;
    for (; first < last && n < CHUNK; first++) {
      const u64 *p = g1 + first * 2 * k;
      if (lines[first] == nullptr || infinity(p, 2 * k)) continue;
      pairs[n].x = F::load(p), pairs[n].y = F::load(p + k);
      pairs[n].lines = lines[first];
      pairs[n].normalised = true;
      if constexpr (!C::M_TWIST) pairs[n].normalised = lines_normalised(lines[first]);
      inverses[n] = pairs[n].y;
      n++;
    }
    if (n == 0) continue;
    // y != 0: a point of prime order r > 2
    batch_inverse(inverses, n, scratch);
    for (usize i = 0; i < n; i++) {
      pairs[i].iy = inverses[i];
      pairs[i].xy = pairs[i].x * inverses[i];
    }
    const auto m = stored_product<C>(pairs, n);
    f = started ? f * m : m;
    started = true;
  }
  return f;
}

// out[i] = Miller product of the pairs of element i, given as points.
template <class C> void miller_products(usize m, const u64 *offsets, const u64 *g1, const u64 *g2, u64 *out) {
  constexpr int k = C::F::LIMBS;
  if (offsets[m] - offsets[0] >= FEW_PAIRS) {
    Plan plan(m, offsets, [&](u64 j) { return !infinity(g1 + j * 2 * k, 2 * k) && !infinity(g2 + j * 4 * k, 4 * k); });
    if (plan.ok()) {
#if COPROC_LANES
      using C8 = typename C::template In<Lane8>;
      const double time = plan.choose(1, Costs<C>::POINTS);
      if (plan.choose(8, Costs<C8>::POINTS) < time && (plan.lay(), products_of_points<C8>(plan, m, g1, g2, out))) return;
#endif
      plan.choose(1, Costs<C>::POINTS);
      plan.lay();
      if (!Costs<C>::POINTS.separate(plan.pairs()) && products_of_points<C>(plan, m, g1, g2, out)) return;
    }
  }
  for (usize i = 0; i < m; i++) product_of_points<C>(g1, g2, offsets[i], offsets[i + 1]).store(out + i * 12 * k);
}

// The same with stored lines.
template <class C> void line_products(usize m, const u64 *offsets, const u64 *g1, coproc_words lines, u64 *out) {
  constexpr int k = C::F::LIMBS;
#if COPROC_LANES
  if (offsets[m] - offsets[0] >= FEW_PAIRS) {
    Plan plan(m, offsets, [&](u64 j) { return lines[j] != nullptr && !infinity(g1 + j * 2 * k, 2 * k); });
    using C8 = typename C::template In<Lane8>;
    if (plan.ok()) {
      const double time = plan.choose(1, Costs<C>::LINES);
      if (plan.choose(8, Costs<C8>::LINES) < time && (plan.lay(), products_of_lines<C8>(plan, m, g1, lines, out))) return;
    }
  }
#endif
  for (usize i = 0; i < m; i++) product_of_lines<C>(g1, lines, offsets[i], offsets[i + 1]).store(out + i * 12 * k);
}

template <class C> void pairing_check(usize m, const u64 *offsets, const u64 *g1, coproc_words lines, coproc_words targets, u8 *verdict) {
  using F12 = typename C::F12;
  constexpr usize WORDS = 12 * C::F::LIMBS;
  Buffer<u64> values((m < BLOCK ? m : BLOCK) * WORDS);
  const auto block = [&](usize first, usize n, u64 *f) {
    line_products<C>(n, offsets + first, g1, lines, f);
    // a line through P may vanish where the lines are supplied: 0 has no final exponentiation
    for (usize i = 0; i < n; i++) verdict[first + i] = !is_zero(F12::load(f + i * WORDS));
    final_exponentiations<C>(n, f, f);
    for (usize i = 0; i < n; i++) {
      const u64 *target = targets ? targets[first + i] : nullptr;
      verdict[first + i] &= F12::load(f + i * WORDS) == (target ? F12::load(target) : F12::one());
    }
  };
  u64 one[WORDS];
  if (!values.ok())
    for (usize i = 0; i < m; i++) block(i, 1, one);
  else
    for (usize i = 0; i < m; i += BLOCK) block(i, m - i < BLOCK ? m - i : BLOCK, values.data());
}

template <class C> void lines_of(usize n, const u64 *g2, u64 *out) {
  constexpr usize k = C::F::LIMBS, WORDS = C::LINES * C::LINE_WORDS;
  const auto one = [&](usize i) { prepare_lines(C::F2::load(g2 + i * 4 * k), C::F2::load(g2 + i * 4 * k + 2 * k), out + i * WORDS); };
#if COPROC_LANES
  using C8 = typename C::template In<Lane8>;
  using F2 = typename C8::F2;
  Buffer<Line<F2>> lines(n < FEW_POINTS ? 1 : C::LINES);
  Buffer<F2> scratch(n < FEW_POINTS ? 1 : 2 * C::LINES);
  const bool lanes = n >= FEW_POINTS && lines.ok() && scratch.ok();
#endif
  usize waiting[8], many = 0;
  const auto finish = [&] {
#if COPROC_LANES
    if (lanes && many >= FEW_POINTS) {
      const u64 *from[8];
      u64 *to[8];
      for (usize i = 0; i < 8; i++) from[i] = g2 + waiting[i < many ? i : 0] * 4 * k, to[i] = out + waiting[i < many ? i : 0] * WORDS;
      prepare_lines<C8>(from, to, Mask8::first(many), lines.data(), scratch.data());
      many = 0;
    }
#endif
    for (usize i = 0; i < many; i++) one(waiting[i]);
    many = 0;
  };
  for (usize i = 0; i < n; i++) {
    if (infinity(g2 + i * 4 * k, 4 * k)) std::memset(out + i * WORDS, 0, sizeof(u64) * WORDS);
    else waiting[many++] = i;
    if (many == 8) finish();
  }
  finish();
}

} // namespace

usize k_lines_words(int curve) {
  return curve == COPROC_BLS12_381 ? PairingBls12381::LINES * PairingBls12381::LINE_WORDS : PairingBn254::LINES * PairingBn254::LINE_WORDS;
}

void k_lines(int curve, usize n, const u64 *g2_points, u64 *lines) {
  if (curve == COPROC_BLS12_381) lines_of<PairingBls12381>(n, g2_points, lines);
  else lines_of<PairingBn254>(n, g2_points, lines);
}

void k_pairing_check(int curve, usize m, const u64 *offsets, const u64 *g1, coproc_words lines, coproc_words targets, u8 *verdict) {
  if (curve == COPROC_BLS12_381) pairing_check<PairingBls12381>(m, offsets, g1, lines, targets, verdict);
  else pairing_check<PairingBn254>(m, offsets, g1, lines, targets, verdict);
}

void k_pairing(int curve, usize m, const u64 *offsets, const u64 *g1, const u64 *g2, u64 *gt) {
  k_miller_loop(curve, m, offsets, g1, g2, gt);
  k_final_exponentiation(curve, m, gt, gt);
}

void k_miller_loop(int curve, usize m, const u64 *offsets, const u64 *g1, const u64 *g2, u64 *out) {
  if (curve == COPROC_BLS12_381) miller_products<PairingBls12381>(m, offsets, g1, g2, out);
  else miller_products<PairingBn254>(m, offsets, g1, g2, out);
}

void k_miller_loop_lines(int curve, usize m, const u64 *offsets, const u64 *g1, coproc_words lines, u64 *out) {
  if (curve == COPROC_BLS12_381) line_products<PairingBls12381>(m, offsets, g1, lines, out);
  else line_products<PairingBn254>(m, offsets, g1, lines, out);
}

void k_final_exponentiation(int curve, usize n, const u64 *in, u64 *gt) {
  if (curve == COPROC_BLS12_381) final_exponentiations<PairingBls12381>(n, in, gt);
  else final_exponentiations<PairingBn254>(n, in, gt);
}

COPROC_END
