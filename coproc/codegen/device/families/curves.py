"""Points: decoding, subgroups, multiples, sums, hashing."""

from __future__ import annotations

from coproc.codegen.device.families.family import Family

FAMILIES: tuple[Family, ...] = ()
