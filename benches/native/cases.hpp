// The cases over the C ABI: one call of a primitive, or of a batch of them, on one thread.
#pragma once
#include "coproc.h"
#include "inputs.hpp"
#include "timer.hpp"

namespace coproc::bench {

// A batch of single operations, as a caller of the ABI would send it: the inversions of normalisation are shared.
constexpr std::size_t BATCH = 64;

void group_cases(const Bench &bench, const coproc_kernels_table &t, const Curve &curve);
void msm_cases(const Bench &bench, const coproc_kernels_table &t, const Curve &curve);
void short_msm_cases(const Bench &bench, const coproc_kernels_table &t, const Curve &curve);
void pairing_cases(const Bench &bench, const coproc_kernels_table &t, const Curve &curve);
void hash_cases(const Bench &bench, const coproc_kernels_table &t);
void protocol_cases(const Bench &bench, const coproc_kernels_table &t);

// Stops the program: a figure of a wrong answer is no figure.
void require(bool ok, const char *what);

} // namespace coproc::bench
