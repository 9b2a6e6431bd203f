// Elements into lanes and out of them.
//
// ABI form: canonical Montgomery limbs of 64 bits for R = 2^(64 LIMBS); one multiplication takes it to the form of the lanes and back.
// Packed form: the limbs of the lanes, one cache line an element of Fp, no conversion.
#pragma once
#include "field/fp8.hpp"
#include "field/inverse.hpp"
#include "field/sqrt.hpp"

#if COPROC_LANES
COPROC_BEGIN

// Eight words a row, L of them read, as N limbs of 52 bits in columns.
template <int L, int N> COPROC_INLINE void split_words(Vec8 *out, const u64 *const *at) {
  Vec8 w[8];
  const __mmask8 used = static_cast<__mmask8>((1u << L) - 1);
  for (int i = 0; i < 8; i++) w[i] = _mm512_maskz_loadu_epi64(used, at[i]);
  transpose(w);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    const int word = 52 * i / 64, shift = 52 * i % 64;
    Vec8 x = _mm512_srli_epi64(w[word], static_cast<unsigned>(shift));
    if (shift > 12 && word + 1 < L) x = _mm512_or_si512(x, _mm512_slli_epi64(w[word + 1], static_cast<unsigned>(64 - shift)));
    out[i] = low52(x);
  }
}
// The reverse: L words of 64 bits in rows from N limbs below 2^52.
template <int L, int N> COPROC_INLINE void join_words(Vec8 *rows, const Vec8 *v) {
#pragma GCC unroll 8
  for (int word = 0; word < 8; word++) {
    if (word >= L) {
      rows[word] = _mm512_setzero_si512();
      continue;
    }
    const int first = 64 * word / 52, shift = 64 * word % 52;
    Vec8 x = _mm512_srli_epi64(v[first], static_cast<unsigned>(shift));
    if (first + 1 < N) x = _mm512_or_si512(x, _mm512_slli_epi64(v[first + 1], static_cast<unsigned>(52 - shift)));
    if (104 - shift < 64 && first + 2 < N) x = _mm512_or_si512(x, _mm512_slli_epi64(v[first + 2], static_cast<unsigned>(104 - shift)));
    rows[word] = x;
  }
  transpose(rows);
}
template <int L> COPROC_INLINE void store_rows(u64 *const *at, Mask8 m, const Vec8 *rows) {
  const __mmask8 used = static_cast<__mmask8>((1u << L) - 1);
  for (int i = 0; i < 8; i++)
    if (m.lane(i)) _mm512_mask_storeu_epi64(at[i], used, rows[i]);
}

template <class F> struct LanesIo;

template <class P> struct LanesIo<Fp<P, Lane8>> {
  using F = Fp<P, Lane8>;
  static constexpr int WORDS = P::LIMBS;
  static constexpr int PACKED_WORDS = 8;
  static COPROC_INLINE F gather_raw(const u64 *const *at) {
    F r;
    split_words<P::LIMBS, P::LIMBS52>(r.v, at);
    return r;
  }
  static COPROC_NOINLINE F gather(const u64 *const *at) { return gather_raw(at) * F::words(Radix52<P>::FROM_R64.v); }
  static COPROC_NOINLINE F gather_plain(const u64 *const *at) {
    F r = gather_raw(at);
    Arithmetic8<P>::mul_any(r.v, r.v, F::words(P::R2_52).v); // 2^(64 L) p < p R
    return r;
  }
  // a factor / R, below p, into the lanes of m.
  static COPROC_NOINLINE void scatter_times(const F &a, const F &factor, u64 *const *at, Mask8 m) {
    F r = a * factor;
    r.canonicalise();
    Vec8 rows[8];
    join_words<P::LIMBS, P::LIMBS52>(rows, r.v);
    store_rows<P::LIMBS>(at, m, rows);
  }
  static COPROC_INLINE void scatter(const F &a, u64 *const *at, Mask8 m) { scatter_times(a, F::words(Radix52<P>::TO_R64.v), at, m); }
  static COPROC_INLINE void scatter_plain(const F &a, u64 *const *at, Mask8 m) {
    constexpr u64 ONE[P::LIMBS52] = {1};
    scatter_times(a, F::words(ONE), at, m);
  }
  static COPROC_INLINE void pack(const F &a, u64 *const *at, Mask8 m) {
    Vec8 rows[8];
    for (int i = 0; i < 8; i++) rows[i] = i < P::LIMBS52 ? a.v[i < P::LIMBS52 ? i : 0] : _mm512_setzero_si512();
    transpose(rows);
    for (int i = 0; i < 8; i++)
      if (m.lane(i)) _mm512_storeu_si512(at[i], rows[i]);
  }
  static COPROC_INLINE F unpack(const u64 *const *at) {
    Vec8 rows[8];
    for (int i = 0; i < 8; i++) rows[i] = _mm512_loadu_si512(at[i]); // key tables lie at any address
    transpose(rows);
    F r;
    for (int i = 0; i < P::LIMBS52; i++) r.v[i] = rows[i];
    return r;
  }
};

// Extensions: coordinate after coordinate.
template <class B> struct LanesIo<Fp2<B>> {
  using F = Fp2<B>;
  using Io = LanesIo<B>;
  static constexpr int WORDS = 2 * Io::WORDS, PACKED_WORDS = 2 * Io::PACKED_WORDS;
  template <class T> struct Shifted {
    T *at[8];
    Shifted(T *const *from, int words) {
      for (int i = 0; i < 8; i++) at[i] = from[i] + words;
    }
  };
  static COPROC_INLINE F gather(const u64 *const *at) { return {Io::gather(at), Io::gather(Shifted<const u64>(at, Io::WORDS).at)}; }
  static COPROC_INLINE F gather_plain(const u64 *const *at) {
    return {Io::gather_plain(at), Io::gather_plain(Shifted<const u64>(at, Io::WORDS).at)};
  }
  static COPROC_INLINE void scatter(const F &a, u64 *const *at, Mask8 m) {
    Io::scatter(a.c0, at, m);
    Io::scatter(a.c1, Shifted<u64>(at, Io::WORDS).at, m);
  }
  static COPROC_INLINE void pack(const F &a, u64 *const *at, Mask8 m) {
    Io::pack(a.c0, at, m);
    Io::pack(a.c1, Shifted<u64>(at, Io::PACKED_WORDS).at, m);
  }
  static COPROC_INLINE F unpack(const u64 *const *at) { return {Io::unpack(at), Io::unpack(Shifted<const u64>(at, Io::PACKED_WORDS).at)}; }
};

template <class F> COPROC_INLINE F gather(const u64 *const *at) { return LanesIo<F>::gather(at); }
template <class F> COPROC_INLINE F gather_plain(const u64 *const *at) { return LanesIo<F>::gather_plain(at); }
template <class F> COPROC_INLINE void scatter(const F &a, u64 *const *at, Mask8 m) { LanesIo<F>::scatter(a, at, m); }
// Plain values below p of an Fp.
template <class F> COPROC_INLINE void scatter_plain(const F &a, u64 *const *at, Mask8 m) { LanesIo<F>::scatter_plain(a, at, m); }

// The words of eight addresses as they are: a factor of the products that convert them, with `gather_factor` or a multiple of it.
template <class F> COPROC_INLINE F gather_raw(const u64 *const *at) { return LanesIo<F>::gather_raw(at); }
template <class F> COPROC_INLINE F gather_factor() { return F::words(Radix52<typename F::Params>::FROM_R64.v); }

// An element outside registers, in the form of the lanes.
template <class F> struct Packed {
  alignas(64) u64 v[LanesIo<F>::PACKED_WORDS];
};
template <class F> COPROC_INLINE void pack(const F &a, Packed<F> *const *at, Mask8 m) {
  u64 *to[8];
  for (int i = 0; i < 8; i++) to[i] = at[i]->v;
  LanesIo<F>::pack(a, to, m);
}
template <class F> COPROC_INLINE F unpack(const Packed<F> *const *at) {
  const u64 *from[8];
  for (int i = 0; i < 8; i++) from[i] = at[i]->v;
  return LanesIo<F>::unpack(from);
}

// The field of one lane under a field of eight.
template <class F> struct OneLane;
template <class P> struct OneLane<Fp<P, Lane8>> {
  using Type = Fp<P, Lane1>;
};
template <class B> struct OneLane<Fp2<B>> {
  using Type = Fp2<typename OneLane<B>::Type>;
};

template <class F> COPROC_INLINE F broadcast(const typename OneLane<F>::Type &a) {
  u64 w[LanesIo<F>::WORDS];
  a.store(w);
  const u64 *at[8] = {w, w, w, w, w, w, w, w};
  return gather<F>(at);
}
// Single lanes, slowly.
template <class F> COPROC_INLINE typename OneLane<F>::Type get_lane(const F &a, int lane) {
  u64 w[LanesIo<F>::WORDS], *at[8] = {w, w, w, w, w, w, w, w};
  Mask8 m = Mask8::none();
  m.set_lane(lane, true);
  scatter(a, at, m);
  return OneLane<F>::Type::load(w);
}
template <class F> COPROC_INLINE void set_lane(F &a, int lane, const typename OneLane<F>::Type &x) {
  Mask8 m = Mask8::none();
  m.set_lane(lane, true);
  a = select(m, broadcast<F>(x), a);
}

// 1/a in each lane, 0 for 0: one inversion for the eight.
template <class P> COPROC_NOINLINE Fp<P, Lane8> inverse(const Fp<P, Lane8> &a) {
  using F = Fp<P, Lane8>;
  using One = Fp<P, Lane1>;
  u64 w[8][P::LIMBS], *to[8];
  const u64 *from[8];
  for (int i = 0; i < 8; i++) from[i] = to[i] = w[i];
  scatter(a, to, Mask8::every());
  One e[8], scratch[8];
  for (int i = 0; i < 8; i++) e[i] = One::load(w[i]);
  batch_inverse(e, 8, scratch);
  for (int i = 0; i < 8; i++) e[i].store(w[i]);
  return gather<F>(from);
}

// Parity of the plain value.
template <class P> COPROC_NOINLINE Mask8 is_odd(const Fp<P, Lane8> &a) {
  constexpr u64 UNIT[P::LIMBS52] = {1};
  Fp<P, Lane8> w = a * Fp<P, Lane8>::words(UNIT);
  w.canonicalise();
  return {_mm512_test_epi64_mask(w.v[0], splat(1))};
}

// Plain value > (p - 1) / 2.
template <class P> COPROC_NOINLINE Mask8 is_larger(const Fp<P, Lane8> &a) {
  constexpr int N = P::LIMBS52;
  constexpr auto HALF = Radix52<P>::resplit(P::HALF);
  u64 unit[N] = {1};
  Fp<P, Lane8> w = a * Fp<P, Lane8>::words(unit);
  w.canonicalise();
  Vec8 d[N];
  for (int i = 0; i < N; i++) d[i] = _mm512_sub_epi64(splat(HALF.v[i]), w.v[i]);
  propagate<N>(d);
  return {_mm512_movepi64_mask(d[N - 1])};
}

COPROC_END
#endif
