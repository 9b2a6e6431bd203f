// The fields of each curve, by name.
#pragma once
#include "field/fp12.hpp"
#include "field/inverse.hpp"
#include "field/lanes.hpp"
#include "field/sqrt.hpp"

COPROC_BEGIN

namespace bls12_381 {
template <class L> using FpT = Fp<constants::bls12_381::Fp, L>;
template <class L> using FrT = Fp<constants::bls12_381::Fr, L>;
using Fp = FpT<Lane1>;
using Fr = FrT<Lane1>;
using Fp2 = coproc::COPROC_ISA::Fp2<Fp>;
using Fp6 = coproc::COPROC_ISA::Fp6<Fp2>;
using Fp12 = coproc::COPROC_ISA::Fp12<Fp6>;
} // namespace bls12_381

namespace bn254 {
template <class L> using FpT = Fp<constants::bn254::Fp, L>;
template <class L> using FrT = Fp<constants::bn254::Fr, L>;
using Fp = FpT<Lane1>;
using Fr = FrT<Lane1>;
using Fp2 = coproc::COPROC_ISA::Fp2<Fp>;
using Fp6 = coproc::COPROC_ISA::Fp6<Fp2>;
using Fp12 = coproc::COPROC_ISA::Fp12<Fp6>;
} // namespace bn254

namespace jubjub {
using Fp = bls12_381::Fr;
using Fr = coproc::COPROC_ISA::Fp<constants::jubjub::Fr, Lane1>;
} // namespace jubjub

COPROC_END
