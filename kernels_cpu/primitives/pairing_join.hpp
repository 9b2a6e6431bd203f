// Values of strands, lanes of accumulators, multiplied up to the values of their products.
#pragma once
#include "pairing/values.hpp"
#include "primitives/pairing_plan.hpp"

COPROC_BEGIN

// Multiplies the values of strands into their elements of `out`, which are 1 at first.
template <class C> class Join {
  using One = typename C::template In<Lane1>;
  static constexpr usize WIDTH = C::F::Lane::WIDTH, WORDS = 12 * C::F::LIMBS;
  u64 *out_;
  Buffer<u8> started_;

 public:
  Join(usize m, u64 *out) : out_(out), started_(m + 1) {
    if (!ok()) return;
    for (usize i = 0; i < m; i++) {
      started_[i] = 0;
      One::F12::one().store(out + i * WORDS);
    }
  }
  bool ok() const { return started_.ok(); }
  void add(u64 element, const u64 *value) {
    u64 *to = out_ + element * WORDS;
    if (started_[element]) (One::F12::load(to) * One::F12::load(value)).store(to);
    else std::memcpy(to, value, sizeof(u64) * WORDS);
    started_[element] = 1;
  }
  // strands begin .. end, WIDTH an accumulator
  void add(const Plan &plan, usize begin, usize end, const typename C::F12 *accumulators) {
    u64 values[WIDTH][WORDS], *to[WIDTH];
    for (usize i = 0; i < WIDTH; i++) to[i] = values[i];
    for (; begin < end; accumulators++) {
      const usize lanes = end - begin < WIDTH ? end - begin : WIDTH;
      store_lanes(*accumulators, to, first_lanes<typename C::F::Lane>(lanes));
      for (usize i = 0; i < lanes; i++, begin++) add(plan.strand(begin).element, values[i]);
    }
  }
};

COPROC_END
