"""`coproc demo`: real requests of every operation, compared with Dusk's answers."""

from __future__ import annotations

import json

import pytest

from coproc.demo import load, run
from coproc.ops import OPERATIONS
from tests.cli.conftest import Cli


def test_the_demo_holds_good_and_bad_requests_of_every_operation() -> None:
    batches = load()
    assert {batch.group.op for batch in batches} == set(OPERATIONS)
    for op, operation in OPERATIONS.items():
        mine = [batch for batch in batches if batch.group.op == op]
        values = [value for batch in mine for value in batch.value]
        statuses = [status for batch in mine for status in batch.status]
        assert len(values) >= 25
        assert statuses.count("malformed") >= 3
        if operation.kind == "bool":
            assert values.count(True) >= 10
            assert values.count(False) >= 11
    assert {status for batch in batches for status in batch.status} == {"ok", "malformed", "panic"}
    assert {batch.group.rules.plonk for batch in batches if batch.group.op == "verify_plonk"} == {"V1", "V2", "V3"}
    assert {batch.group.rules.fork for batch in batches if batch.group.op == "verify_bls"} == {"PreFork", "Boreas"}


def test_every_answer_of_the_demo_is_dusks(cli: Cli) -> None:
    ran = cli("demo", "--requests", 400, "--json")
    assert ran.status == 0
    figures = json.loads(ran.out)
    assert set(figures["operations"]) == set(OPERATIONS)
    for row in figures["operations"].values():
        assert row["differ"] == 0
        assert row["requests"] >= row["distinct"] >= 25 or figures["engine"] == "spec"
        assert sum(row["outcomes"].values()) == row["requests"]
        assert row["rate"] > 0


def test_the_table_has_a_line_an_operation(cli: Cli) -> None:
    ran = cli("demo", "--requests", 11, "--workers", 1)
    assert ran.status == 0
    text = ran.out.decode()
    for op in OPERATIONS:
        assert f"\n{op} " in text
    assert "every answer is Dusk's, byte for byte" in text


@pytest.mark.parametrize("what", ["value", "status", "retbuf", "gas"])
def test_one_answer_that_differs_is_told_and_exits_with_1(cli: Cli, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    batches = load()
    batch = next(batch for batch in batches if batch.group.op == "sha256")
    getattr(batch, what)[0] = {"value": "00", "status": "panic", "retbuf": b"", "gas": 1}[what]
    monkeypatch.setattr(run, "load", lambda: batches)
    ran = cli("demo", "--requests", 11)
    assert ran.status == 1
    assert "1 answers DIFFER from Dusk's" in ran.out.decode()
    assert "coproc: sha256 request 0: " in ran.err


def test_an_engine_that_is_absent_exits_with_2(cli: Cli) -> None:
    ran = cli("demo", "--engine", "cuda")
    assert ran.status == 2
    assert "cuda is not in this build" in ran.err
