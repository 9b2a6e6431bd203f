// Affine additions by the batch: one inversion for many sums of two points, 5M + 1S each where a mixed addition takes 8M + 3S.
//
// P + Q: l = (yQ - yP) / (xQ - xP), x = l^2 - xP - xQ, y = l (xP - x) - yP; doublings have l = 3x^2 / 2y. Complete: infinite, equal and
// opposite operands are sorted out when the denominators are collected. No formula reads b.
#pragma once
#include "curve/jacobian.hpp"

COPROC_BEGIN

// A pointer to a point and a sign, in one word.
template <class F> struct SignedPoint {
  std::uintptr_t bits;

  SignedPoint() = default;
  SignedPoint(const Affine<F> *p, bool negative) : bits(reinterpret_cast<std::uintptr_t>(p) | static_cast<std::uintptr_t>(negative)) {}
  const Affine<F> &point() const { return *reinterpret_cast<const Affine<F> *>(bits & ~std::uintptr_t{1}); }
  bool negative() const { return bits & 1; }
};

// Lists of points that can be added: an array, or signed references into any.
template <class F> struct PlainList {
  const Affine<F> *points;
  COPROC_INLINE const F &x(usize i) const { return points[i].x; }
  COPROC_INLINE const F &y(usize i) const { return points[i].y; }
  COPROC_INLINE void prefetch(usize) const {}
};
template <class F> struct SignedList {
  const SignedPoint<F> *refs;
  usize size;
  COPROC_INLINE const F &x(usize i) const { return refs[i].point().x; }
  COPROC_INLINE F y(usize i) const { return refs[i].negative() ? -refs[i].point().y : refs[i].point().y; }
  COPROC_INLINE void prefetch(usize i) const {
    if (i >= size) return;
    const char *p = reinterpret_cast<const char *>(&refs[i].point());
    __builtin_prefetch(p);
    __builtin_prefetch(p + 64);
  }
};

// Collects sums of two elements of a list and makes them together. An output may be no operand of a sum that still waits.
template <class F> class PairAdder {
  static constexpr usize CAPACITY = 256;
  enum Kind : u8 { ADD, DOUBLE, FIRST, SECOND, INFINITE };
  struct Pair {
    usize a, b;
    Affine<F> *out;
    Kind kind;
  };
  Pair pairs_[CAPACITY];
  F denominators_[CAPACITY], products_[CAPACITY];
  usize count_ = 0;
  F product_ = F::one();

  template <class List> static COPROC_INLINE bool infinite(const List &list, usize i) { return is_zero(list.x(i)) && is_zero(list.y(i)); }

  template <class List> COPROC_NOINLINE Kind rare_kind(const List &list, usize a, usize b, F &denominator) {
    denominator = F::one();
    if (infinite(list, b)) return FIRST;
    if (infinite(list, a)) return SECOND;
    if (!(list.x(a) == list.x(b))) {
      denominator = list.x(b) - list.x(a);
      return ADD;
    }
    const F y = list.y(a);
    if (!(y == list.y(b))) return INFINITE;
    denominator = dbl(y);
    return DOUBLE;
  }

 public:
  // *out = list[a] + list[b], at the next flush of this list.
  template <class List> COPROC_INLINE void push(const List &list, usize a, usize b, Affine<F> *out) {
    if (count_ == CAPACITY) flush(list);
    const F &xa = list.x(a), &xb = list.x(b);
    F denominator = xb - xa;
    Kind kind = ADD;
    if (is_zero(denominator) || is_zero(xa) || is_zero(xb)) kind = rare_kind(list, a, b, denominator);
    pairs_[count_] = {a, b, out, kind};
    denominators_[count_] = denominator;
    products_[count_] = product_;
    product_ *= denominator;
    count_++;
  }

  template <class List> COPROC_NOINLINE void flush(const List &list) {
    if (count_ == 0) return;
    F inv = inverse(product_);
    for (usize k = count_; k-- > 0;) {
      const Pair p = pairs_[k];
      const F l_inv = inv * products_[k];
      inv *= denominators_[k];
      const F &xa = list.x(p.a);
      const F ya = list.y(p.a);
      if (p.kind == ADD || p.kind == DOUBLE) {
        const F &xb = list.x(p.b);
        const F l = (p.kind == ADD ? list.y(p.b) - ya : mul_small<3>(sqr(xa))) * l_inv;
        const F x = sqr(l) - xa - xb;
        p.out->y = l * (xa - x) - ya;
        p.out->x = x;
      } else {
        *p.out = p.kind == FIRST ? Affine<F>{xa, ya} : p.kind == SECOND ? Affine<F>{list.x(p.b), list.y(p.b)} : Affine<F>::identity();
      }
    }
    count_ = 0;
    product_ = F::one();
  }
};

// One round of adding up groups of consecutive points: each group of c points becomes one of ceil(c / 2). counts are renewed; the answer
// is the number of points that are left, in the order of the groups.
template <class F, class List> usize add_up_once(PairAdder<F> &adder, const List &list, u32 *counts, usize groups, Affine<F> *out) {
  usize in = 0, made = 0;
  for (usize g = 0; g < groups; g++) {
    const usize c = counts[g], half = c / 2;
    for (usize j = 0; j < half; j++) {
      list.prefetch(in + 2 * j + 16);
      list.prefetch(in + 2 * j + 17);
      adder.push(list, in + 2 * j, in + 2 * j + 1, out + made + j);
    }
    if (c % 2) out[made + half] = {list.x(in + c - 1), list.y(in + c - 1)};
    in += c;
    made += half + c % 2;
    counts[g] = static_cast<u32>(half + c % 2);
  }
  adder.flush(list);
  return made;
}

inline usize pairs_left(const u32 *counts, usize groups) {
  usize pairs = 0;
  for (usize g = 0; g < groups; g++) pairs += counts[g] / 2;
  return pairs;
}

// Rounds of add_up_once over an array until fewer than `enough` pairs are left; the points end up in the array that is returned, one of the
// two given. Each holds as many points as the first round takes.
template <class F> Affine<F> *add_up(PairAdder<F> &adder, Affine<F> *points, Affine<F> *other, u32 *counts, usize groups, usize enough) {
  while (pairs_left(counts, groups) >= enough) {
    add_up_once(adder, PlainList<F>{points}, counts, groups, other);
    Affine<F> *t = points;
    points = other, other = t;
  }
  return points;
}

COPROC_END
