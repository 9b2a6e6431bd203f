"""Job lines as the vector files are: blobs, `$arg`, `mont_raw`, typed arguments; through the command line, answers in order."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coproc.operation import FORKS
from tests.samples import requests
from tests.vectors import load


def rules(line: dict[str, Any]) -> dict[str, str]:
    version = line.get("version")
    if version is None:
        return {}
    return {"fork": version} if version in FORKS else {"plonk": version}


def run(path: Path, *options: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "coproc", "verify", str(path), "--quiet", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("form", ["argbuf", "args"])
def test_vector_files_are_job_files(tmp_path: Path, form: str) -> None:
    """All 1,730 cases in one file of the command line, in either form; blobs are defined where the vectors define them."""
    lines, wanted = [], []
    for op in requests.OPS:
        cases = iter(load.dusk(op))
        for line in load.dusk_lines(op):
            if "blob" in line:
                lines.append({"blob": line["blob"], "hex": line["hex"]})
                continue
            case = next(cases)
            if form == "args" and line["args"] is None:
                continue
            # `$arg` refers to the arguments, so the buffer's line carries both.
            forms = {"args": line["args"]} if form == "args" else {"argbuf": line["argbuf"]}
            if isinstance(line["argbuf"], list) and form == "argbuf":
                forms["args"] = line["args"]
            lines.append({"id": case.name, "op": op, **forms, **rules(line), "case": line["case"]})
            wanted.append(case)
    path = tmp_path / "jobs.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    answers = run(path)
    assert [a["id"] for a in answers] == [c.name for c in wanted]
    wrong = []
    for case, answer in zip(wanted, answers, strict=True):
        retbuf = None if case.retbuf is None else case.retbuf.hex()
        expect = None if case.expect == "panic" else case.expect
        if (answer["op"], answer["answer"], answer["status"], answer["retbuf"]) != (case.op, expect, case.status, retbuf):
            wrong.append((case.name, answer))
    assert not wrong, wrong[:5]


def test_either_form_may_stand_with_any_rules(tmp_path: Path) -> None:
    """`plonk`, `fork` and `align` of a line win over the command line; unknown fields do not matter."""
    case = next(c for c in load.dusk("verify_plonk") if c.version == "V3" and c.expect is True)
    line = {"id": 1, "op": case.op, "argbuf": case.argbuf.hex(), "whatever": [1, {}]}
    lines = [
        line,
        {**line, "plonk": "V3"},
        {**line, "fork": "Boreas"},
        {**line, "fork": "Boreas", "plonk": "V2"},
        {**line, "plonk": "V3", "align": 1},
    ]
    path = tmp_path / "jobs.jsonl"
    path.write_text("".join(json.dumps(x) + "\n" for x in lines), encoding="utf-8")
    answers = run(path)
    assert [a["answer"] for a in answers] == [False, True, True, False, False]
    assert [a["gas"] for a in answers] == [0, 0, case.price_boreas, case.price_boreas, 0]
    assert [a["status"] for a in answers] == ["ok", "ok", "ok", "ok", "malformed"]
    assert [a["answer"] for a in run(path, "--plonk", "V3")] == [True, True, True, False, False]
