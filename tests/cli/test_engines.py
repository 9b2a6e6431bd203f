"""`coproc engines`: usable, or why not."""

from __future__ import annotations

import json

import pytest

from coproc.engine.library import ISAS, unavailable
from tests.cli.conftest import Cli


def test_every_engine_is_listed_with_its_reason(cli: Cli) -> None:
    ran = cli("engines", "--json")
    assert ran.status == 0
    rows = {row["name"]: row for row in json.loads(ran.out)}
    accelerators = [name.partition(":")[0] for name in list(rows)[1 + len(ISAS) :]]
    assert list(rows)[: 1 + len(ISAS)] == ["spec", *(f"cpu:{isa}" for isa in ISAS)]
    assert accelerators == sorted(accelerators)
    assert set(accelerators) == {"cuda", "opencl"}
    for isa in ISAS:
        row = rows[f"cpu:{isa}"]
        assert row["why"] == unavailable(isa)
        assert row["usable"] == (row["why"] is None)
    assert rows["spec"]["usable"]
    assert [row["name"] for row in rows.values() if row["auto"]] != []
    assert sum(row["auto"] for row in rows.values()) == 1


def test_the_table_says_the_same(cli: Cli) -> None:
    lines = [line for line in cli("engines").out.decode().splitlines() if not line.startswith(" ")]  # of the device above them
    rows = json.loads(cli("engines", "--json").out)
    assert [line.split()[0] for line in lines] == [row["name"] for row in rows]
    for line, row in zip(lines, rows, strict=True):
        assert ("not usable: " in line) != row["usable"]
        assert ("what auto takes" in line) == row["auto"]


def test_what_auto_takes_answers(cli: Cli, monkeypatch: pytest.MonkeyPatch, job: object) -> None:
    from tests.cli.requests import sha256

    monkeypatch.delenv("COPROC_ENGINE", raising=False)
    best = next(row["name"] for row in json.loads(cli("engines", "--json").out) if row["auto"])
    path = job(sha256(1))  # type: ignore[operator]
    assert cli("verify", path).answers[0]["engine"] == best
    assert cli("verify", path, "--engine", "spec").answers[0]["engine"] == "spec"
    monkeypatch.setenv("COPROC_ENGINE", "spec")
    assert cli("verify", path).answers[0]["engine"] == "spec"
    assert cli("verify", path, "--engine", best).answers[0]["engine"] == best  # the command line wins
