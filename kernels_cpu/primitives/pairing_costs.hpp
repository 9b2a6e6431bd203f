// What Miller loops cost, measured on one core of an AMD EPYC of family 26, in microseconds: they decide how pairs are spread, and
// no answer depends on them.
#pragma once
#include "pairing/curves.hpp"
#include "primitives/pairing_plan.hpp"

COPROC_BEGIN

// Stored lines of one element are multiplied up across the lanes where there are lanes.
constexpr PlanCosts STORED_BLS12_381 = COPROC_LANES ? PlanCosts{23, 19, 1.3, 0, 0} : PlanCosts{62, 64, 1.3, 0, 0};
constexpr PlanCosts STORED_BN254 = COPROC_LANES ? PlanCosts{12, 14, 0.8, 0, 0} : PlanCosts{36, 48, 0.8, 0, 0};

template <class C> struct Costs;
template <> struct Costs<PairingBls12381T<Lane1>> {
  static constexpr PlanCosts POINTS = {62, 92, 1.3, 92, 14}, LINES = STORED_BLS12_381;
};
template <> struct Costs<PairingBn254T<Lane1>> {
  static constexpr PlanCosts POINTS = {36, 62, 0.8, 66, 20}, LINES = STORED_BN254;
};
#if COPROC_LANES
template <> struct Costs<PairingBls12381T<Lane8>> {
  static constexpr PlanCosts POINTS = {105, 128, 1.6, 165, 40}, LINES = {105, 84, 1.6, 0, 0};
};
template <> struct Costs<PairingBn254T<Lane8>> {
  static constexpr PlanCosts POINTS = {44, 78, 1, 130, 30}, LINES = {44, 48, 1, 0, 0};
};
#endif

COPROC_END
