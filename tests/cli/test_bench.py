"""`coproc bench`: the figures as a table, as JSON and as a page of one file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from coproc.ops import OPERATIONS
from tests.cli.conftest import Cli


@pytest.mark.parametrize("engine", ["auto", "cpu:portable"])
def test_every_operation_is_measured_and_written(cli: Cli, tmp_path: Path, engine: str) -> None:
    out, page = tmp_path / "b.json", tmp_path / "b.html"
    ran = cli("bench", "--sizes", "4,1", "--seconds", "1", "--engine", engine, "--json", out, "--html", page)
    assert ran.status == 0, ran.err
    result = json.loads(out.read_text())
    assert [(row["op"], row["n"]) for row in result["rows"]] == [(op, n) for op in OPERATIONS for n in (1, 4)]
    for row in result["rows"]:
        assert row["min_ns"] <= row["median_ns"] <= row["p99_ns"]
        assert row["samples"] >= 3
    assert {about["made"] for about in result["requests"].values()} == {4}
    assert (result["memo"], result["workers"], result["mode"]) == ("off", 1, "quick")
    lines = ran.out.decode().splitlines()
    assert len(lines) == 3 + len(result["rows"])
    text = page.read_text()
    assert all(f"<h2>{op}</h2>" in text for op in OPERATIONS)
    assert "not measured" not in text
    assert re.findall(r'(?:src|href)="', text) == []
    assert "NaN" not in text
    assert text.count("<svg") == text.count("</svg>") == 2 * len(OPERATIONS)


def test_operations_are_picked_by_name_and_several_engines_stand_in_one_plot(cli: Cli, tmp_path: Path) -> None:
    out, page = tmp_path / "b.json", tmp_path / "b.html"
    options = ["--sizes", "1,2", "--seconds", "0.2", "--engine", "cpu:portable", "--engine", "spec", "--json", out, "--html", page]
    assert cli("bench", "--ops", "sha256,keccak256", "--ops", "hash", *options).status == 0
    result = json.loads(out.read_text())
    assert {(row["op"], row["engine"]) for row in result["rows"]} == {
        (op, e) for op in ("sha256", "keccak256", "hash") for e in ("cpu:portable", "spec")
    }
    assert '<li class="s1"><i></i>spec</li>' in page.read_text()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--ops", "pairing"], "unknown operation 'pairing'"),
        (["--sizes", "0"], "--sizes 0: numbers from 1 to"),
        (["--sizes", "1,,2"], "--sizes 1,,2"),
        (["--engine", "cuda:99"], "cuda:99: "),
        (["--json", "/nowhere/at/all.json"], "/nowhere/at/all.json: there is no such folder"),
    ],
)
def test_a_wrong_command_line_is_refused_before_any_work(cli: Cli, options: list[str], sentence: str) -> None:
    ran = cli("bench", *options)
    assert (ran.status, ran.out) == (2, b"")
    assert sentence in ran.err


def test_peers_that_cannot_be_built_are_left_out_and_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPROC_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("coproc.measure.primitives.BULK", 256)
    out, page = tmp_path / "b.json", tmp_path / "b.html"
    ran = cli("bench", "--ops", "verify_bls", "--sizes", "1", "--seconds", "0.1", "--peers", "--json", out, "--html", page)
    assert ran.status == 0, ran.err
    assert "cargo is not installed" in ran.err
    result = json.loads(out.read_text())
    assert len(result["peers_missing"]) == 2
    assert {"curve": "bls12-381", "op": "bls_verify_from_bytes", "n": 1}.items() <= result["peers"][-1].items()
    assert "go is not installed" in page.read_text()
