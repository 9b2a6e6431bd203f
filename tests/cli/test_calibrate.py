"""`coproc calibrate`: every operation has a model, a price that follows, its headroom, and the worst input found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coproc.measure.calibration import sizes_of
from coproc.operation import Request, Rules
from coproc.ops import OPERATIONS
from tests.cli.conftest import Cli


def test_every_operation_is_priced(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coproc.cli.calibrate.LEAST_SAMPLES", 3)
    out = tmp_path / "c.json"
    ran = cli("calibrate", "--seconds", "0.5", "--search", "0.5", "--json", out)
    assert ran.status == 0, ran.err
    result = json.loads(out.read_text())
    assert [row["op"] for row in result["rows"]] == list(OPERATIONS)
    for row in result["rows"]:
        assert [s["size"] for s in row["sizes"]] == list(sizes_of(row["op"]))
        assert all(s["median_ns"] <= s["p95_ns"] and s["headroom"] > 0 for s in row["sizes"])
        assert row["gas_that_follows"]["base"] + row["gas_that_follows"]["slope"] > 0
        worst = row["worst"]
        price = OPERATIONS[row["op"]].cost(bytes.fromhex(worst["argbuf"]), Rules(fork="Boreas"))
        assert price > 0
        assert worst["tried"] >= 1
        assert worst["trail"]
    assert result["headroom"] == min(row["headroom"] for row in result["rows"])
    text = ran.out.decode()
    assert all(op in text for op in OPERATIONS)
    assert "headroom of" in text


def test_without_a_search_nothing_is_mutated_and_operations_are_picked(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coproc.measure.search.search", lambda *_: pytest.fail("searched"))
    ran = cli("calibrate", "--ops", "sha256", "--seconds", "0.1", "--search", "0", "--engine", "cpu:portable")
    assert ran.status == 0
    assert ran.out.decode().startswith("cpu:portable")
    assert cli("calibrate", "--ops", "pairing").status == 2
    assert cli("calibrate", "--engine", "cuda:99").status == 2


def test_the_worst_input_of_the_result_can_be_asked_again(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import coproc

    monkeypatch.setattr("coproc.cli.calibrate.LEAST_SAMPLES", 3)
    out = tmp_path / "c.json"
    assert cli("calibrate", "--ops", "verify_schnorr", "--seconds", "0.1", "--search", "0.3", "--json", out).status == 0
    worst = json.loads(out.read_text())["rows"][0]["worst"]
    with coproc.open(workers=1) as cp:
        assert cp.run([Request("verify_schnorr", bytes.fromhex(worst["argbuf"]), Rules(fork="Boreas"))])[0].status in (
            "ok",
            "malformed",
            "panic",
        )
