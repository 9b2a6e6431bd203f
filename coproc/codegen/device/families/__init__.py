"""The families of kernels: a name, its base field, and the texts and programs that one module is made of, in order."""

from __future__ import annotations

from coproc.codegen.device.families import curves, fields, leaf, pairings
from coproc.codegen.device.families.family import Family

FAMILIES: dict[str, Family] = {f.name: f for part in (leaf, pairings, curves, fields) for f in part.FAMILIES}
