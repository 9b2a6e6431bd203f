"""Calls of the example contracts at the limits where gas just suffices: answers, roots and the smallest limits are Piecrust's."""

from __future__ import annotations

import pytest

import coproc
from tests.vm.examples import EXAMPLES, ROUTER, WASM
from tests.vm.play import comparable, play
from tests.vm.record import digest
from tests.vm.record_boundaries import RECORDED, at_limits, boundaries
from tests.vm.record_examples import read
from tests.vm.scripts import Line


def script(name: str) -> list[Line]:
    lines = boundaries(name, read(RECORDED)[name].smallest)
    assert digest(lines) == read(RECORDED)[name].sha256, "the script is another than recorded: python -m tests.vm.record_boundaries"
    return lines


@pytest.mark.parametrize("name", EXAMPLES)
def test_answers_around_the_limits_equal_piecrusts(name: str) -> None:
    lines, wanted = script(name), read(RECORDED)[name].answers
    with coproc.open("cpu") as coprocessor:
        for number, (line, answer, want) in enumerate(zip(lines, play(lines, coprocessor), wanted, strict=True)):
            assert comparable(answer) == comparable(want), f"line {number}: {str(line)[:400]}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_one_unit_below_the_smallest_limit_runs_out_of_gas(name: str) -> None:
    """In the contract itself, or in one that the router calls and whose failure makes it panic."""
    lines, answers = script(name), read(RECORDED)[name].answers
    for at in at_limits(lines):
        *_, below, enough = (answers[i] for i in at)
        assert comparable(below)["error"] in (("OutOfGas", "Panic") if lines[at[0]]["id"] == ROUTER.hex() else ("OutOfGas",))
        assert enough["ok"]


def test_every_contract_of_the_tree_is_called_at_its_limits() -> None:
    scripts = [script(name) for name in EXAMPLES]
    called = {lines[at[0]]["id"] for lines in scripts for at in at_limits(lines)}
    modules = {line["wasm"] for lines in scripts for line in lines if line["do"] == "deploy" and line["id"] in called}
    assert modules == {path.read_bytes().hex() for path in WASM.glob("*.wasm")}
    assert sum(len(at_limits(lines)) for lines in scripts) >= 80
