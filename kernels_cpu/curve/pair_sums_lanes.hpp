// Affine additions eight at a time: the sums of pair_sums.hpp in lanes, one inversion for a thousand of them.
//
// Points wait outside registers in the form of the lanes, x before y, a cache line an element of Fp; eight of them are transposed into
// registers. The denominators are multiplied up lane by lane, in as many chains as keep the multiplier busy, and the products of the
// eight lanes are inverted together (Montgomery's trick).
#pragma once
#include "curve/affine.hpp"
#include "field/lanes.hpp"
#include "field/signed_lanes.hpp"

#if COPROC_LANES
COPROC_BEGIN

template <class F> inline constexpr int PACKED_WORDS = LanesIo<F>::PACKED_WORDS; // of a coordinate
template <class F> inline constexpr int POINT_WORDS = 2 * PACKED_WORDS<F>;

// Where a packed point lies, and its sign, in one word. Any address of a u64 will do.
struct PointRef {
  std::uintptr_t bits;

  static COPROC_INLINE PointRef none() { return {0}; }
  static COPROC_INLINE PointRef to(const u64 *words, bool negative = false) {
    return {reinterpret_cast<std::uintptr_t>(words) | static_cast<std::uintptr_t>(negative)};
  }
  COPROC_INLINE bool empty() const { return bits == 0; }
  COPROC_INLINE bool negative() const { return bits & 1; }
  COPROC_INLINE const u64 *words() const { return reinterpret_cast<const u64 *>(bits & ~std::uintptr_t{1}); }
  COPROC_INLINE PointRef negated_if(bool m) const { return {bits ^ static_cast<std::uintptr_t>(m)}; }
};

// Eight points of packed words.
template <class F> COPROC_INLINE void unpack_point(const u64 *const *at, F &x, F &y) {
  const u64 *y_at[8];
  for (int i = 0; i < 8; i++) y_at[i] = at[i] + PACKED_WORDS<F>;
  x = LanesIo<F>::unpack(at);
  y = LanesIo<F>::unpack(y_at);
}
template <class F> COPROC_INLINE void pack_point(const F &x, const F &y, u64 *const *at, Mask8 m) {
  u64 *y_at[8];
  for (int i = 0; i < 8; i++) y_at[i] = at[i] + PACKED_WORDS<F>;
  LanesIo<F>::pack(x, at, m);
  LanesIo<F>::pack(y, y_at, m);
}

// Collects sums and doublings and makes them together. An output may be an operand of its own sum, and of no other that still waits.
template <class F> class PairAdder8 {
  static constexpr usize CAPACITY = PACKED_WORDS<F> == 8 ? 256 : 128; // vectors; their points stay in the second cache
  static constexpr int CHAINS = PACKED_WORDS<F> == 8 ? 2 : 1;         // an Fp2 has independent products of its own
  static constexpr usize AHEAD = 4;                                   // vectors whose points are on their way
  enum Kind : u8 { SUM, DOUBLE };
  struct Pairs {
    PointRef a[8], b[8];
    u64 *out[8];
  };
  // Pairs without a chord: equal points; the second one infinite, the first one, or both opposite, where the sum is settled.
  struct Exceptions {
    Mask8 doubled, first, second, infinite;
    COPROC_INLINE Mask8 settled() const { return first | second | infinite; }
  };
  struct Slope {
    F numerator, denominator;
  };

  Buffer<Pairs> pairs_;
  Buffer<F> products_; // of the denominators before this one in its chain
  u8 filled_[CAPACITY];
  Kind kind_[CAPACITY];
  bool careful_[CAPACITY];
  usize vectors_ = 0; // full or not
  usize lane_ = 8;    // next of the last vector

  static COPROC_INLINE F coordinate(const PointRef *refs, int offset) {
    const u64 *at[8];
    for (int i = 0; i < 8; i++) at[i] = refs[i].words() + offset;
    return LanesIo<F>::unpack(at);
  }
  static COPROC_INLINE F x_of(const PointRef *refs) { return coordinate(refs, 0); }
  static COPROC_INLINE F y_of(const PointRef *refs) { return coordinate(refs, PACKED_WORDS<F>); }
  static COPROC_INLINE void prefetch(const PointRef *refs, int offset) {
    for (int i = 0; i < 8; i++)
      for (int line = 0; line < PACKED_WORDS<F>; line += 8) __builtin_prefetch(refs[i].words() + offset + line);
  }
  // Whose operands have different signs: the sign of a is taken out of the sum.
  static COPROC_INLINE Mask8 differing(const Pairs &p) {
    const Vec8 signs = _mm512_xor_si512(_mm512_loadu_si512(p.a), _mm512_loadu_si512(p.b));
    return {_mm512_test_epi64_mask(signs, splat(1))};
  }
  static COPROC_INLINE F y_of_second(const Pairs &p) {
    const F y = y_of(p.b);
    return select(differing(p), -y, y);
  }

  // Any pairs: masks for those without a chord, whose slope is 1/1.
  static COPROC_NOINLINE Slope careful_slope(const Pairs &p, Kind kind, Exceptions &e) {
    const F xa = x_of(p.a), ya = y_of(p.a);
    const Mask8 level = is_zero(ya);
    e = {Mask8::every() & !level, Mask8::none(), Mask8::none(), level};
    Slope l = {F::one(), F::one()};
    if (kind == SUM) {
      const F xb = x_of(p.b), yb = y_of_second(p);
      l = {yb - ya, xb - xa};
      e.first = is_zero(xb) & is_zero(yb);
      e.second = is_zero(xa) & level & !e.first;
      const Mask8 same_x = is_zero(l.denominator) & !(e.first | e.second);
      e.doubled = same_x & (ya == yb) & !level;
      e.infinite = same_x & !e.doubled;
    }
    if (any(e.doubled)) l = {select(e.doubled, mul_small<3>(sqr(xa)), l.numerator), select(e.doubled, dbl(ya), l.denominator)};
    l.denominator = select(e.settled(), F::one(), l.denominator);
    return l;
  }
  static COPROC_NOINLINE void settle(const Pairs &p, const Exceptions &e, F &x, F &y) {
    x = select(e.first, x_of(p.a), select(e.second, x_of(p.b), select(e.infinite, F::zero(), x)));
    y = select(e.first, y_of(p.a), select(e.second, y_of_second(p), select(e.infinite, F::zero(), y)));
  }

  // The denominators of W vectors from v on, and their products: chain w takes vector v + w.
  template <int W> COPROC_INLINE void multiply_up(usize v, F *product) {
    F d[W];
    for (int w = 0; w < W; w++) {
      const Pairs &p = pairs_[v + w];
      if (v + w + AHEAD < vectors_) prefetch(pairs_[v + w + AHEAD].a, 0), prefetch(pairs_[v + w + AHEAD].b, 0);
      Mask8 rare;
      if (kind_[v + w] == DOUBLE) {
        d[w] = dbl(y_of(p.a));
        rare = may_be_zero(d[w]);
      } else {
        const F xa = x_of(p.a), xb = x_of(p.b);
        d[w] = sub_loose(xb, xa);
        rare = may_be_zero(d[w]) | may_be_zero(xa) | may_be_zero(xb);
      }
      careful_[v + w] = any(rare);
      if (careful_[v + w]) {
        Exceptions e;
        d[w] = careful_slope(p, kind_[v + w], e).denominator;
      }
    }
    for (int w = 0; w < W; w++) {
      products_[v + w] = product[w];
      product[w] *= d[w];
    }
  }

  // The sums of these vectors; inverse[w] loses the denominator of vector v + w. Where the operands differ in sign l is the slope of -P,
  // that is -(yb + ya) / (xb - xa) without its sign.
  template <int W> COPROC_INLINE void resolve(usize v, F *inverse) {
    F xa[W], ya[W], xb[W], d[W], l[W], x[W];
    Mask8 flipped[W];
    Exceptions e[W];
    for (int w = 0; w < W; w++) {
      const Pairs &p = pairs_[v + w];
      if (v + w >= AHEAD) prefetch(pairs_[v + w - AHEAD].a, PACKED_WORDS<F>), prefetch(pairs_[v + w - AHEAD].b, PACKED_WORDS<F>);
      xa[w] = x_of(p.a), ya[w] = y_of(p.a);
      xb[w] = kind_[v + w] == DOUBLE ? xa[w] : x_of(p.b);
      flipped[w] = Mask8::none();
      if (careful_[v + w]) {
        const Slope s = careful_slope(p, kind_[v + w], e[w]);
        d[w] = s.denominator, l[w] = s.numerator;
      } else if (kind_[v + w] == DOUBLE) {
        d[w] = dbl(ya[w]);
        l[w] = mul_small<3>(sqr(xa[w]));
      } else {
        flipped[w] = differing(p);
        d[w] = sub_loose(xb[w], xa[w]);
        l[w] = add_or_sub_loose(flipped[w], y_of(p.b), ya[w]);
      }
    }
    for (int w = 0; w < W; w++) {
      l[w] *= inverse[w] * products_[v + w];
      inverse[w] *= d[w];
    }
    for (int w = 0; w < W; w++) x[w] = minus_both(sqr(l[w]), xa[w], xb[w]);
    for (int w = 0; w < W; w++) {
      F y = l[w] * sub_either_loose(flipped[w], xa[w], x[w]) - ya[w];
      if (careful_[v + w] && any(e[w].settled())) settle(pairs_[v + w], e[w], x[w], y);
      pack_point(x[w], y, pairs_[v + w].out, Mask8::first(filled_[v + w]));
    }
  }

  // The last vector is filled with copies of its first pair, which are not written.
  COPROC_INLINE void close() {
    if (lane_ == 8) return;
    Pairs &p = pairs_[vectors_ - 1];
    filled_[vectors_ - 1] = static_cast<u8>(lane_);
    for (; lane_ < 8; lane_++) p.a[lane_] = p.a[0], p.b[lane_] = p.b[0], p.out[lane_] = p.out[0];
  }
  COPROC_INLINE void push(Kind kind, PointRef a, PointRef b, u64 *out) {
    if (lane_ == 8 || kind_[vectors_ - 1] != kind) {
      close();
      if (vectors_ == CAPACITY) flush();
      kind_[vectors_] = kind;
      filled_[vectors_] = 8;
      vectors_++;
      lane_ = 0;
    }
    Pairs &p = pairs_[vectors_ - 1];
    p.a[lane_] = a, p.b[lane_] = b, p.out[lane_] = out;
    lane_++;
  }

 public:
  PairAdder8() : pairs_(CAPACITY), products_(CAPACITY) {}
  bool ok() const { return pairs_.ok() && products_.ok(); }

  // a + b at `out`, at the next flush; the answer is how to call it: the sign of a stays outside.
  COPROC_INLINE PointRef add(PointRef a, PointRef b, u64 *out) {
    push(SUM, a, b, out);
    return PointRef::to(out, a.negative());
  }
  COPROC_INLINE PointRef add_twice(PointRef a, u64 *out) {
    push(DOUBLE, a, a, out);
    return PointRef::to(out, a.negative());
  }
  COPROC_NOINLINE void flush() {
    if (vectors_ == 0) return;
    close();
    F product[CHAINS], inv[CHAINS];
    for (F &p : product) p = F::one();
    usize v = 0;
    for (; v + CHAINS <= vectors_; v += CHAINS) multiply_up<CHAINS>(v, product);
    if (v < vectors_) multiply_up<1>(v, product);
    if constexpr (CHAINS == 2) {
      const F whole = inverse(product[0] * product[1]);
      inv[0] = whole * product[1], inv[1] = whole * product[0];
    } else {
      inv[0] = inverse(product[0]);
    }
    if (v < vectors_) resolve<1>(v, inv);
    while (v > 0) v -= CHAINS, resolve<CHAINS>(v, inv);
    vectors_ = 0;
    lane_ = 8;
  }
};

// One round of adding up groups of consecutive points: each group of c becomes one of ceil(c / 2). counts and refs are renewed. Sums go
// to fresh points from `fresh` on, which moves along, or in place of their first operand where fresh is nullptr.
template <class F> void halve_groups(PairAdder8<F> &adder, PointRef *refs, u32 *counts, usize groups, u64 **fresh) {
  usize in = 0, made = 0;
  for (usize g = 0; g < groups; g++) {
    const usize c = counts[g];
    for (usize j = 0; j + 1 < c; j += 2) {
      const PointRef a = refs[in + j], b = refs[in + j + 1];
      u64 *out = const_cast<u64 *>(a.words());
      if (fresh) out = *fresh, *fresh += POINT_WORDS<F>;
      refs[made++] = adder.add(a, b, out);
    }
    if (c % 2) refs[made++] = refs[in + c - 1];
    in += c;
    counts[g] = static_cast<u32>(c / 2 + c % 2);
  }
  adder.flush();
}

// Adds up every group to one point or none: counts become 1 or 0. The first round writes `pairs` = sum of counts[g] / 2 fresh points; a
// single point keeps its reference, and every later first operand is one of the fresh points.
template <class F> void add_up_groups(PairAdder8<F> &adder, PointRef *refs, u32 *counts, usize groups, u64 *fresh) {
  for (bool first = true;; first = false) {
    u32 most = 0;
    for (usize g = 0; g < groups; g++) most = counts[g] > most ? counts[g] : most;
    if (most <= 1) return;
    halve_groups(adder, refs, counts, groups, first ? &fresh : nullptr);
  }
}

COPROC_END
#endif
