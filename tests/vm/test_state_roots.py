"""Roots of the state equal the real VM's, for histories that the real VM ran (tests/vm/record_roots.py)."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from coproc.vm.state import PAGE, NewContract, Store
from tests.vm.histories import Session

VECTORS = Path(__file__).parent.parent / "vectors" / "vm" / "roots.jsonl"
LINES = [json.loads(line) for line in VECTORS.read_text().splitlines()]
CASES = {case: list(lines) for case, lines in groupby(LINES, lambda line: line["case"])}


def test_every_history_is_there() -> None:
    assert len(CASES) == 12
    assert len(LINES) == 638


@pytest.mark.parametrize("case", CASES)
def test_roots_equal_those_of_the_real_vm(case: int, tmp_path: Path) -> None:
    """Deployments, writes, loads, commits, sessions that are dropped, sessions on older commits, new processes."""
    replay(CASES[case], tmp_path)


@pytest.mark.parametrize("case", [case for case, lines in CASES.items() if any(line["do"] == "commit" for line in lines)])
def test_every_commit_holds_what_its_root_says(case: int, tmp_path: Path) -> None:
    replay(CASES[case], tmp_path)
    with Store(tmp_path) as store:
        assert {root.hex() for root in store.roots()} == {line["root"] for line in CASES[case] if line["do"] == "commit"}
        for root in store.roots():
            store.check(root)


def replay(lines: list[dict[str, Any]], path: Path) -> None:
    store = Store(path)
    session = Session(store.open())
    try:
        for line in lines:
            match line["do"]:
                case "deploy":
                    contract = bytes.fromhex(line["id"])
                    length = (70000 if line["is_64"] else 3) * PAGE
                    session.deploy(contract, NewContract(line["id"].encode(), b"\x01", line["is_64"]), length)
                    session.write_all(contract, line["at"])
                case "write" | "load":
                    contract = bytes.fromhex(line["id"])
                    assert session.has(contract) is not line.get("missing", False)
                    if session.has(contract):
                        session.load(contract)
                        session.write_all(contract, line.get("at", []))
                case "commit":
                    changes = session.changes()
                    assert session.view.root_of(changes).hex() == line["root"]
                    assert store.commit(session.view.root, changes).hex() == line["root"]
                    assert store.head() == bytes.fromhex(line["root"])
                    session = Session(store.open(store.head()))
                    continue
                case "new_session":
                    base = line["base"]
                    session = Session(store.open(store.head() if base is None else bytes.fromhex(base)))
                case "reopen":
                    store.close()
                    store = Store(path)
                    session = Session(store.open(store.head()))
            if "root" in line:
                assert session.view.root_of(session.changes()).hex() == line["root"], line
    finally:
        store.close()
