"""Every line of every script is answered as Piecrust answers it: gas, data, events, feeds, error variants and state roots."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

import coproc
from coproc.coprocessor import Coprocessor
from tests.vm.play import comparable, play
from tests.vm.record import digest, read
from tests.vm.scripts import SCRIPTS


@pytest.fixture(scope="module")
def coprocessor() -> Iterator[Coprocessor]:
    with coproc.open("cpu") as opened:
        yield opened


@pytest.mark.parametrize("name", SCRIPTS)
def test_receipts_and_roots_equal_piecrusts(name: str, coprocessor: Coprocessor) -> None:
    lines = list(SCRIPTS[name]())
    script, wanted = read(name)
    assert digest(lines) == script, "the script is another than the one recorded: python -m tests.vm.record"
    assert len(wanted) == len(lines)
    for number, (line, answer, want) in enumerate(zip(lines, play(lines, coprocessor), wanted, strict=True)):
        assert comparable(answer) == comparable(want), f"line {number}: {str(line)[:400]}"


def test_gas_in_small_slices_is_the_same_gas(coprocessor: Coprocessor) -> None:
    lines = list(SCRIPTS["below_zero"]())
    with patch("coproc.vm.instance.SLICE", 50):
        for line, answer, want in zip(lines, play(lines, coprocessor), read("below_zero")[1], strict=True):
            assert comparable(answer) == comparable(want), line


def test_enough_is_recorded() -> None:
    answers = [answer for name in SCRIPTS for answer in read(name)[1]]
    assert len(answers) > 4000
    assert sum(not answer["ok"] for answer in answers) > 400
    variants = {comparable(answer)["error"] for answer in answers if not answer["ok"]}
    assert variants >= {
        "OutOfGas", "Panic", "RuntimeError", "ContractDoesNotExist", "MemoryAccessOutOfBounds", "MissingHostQuery", "MissingFeed", "Utf8",
        "InitalizationError", "PersistenceError", "InvalidFunction", "InvalidArgumentBuffer", "HostPanic",
    }  # fmt: skip
