"""Points outside their groups are refused even where every equation holds, and without the subgroup check they would be accepted."""

from __future__ import annotations

import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.cpu import CpuEngine
from tests.conftest import NATIVE
from tests.fuzz.test_liars import no_subgroup_check
from tests.samples.crafted import CRAFTED

KINDS = pytest.mark.parametrize("kind", sorted(CRAFTED))


@KINDS
def test_a_point_outside_its_group_is_refused_though_the_equation_holds(cp: Coprocessor, kind: str, thorough: bool) -> None:
    rows = list(CRAFTED[kind]())
    rows = rows if thorough else rows[::5]
    refused, accepted = cp.run([r.request for r in rows]), cp.run([r.base for r in rows])
    assert [(r.name, a.status, a.value) for r, a in zip(rows, refused, strict=True)] == [(r.name, "ok", False) for r in rows]
    assert all(a.value is True for a in accepted)


@KINDS
def test_without_the_subgroup_check_it_would_be_accepted(kind: str) -> None:
    """So the requests above test that check and nothing else. Keys are decoded inside a primitive, whose check stays."""
    engine = CpuEngine(NATIVE[-1])
    engine.decode = no_subgroup_check(engine.decode)  # type: ignore[method-assign]
    rows = list(CRAFTED[kind]())
    with Coprocessor(engine, workers=1) as cp:
        answers = cp.run([r.request for r in rows])
    assert [(r.name, a.value) for r, a in zip(rows, answers, strict=True)] == [(r.name, not r.in_key) for r in rows]
    assert not all(r.in_key for r in rows)
