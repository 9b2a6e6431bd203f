"""How many work-items a group has: what the scratch of a device allows."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from coproc.codegen.device.families import FAMILIES
from coproc.engine.device import jubjub, poseidon
from coproc.engine.device.points import BASE_WORDS, SCALAR_WORDS, fitting
from coproc.engine.device.trust import Mismatch
from tests.device.ghost import Ghost
from tests.device.small import CASES

SCRATCH = {"OpenCL on NVIDIA": 48 << 10, "sm_86, sm_89, sm_120": 99 << 10, "sm_80": 163 << 10, "sm_90": 227 << 10}


@pytest.mark.parametrize("scratch", SCRATCH.values(), ids=SCRATCH)
def test_a_group_of_every_family_fits_every_card(scratch: int) -> None:
    stream: Any = SimpleNamespace(device=SimpleNamespace(scratch=scratch))
    for family in FAMILIES.values():
        for curve in family.curves:
            each = 4 * family.slots * (SCALAR_WORDS if family.base == "fr" else BASE_WORDS[curve])
            block = fitting(stream, family.name, curve)
            assert block in family.blocks
            assert block * each <= scratch, (family.name, curve)
            assert all(larger * each > scratch for larger in family.blocks if larger > block)
    assert max(4 * SCALAR_WORDS * family.BLOCK * family.SLOTS for family in (jubjub, poseidon)) <= scratch


@pytest.mark.parametrize("scratch", SCRATCH.values(), ids=SCRATCH)
def test_no_launch_takes_more_scratch_than_a_card_has(scratch: int) -> None:
    """Groups of the size that the engine chooses."""
    ghost: Any = Ghost(scratch)
    for name, case in CASES.items():
        if name not in ("hades", "poseidon", "jubjub"):  # of one size everywhere: above
            with suppress(AssertionError, ArithmeticError, Mismatch):
                case(ghost, 5, None)  # type: ignore[arg-type]
    assert scratch // 2 < ghost.most <= scratch
