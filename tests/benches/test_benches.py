"""Each bench runs to its end without peers in a few seconds, and compares what it should compare."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benches import kernels, operations, primitives, table, tables, wanted
from benches.machine import ROOT
from benches.peers.cpu import RIVALS, PeerFailed, figures, program
from benches.peers.oracle import Timing
from benches.requests import CASES, Case
from coproc.engine.library import unavailable

USABLE = [isa for isa in ("ifma", "adx", "portable") if unavailable(isa) is None]


def run(module: str, out: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", module, "--rounds", "1", "--out", str(out), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    assert out.with_suffix(".md").read_text(encoding="utf-8").strip() == done.stdout.strip()
    return result


def test_every_wanted_primitive_is_timed_on_every_instruction_set(tmp_path: Path) -> None:
    program = kernels.build()
    result = run("benches.primitives", tmp_path / "p.json", "--no-peers", "--budget-ms", "0.5", "--max-log", "6", "--program", str(program))
    timed = {(engine, (row["curve"], row["op"], row["n"])) for row in result["rows"] for engine in row["ours"]}
    assert {engine for engine, _ in timed} == {f"cpu:{isa}" for isa in USABLE}
    small = {(engine, key) for engine, key in wanted.PRIMITIVES if engine.removeprefix("cpu:") in USABLE and key[2] <= 64}
    assert small <= timed
    assert all(row["ours"][engine]["median"] > 0 for row in result["rows"] for engine in row["ours"])
    assert result["commit"] is None or len(result["commit"]) == 40
    assert len(result["absent"]) == 2
    assert [want for row in result["rows"] for want in row["wanted"]] == []  # nothing to compare with


def test_every_operation_is_timed_and_its_answers_are_dusks(tmp_path: Path) -> None:
    options = ["--no-oracle", "--no-demo", "--n", "2", "--slice-ms", "1", "--requests", str(tmp_path)]
    result = run("benches.operations", tmp_path / "o.json", *options)
    assert [row["case"] for row in result["rows"]] == [case.name for case in CASES]
    for row in result["rows"]:
        assert set(row["engines"]) == {f"cpu:{isa}" for isa in USABLE if isa != "portable"}
        assert all(cell[form]["median"] > 0 for cell in row["engines"].values() for form in ("one_call", "run", "run_columns"))
    assert {row["op"] for row in result["rows"] for cell in row["engines"].values() if "block" in cell} == set(wanted.BLOCK_MS)
    assert set(wanted.FASTER) | set(wanted.BATCH) | set(wanted.ONE_CALL_MS) <= {row["case"] for row in result["rows"]}


def test_growth_and_memory_are_measured_in_a_process_of_their_own(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "benches.growth",
        "--op",
        "sha256",
        "verify_schnorr",
        "--sizes",
        "64",
        "128",
        "--out",
        str(tmp_path / "g.json"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "g.json").read_text())["rows"]
    assert [(row["op"], row["n"]) for row in rows] == [(op, n) for op in ("sha256", "verify_schnorr") for n in (64, 128)]
    assert all(row["item_ns"] > 0 and row["growth"]["measured"] > 0 for row in rows)


def test_a_single_request_is_timed_alone_and_beside_a_batch(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "benches.latency",
        "--batch",
        "8",
        "--seconds",
        "0.3",
        "--workers",
        "2",
        "--out",
        str(tmp_path / "l.json"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "l.json").read_text())
    assert result["all_true"]
    assert min(result[name]["requests"] for name in ("alone", "beside")) > 0


def measured(case: Case, engine: str, **figures: list[float]) -> Any:
    """What `Measured` holds after its rounds, without having run."""
    m = object.__new__(operations.Measured)
    m.case, m.engine, m.n, m.offsets = case, engine, 4, [0] * 5
    m.one_call, m.run, m.run_columns, m.abi, m.block, m.python = [1e6], [1e6], [1e6], [], [], {}
    for name, values in figures.items():
        setattr(m, name, values)
    return m


def test_a_figure_that_is_missed_says_by_how_much() -> None:
    plonk = next(case for case in CASES if case.name == "verify_plonk")
    dusk = [{"verify_plonk V3 mixed4 n=417 pi=4": Timing(11e6, 12e6)}]
    met = measured(plonk, "cpu:ifma", run_columns=[0.2e6], block=[150e6], one_call=[1.5e6])
    missed = measured(plonk, "cpu:adx", run_columns=[2e6])
    (row,) = operations.report([met, missed], dusk, [2 * wanted.BLST_MS * 1e6])
    checks = row["wanted"]
    assert checks["cpu:ifma"]["batch_faster"] == {"wanted": 37, "measured": 55.0, "met": True, "by": 1.486}
    assert checks["cpu:adx"]["batch_faster"]["met"] is False
    assert wanted.verdict(checks["cpu:adx"]["batch_faster"]) == "MISSED by 50%"
    assert checks["cpu:ifma"]["block_ms"] == {"wanted": 200.0, "measured": 150.0, "met": True, "by": 1.333}  # blst takes twice as long here
    assert checks["cpu:ifma"]["one_call_ms"]["wanted"] == 2.4
    assert "≥ 11: MISSED by 50%" in tables.batch([row])
    assert "≤ 200 ms: met" in tables.block([row], {"median": 2.08e6})


def test_a_ratio_is_taken_within_a_round_against_the_peer_that_is_best_over_all() -> None:
    peers = {"blst": [10.0, 20.0, 10.0], "gnark-crypto": [11.0, 11.0, 12.0], "other": [1.0, 1.0, 1.0]}
    assert primitives.ratio([20.0, 20.0, 20.0], peers, RIVALS) == ("blst", 2.0)
    assert primitives.ratio([20.0, 20.0, 20.0], peers, ("gnark-crypto",)) == ("gnark-crypto", 1.8182)
    assert primitives.ratio([20.0], {}, RIVALS) is None


def test_a_batch_is_compared_with_the_peers_single_operation() -> None:
    assert primitives.rival(("bn254", "g1_mul_batch", 64)) == ("bn254", "g1_mul", 1)
    assert primitives.rival(("bls12-381", "hash_g1_batch", 64)) == ("bls12-381", "hash_g1", 32)
    assert primitives.rival(("bn254", "fp_mul_batch", 1024)) == ("bn254", "fp_mul_batch", 1024)


def test_a_harness_may_chatter_between_its_figures(tmp_path: Path) -> None:
    harness = tmp_path / "harness"
    harness.write_text('#!/bin/sh\necho chatter\necho \'{"lib":"x","curve":"c","op":"o","n":1,"ns_per_op":2.5}\'\n', encoding="utf-8")
    harness.chmod(0o755)
    assert [(f.lib, f.key, f.ns) for f in figures([str(harness)])] == [("x", ("c", "o", 1), 2.5)]


def test_a_peer_that_is_named_and_does_not_run_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPROC_CPU_PEERS", str(tmp_path / "absent"))
    with pytest.raises(PeerFailed, match="no such program"):
        program(None, "COPROC_CPU_PEERS")
    with pytest.raises(PeerFailed, match="exit status 1"):
        list(figures(["false"]))
    monkeypatch.delenv("COPROC_CPU_PEERS")
    assert program(None, "COPROC_CPU_PEERS") is None


@pytest.mark.parametrize(
    ("ns", "text"), [(None, "–"), (2.499, "2.50 ns"), (21.43, "21.4 ns"), (48_200.0, "48.2 µs"), (1.2e6, "1.20 ms"), (250e9, "250 s")]
)
def test_a_time_is_written_with_three_digits_and_its_unit(ns: float | None, text: str) -> None:
    assert table.duration(ns) == text
