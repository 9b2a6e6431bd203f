// Work for eight lanes from a stream of elements of different shapes: what has the same shape runs in lockstep.
#pragma once
#include "isa/lane.hpp"

COPROC_BEGIN

// Collects indices by shape. `flush(shape, members, count)` is called for every eight of a shape, and for fewer where the end is
// reached or more shapes are open than are kept: then the one that was opened first goes.
template <class Flush> class Octets {
  static constexpr int OPEN = 8;
  struct Group {
    u64 shape;
    usize count, members[8];
  };
  Group groups_[OPEN];
  int oldest_ = 0;
  Flush flush_;

  void close(Group &g) {
    if (g.count) flush_(g.shape, g.members, g.count);
    g.count = 0;
  }

 public:
  explicit Octets(Flush flush) : flush_(flush) {
    for (Group &g : groups_) g.count = 0;
  }

  void add(u64 shape, usize index) {
    Group *at = nullptr;
    for (Group &g : groups_)
      if (g.count && g.shape == shape) at = &g;
    if (!at)
      for (Group &g : groups_)
        if (!g.count) at = &g;
    if (!at) {
      at = &groups_[oldest_];
      oldest_ = (oldest_ + 1) % OPEN;
      close(*at);
    }
    at->shape = shape;
    at->members[at->count++] = index;
    if (at->count == 8) close(*at);
  }
  void finish() {
    for (Group &g : groups_) close(g);
  }
};

COPROC_END
