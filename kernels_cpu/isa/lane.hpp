// Lane types: how many field elements one `Fp` holds, and what a comparison of them answers.
#pragma once
#include "isa/config.hpp"

COPROC_BEGIN

// One element; a mask is a plain bool.
struct Lane1 {
  using Mask = bool;
  static constexpr int WIDTH = 1;
};

COPROC_INLINE bool any(bool m) { return m; }
COPROC_INLINE bool all(bool m) { return m; }

COPROC_END
