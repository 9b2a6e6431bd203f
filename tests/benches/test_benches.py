"""Each bench runs to its end without peers in a few seconds, and compares what it should compare."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benches import kernels, primitives, table, wanted
from benches.machine import ROOT
from benches.peers.cpu import RIVALS, PeerFailed, figures, program
from benches.requests import CASES
from coproc.engine.library import unavailable

USABLE = [isa for isa in ("adx", "portable") if unavailable(isa) is None]


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
    assert {key for key in wanted.PRIMITIVES if key[0].removeprefix("cpu:") in USABLE} <= timed
    assert all(row["ours"][engine]["median"] > 0 for row in result["rows"] for engine in row["ours"])
    assert result["commit"] is None or len(result["commit"]) == 40
    assert len(result["absent"]) == 2


def test_every_operation_is_timed_and_its_answers_are_dusks(tmp_path: Path) -> None:
    options = ["--no-oracle", "--no-demo", "--n", "2", "--slice-ms", "1", "--requests", str(tmp_path)]
    result = run("benches.operations", tmp_path / "o.json", *options)
    assert [row["case"] for row in result["rows"]] == [case.name for case in CASES]
    for row in result["rows"]:
        assert set(row["engines"]) == {f"cpu:{isa}" for isa in USABLE}
        assert all(cell[form]["median"] > 0 for cell in row["engines"].values() for form in ("one_call", "run", "run_columns"))
    assert set(wanted.FASTER) <= {row["case"] for row in result["rows"]}


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
