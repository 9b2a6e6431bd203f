"""All host functions on `opencl:0`: Dusk's recorded answers, and that the device did its part."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import coproc
from coproc.coprocessor import Coprocessor
from coproc.engine.device.engine import DeviceEngine
from tests.samples import requests
from tests.vectors import load

SAMPLE = 12
"""Recorded cases of each function in `make test`."""


@pytest.fixture(scope="module")
def cp() -> Iterator[Coprocessor]:
    with coproc.open(engine="opencl:0", workers=1) as opened:
        yield opened


def _answers_are_those_of_dusk(cp: Coprocessor, cases: list[load.DuskCase]) -> None:
    answers = cp.run([requests.request_of(case) for case in cases])
    prices = [0 if case.version != "Boreas" else case.price_boreas for case in cases]
    wrong = [d for case, answer, gas in zip(cases, answers, prices, strict=True) if (d := requests.difference(case, answer, gas=gas))]
    assert not wrong, "\n".join(wrong[:20])
    engine = cp.engine
    assert isinstance(engine, DeviceEngine)
    assert (engine.suspicions, engine.lost, engine.refused) == (0, None, frozenset())
    assert {answer.engine for answer in answers if answer.engine} == {"opencl:0"}


@pytest.mark.parametrize("op", requests.OPS)
def test_some_answers_are_those_of_dusk(cp: Coprocessor, op: str) -> None:
    every = load.dusk(op)
    _answers_are_those_of_dusk(cp, [every[i * len(every) // SAMPLE] for i in range(SAMPLE)])


@pytest.mark.slow
@pytest.mark.parametrize("vectors", sorted(load.DUSK_COUNTS))
@pytest.mark.parametrize("op", requests.OPS)
def test_all_answers_are_those_of_dusk(cp: Coprocessor, op: str, vectors: str) -> None:
    _answers_are_those_of_dusk(cp, load.dusk(op, vectors))


def test_a_mixed_block_is_answered_as_dusk_does(cp: Coprocessor) -> None:
    _answers_are_those_of_dusk(cp, requests.mixed(2))
