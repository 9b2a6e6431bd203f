"""Hades, Poseidon, JubJub and Schnorr: the base field of the module is Fr of BLS12-381."""

from __future__ import annotations

from coproc.codegen.device.families.family import Family
from coproc.codegen.device.hades import SLOTS as HADES_SLOTS
from coproc.codegen.device.hades import hades_tables
from coproc.codegen.device.jubjub import SLOTS as SCHNORR_SLOTS
from coproc.codegen.device.jubjub import jubjub_tables, schnorr_tables

_HADES = (hades_tables, "kernels/hades.inc")
_JUBJUB = (jubjub_tables, "kernels/jubjub.inc")

FAMILIES: tuple[Family, ...] = (
    Family("poseidon", (*_HADES, "kernels/poseidon.inc"), slots=HADES_SLOTS, curves=("bls12_381",), base="fr", blocks=(128, 64)),
    Family("jubjub", (*_JUBJUB, "kernels/jubjub_sums.inc"), slots=9, curves=("bls12_381",), base="fr", blocks=(128, 64)),
    Family(
        "schnorr",
        (*_HADES, *_JUBJUB, schnorr_tables, "kernels/schnorr.inc"),
        slots=SCHNORR_SLOTS,
        curves=("bls12_381",),
        base="fr",
        blocks=(128, 64),
    ),
)
