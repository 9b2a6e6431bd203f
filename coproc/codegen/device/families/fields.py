"""Hades, Poseidon, JubJub and Schnorr: the base field of the module is Fr of BLS12-381."""

from __future__ import annotations

from coproc.codegen.device.families.family import Family

FAMILIES: tuple[Family, ...] = ()
