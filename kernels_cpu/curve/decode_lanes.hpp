// Eight points at a time from bytes and through the two tests: bytes are read one by one, field and curve arithmetic is done in lanes.
#pragma once
#include "curve/decode.hpp"
#include "curve/lanes.hpp"

#if COPROC_LANES
COPROC_BEGIN

// y[k] of the points (x[k], y[k]): the larger root or the smaller, for K vectors; ok is false where x^3 + b is no square.
template <class G, int K> COPROC_INLINE void lift_x(const typename G::F *x, const Mask8 *larger, typename G::F *y, Mask8 *ok) {
  using F = typename G::F;
  F a[K];
  for (int k = 0; k < K; k++) a[k] = sqr(x[k]) * x[k] + G::b();
  sqrt<K>(a, a, ok);
  for (int k = 0; k < K; k++) y[k] = select(is_larger(a[k]) == larger[k], a[k], -a[k]);
}

// decode of coproc.h for count <= 8 K elements of the group G of one lane. Lanes without coordinates take those of another element; what
// comes out of them is not stored.
template <class G, int K>
COPROC_NOINLINE void decode_vectors(int encoding, int checks, usize count, coproc_data data, u64 *points, u8 *status) {
  using F1 = typename G::F;
  using G8 = Eight<G>;
  using F = typename G8::F;
  constexpr usize STRIDE = 2 * WORDS<F1>;
  Encoded<F1> e[8 * K];
  const Encoded<F1> *some = nullptr; // one with coordinates
  for (usize i = 0; i < count; i++) {
    e[i] = read_point<F1>(encoding, data[i]);
    switch (e[i].form) {
    case Form::INVALID:
      status[i] = COPROC_INVALID;
      break;
    case Form::UNREDUCED:
      status[i] = COPROC_UNREDUCED;
      break;
    case Form::INFINITE:
      status[i] = COPROC_OK;
      break;
    default:
      status[i] = COPROC_INVALID; // until shown otherwise
      some = &e[i];
      break;
    }
  }
  std::memset(points, 0, count * STRIDE * sizeof(u64));
  if (some == nullptr) return;

  const bool compressed = some->form == Form::X_ONLY, montgomery = holds_montgomery(encoding);
  Affine<F> p[K];
  Mask8 there[K], larger[K], ok[K];
  F x[K], y[K];
  for (int k = 0; k < K; k++) {
    const u64 *at[8];
    there[k] = larger[k] = Mask8::none();
    for (int i = 0; i < 8; i++) {
      const usize j = static_cast<usize>(8 * k + i);
      const bool has = j < count && (e[j].form == Form::X_ONLY || e[j].form == Form::X_AND_Y);
      at[i] = has ? e[j].words : some->words;
      there[k].set_lane(i, has);
      larger[k].set_lane(i, has && e[j].larger);
    }
    const Addresses<const u64> y_at(at, WORDS<F1>);
    x[k] = montgomery ? gather<F>(at) : gather_plain<F>(at);
    if (!compressed) y[k] = montgomery ? gather<F>(y_at.at) : gather_plain<F>(y_at.at);
  }
  if (compressed) lift_x<G8, K>(x, larger, y, ok);
  for (int k = 0; k < K; k++) {
    p[k] = {x[k], y[k]};
    if (!compressed) {
      ok[k] = !p[k].infinity();
      if (checks != 0) ok[k] &= on_curve(p[k], G8::b());
    }
    ok[k] &= there[k];
    if ((checks & COPROC_IN_SUBGROUP) && any(ok[k])) ok[k] &= Subgroup<G8>::contains(p[k]);
    const usize left = count - static_cast<usize>(8 * k);
    scatter_affine(p[k], Addresses<u64>(points + static_cast<usize>(8 * k) * STRIDE, STRIDE, left).at, ok[k]);
    for (int i = 0; i < 8; i++)
      if (ok[k].lane(i)) status[8 * k + i] = COPROC_OK;
  }
}

// check of coproc.h for count <= 8 points.
template <class G> COPROC_NOINLINE void check_vector(int checks, usize count, const u64 *points, u8 *status) {
  using G8 = Eight<G>;
  constexpr usize STRIDE = 2 * WORDS<typename G::F>;
  const auto p = gather_affine<typename G8::F>(Addresses<const u64>(points, STRIDE, count).at);
  const Mask8 infinite = p.infinity();
  Mask8 ok = checks == 0 ? Mask8::every() : on_curve(p, G8::b()) | infinite;
  if ((checks & COPROC_IN_SUBGROUP) && any(ok & !infinite)) ok &= Subgroup<G8>::contains(p) | infinite;
  for (usize i = 0; i < count; i++) status[i] = ok.lane(static_cast<int>(i)) ? COPROC_OK : COPROC_INVALID;
}

COPROC_END
#endif
