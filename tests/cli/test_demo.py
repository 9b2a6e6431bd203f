"""`coproc demo`: a block of contract calls compared with Piecrust's receipts, real requests compared with Dusk's answers."""

from __future__ import annotations

import builtins
import json
import sys
from typing import Any
from unittest.mock import patch

import pytest

from coproc.cli import demo_block
from coproc.cli.vm import EXTRA
from coproc.demo import block, load, run
from coproc.ops import OPERATIONS
from tests.cli.conftest import Cli
from tests.vm import examples as ex
from tests.vm import record_demo


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
    ran = cli("demo", "--engine", "cuda:99")
    assert ran.status == 2
    assert "cuda:99: " in ran.err


def test_the_block_goes_from_contract_to_answer_as_piecrust_goes(cli: Cli) -> None:
    lines, recorded = block.load()
    calls = [answer for line, answer in zip(lines, recorded, strict=True) if line["do"] == "call"]
    figures = json.loads(cli("demo", "--requests", 11, "--json").out)["block"]
    assert (figures["calls"], figures["failed"]) == (len(calls), sum(not answer["ok"] for answer in calls))
    assert figures["gas"] == sum(answer.get("gas_spent", 0) for answer in calls)
    assert (figures["root"], figures["differ"]) == (recorded[-1]["root"], 0)
    verified = figures["verified"]
    assert set(verified) == {"verify_plonk", "verify_groth16_bn254", "verify_bls_multisig", "verify_kzg_proof"}
    assert all(count["true"] > count["false"] > 0 for count in verified.values())
    assert sum(figures["batches"]) == sum(sum(count.values()) for count in verified.values()) >= 70
    assert figures["assumed"] >= 70
    assert figures["reexecuted"] >= figures["rounds"] >= 1


def test_the_modules_of_the_block_are_those_of_the_tree() -> None:
    lines, _ = block.load()
    modules = {line["wasm"] for line in lines if line["do"] == "deploy"}
    assert len(modules) == 6
    for module in modules:
        assert (block.CONTRACTS / module).read_bytes() == (ex.WASM / module).read_bytes()
    assert lines == record_demo.lines()


def test_a_receipt_that_differs_is_told_and_exits_with_1(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, recorded = block.load()
    recorded[-2] = recorded[-2] | {"gas_spent": 1}
    monkeypatch.setattr(demo_block, "load", lambda: (lines, recorded))
    ran = cli("demo", "--requests", 11)
    assert ran.status == 1
    assert "1 answers DIFFER" in ran.out.decode()
    assert f"coproc: block line {len(lines) - 2}, " in ran.err


def test_without_the_extra_the_demo_says_so_and_answers_the_batch(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for loaded in [loaded for loaded in sys.modules if loaded.startswith("coproc.vm")]:
        monkeypatch.delitem(sys.modules, loaded)
    load = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] in EXTRA:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])
        return load(name, *rest, **more)

    with patch.object(builtins, "__import__", absent):
        ran = cli("demo", "--requests", 11, "--json")
    assert ran.status == 0
    assert "install the extra `vm`" in ran.err
    figures = json.loads(ran.out)
    assert figures["block"] is None
    assert set(figures["operations"]) == set(OPERATIONS)
