// Pairings at the C ABI: lines, checks against a target, products as values.
#include "isa/entries.hpp"
#include "pairing/miller.hpp"
#include "pairing/prepare.hpp"

COPROC_BEGIN

namespace {

constexpr usize CHUNK = 64; // pairs that share one accumulator: their running points fit the first-level cache

template <class C> bool infinity(const u64 *point, int words) {
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
      if (infinity<C>(p, 2 * k) || infinity<C>(q, 4 * k)) continue;
      pairs[n].x = C::F::load(p), pairs[n].y = C::F::load(p + k);
      pairs[n].qx = C::F2::load(q), pairs[n].qy = C::F2::load(q + 2 * k);
      n++;
    }
    if (n == 0) continue;
    const auto m = miller_loop<C>(pairs, n);
    f = started ? f * m : m;
    started = true;
  }
  return f;
}

// The same with stored lines; a NULL pointer leaves the pair out.
template <class C> typename C::F12 product_of_lines(const u64 *g1, coproc_words lines, u64 first, u64 last, bool &any) {
  using F = typename C::F;
  constexpr int k = F::LIMBS;
  PreparedPair<C> pairs[CHUNK];
  F inverses[CHUNK], scratch[CHUNK];
  auto f = C::F12::one();
  any = false;
  while (first < last) {
    usize n = 0;
    for (; first < last && n < CHUNK; first++) {
      const u64 *p = g1 + first * 2 * k;
      if (lines[first] == nullptr || infinity<C>(p, 2 * k)) continue;
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
    const auto m = miller_loop<C>(static_cast<const PreparedPair<C> *>(pairs), n);
    f = any ? f * m : m;
    any = true;
  }
  return f;
}

template <class C> void pairing_check(usize m, const u64 *offsets, const u64 *g1, coproc_words lines, coproc_words targets, u8 *verdict) {
  for (usize i = 0; i < m; i++) {
    bool any = false;
    const auto f = product_of_lines<C>(g1, lines, offsets[i], offsets[i + 1], any);
    const auto target = targets && targets[i] ? C::F12::load(targets[i]) : C::F12::one();
    if (!any) verdict[i] = target == C::F12::one();
    // a line through P may vanish where the lines are supplied: 0 has no final exponentiation
    else verdict[i] = !is_zero(f) && final_exponentiation<C>(f) == target;
  }
}

template <class C, class Finish> void products(usize m, const u64 *offsets, const u64 *g1, const u64 *g2, u64 *out, Finish finish) {
  for (usize i = 0; i < m; i++) finish(product_of_points<C>(g1, g2, offsets[i], offsets[i + 1])).store(out + i * 12 * C::F::LIMBS);
}

template <class C> void line_products(usize m, const u64 *offsets, const u64 *g1, coproc_words lines, u64 *out) {
  for (usize i = 0; i < m; i++) {
    bool any = false;
    product_of_lines<C>(g1, lines, offsets[i], offsets[i + 1], any).store(out + i * 12 * C::F::LIMBS);
  }
}

template <class C> void lines_of(usize n, const u64 *g2, u64 *out) {
  constexpr int k = C::F::LIMBS;
  for (usize i = 0; i < n; i++) {
    const u64 *q = g2 + i * 4 * k;
    u64 *to = out + i * C::LINES * C::LINE_WORDS;
    if (infinity<C>(q, 4 * k)) std::memset(to, 0, sizeof(u64) * C::LINES * C::LINE_WORDS);
    else prepare_lines(C::F2::load(q), C::F2::load(q + 2 * k), to);
  }
}

template <class C> void final_exponentiations(usize n, const u64 *in, u64 *gt) {
  constexpr int w = 12 * C::F::LIMBS;
  for (usize i = 0; i < n; i++) {
    const auto f = C::F12::load(in + i * w);
    (is_zero(f) ? f : final_exponentiation<C>(f)).store(gt + i * w);
  }
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
  if (curve == COPROC_BLS12_381)
    products<PairingBls12381>(m, offsets, g1, g2, gt, [](const bls12_381::Fp12 &f) { return final_exponentiation<PairingBls12381>(f); });
  else products<PairingBn254>(m, offsets, g1, g2, gt, [](const bn254::Fp12 &f) { return final_exponentiation<PairingBn254>(f); });
}

void k_miller_loop(int curve, usize m, const u64 *offsets, const u64 *g1, const u64 *g2, u64 *out) {
  if (curve == COPROC_BLS12_381) products<PairingBls12381>(m, offsets, g1, g2, out, [](const bls12_381::Fp12 &f) { return f; });
  else products<PairingBn254>(m, offsets, g1, g2, out, [](const bn254::Fp12 &f) { return f; });
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
