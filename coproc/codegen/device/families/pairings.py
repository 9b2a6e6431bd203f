"""Lines, Miller loops, products and final exponentiation."""

from __future__ import annotations

from coproc.codegen.device.families.family import Family

FAMILIES: tuple[Family, ...] = ()
