"""`coproc vm run` and `coproc vm block` answer as Piecrust does, speculating or not."""

from __future__ import annotations

import builtins
import random
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from coproc.cli.receipts import outcome
from coproc.demo import block as demo_block
from coproc.vm import Call
from tests.cli.conftest import Cli
from tests.vm import doubt
from tests.vm.play import comparable
from tests.vm.record import read
from tests.vm.scripts import CONTRACTS, SCRIPTS

DOCS = Path(__file__).parents[2] / "docs"
Job = Callable[..., Path]
Lines = Sequence[dict[str, Any]]


def without(answers: Lines, *keys: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in comparable(answer).items() if key not in keys} for answer in answers]


def block(calls: list[Call]) -> Lines:
    """Three contracts, and calls of them."""
    deploys = [
        {"do": "deploy", "id": contract.hex(), "wasm": doubt.contract().hex(), "owner": "00" * 32, "gas_limit": 0} for contract in doubt.IDS
    ]
    lines = [
        {"do": "call", "id": call.contract.hex(), "fn": call.function, "arg": call.argument.hex(), "gas_limit": call.gas_limit}
        for call in calls
    ]
    return [{"do": "policy", "plonk": "V3", "fork": "Boreas"}, *deploys, *lines, {"do": "root"}]


@pytest.mark.parametrize("name", ["calls_32", "queries", "single_64"])
def test_recorded_scripts_are_answered_as_piecrust_answers_them(cli: Cli, job: Job, name: str) -> None:
    ran = cli("vm", "block", job(*SCRIPTS[name]()), "--quiet")
    assert (ran.status, ran.err) == (0, "")
    wanted = without(read(name)[1], "root")
    assert without(ran.answers, "ns", "root") == wanted


@pytest.mark.parametrize("name", ["state", "single_32"])
def test_roots_are_those_that_piecrust_adds(cli: Cli, job: Job, name: str) -> None:
    ran = cli("vm", "block", job(*SCRIPTS[name]()), "--quiet", "--roots")
    assert (ran.status, ran.err) == (0, "")
    assert without(ran.answers, "ns") == without(read(name)[1])


def test_readable_receipts_say_what_the_answers_say(cli: Cli, job: Job) -> None:
    path = job(*SCRIPTS["calls_32"]())
    answers = cli("vm", "block", path).answers
    lines = cli("vm", "block", path, "--readable", "--quiet").out.decode().splitlines()
    shown, table = lines[: len(answers)], lines[len(answers) :]
    for line, answer in zip(shown, answers, strict=True):
        assert f"{answer.get('gas_spent', 0):,} gas" in line or "gas_spent" not in answer
        assert answer.get("error", "").partition(":")[0] in line
        assert all(f"event {event['topic']}" in line for event in answer.get("events", ()))
    gas = sum(answer.get("gas_spent", 0) for answer in answers)
    assert table[0] == ""
    assert table[1].split() == ["gas", "calls", "failed", "least", "most", "total"]
    assert table[-1].split()[-1] == f"{gas:,}"
    assert sum(int(row[44:52]) for row in table[2:-1]) == int(table[-1][44:52])


def test_words_of_contracts_do_not_move_the_cursor() -> None:
    assert outcome({"ok": False, "error": "Panic: \x1b[2Jgone\n at once\r"}) == "failed  Panic: \\x1b[2Jgone; at once"
    assert outcome({"ok": False, "error": "Panic: Panic: once"}) == "failed  Panic: once"
    event = {"source": "", "topic": "a\u202eb", "data": "", "reverted": True}
    assert outcome({"ok": True, "gas_spent": 1, "data": "00" * 33, "events": [event]}) == (
        f"ok, 1 gas, data {'00' * 32}… (33 bytes), reverted event a\\u202eb"
    )


def test_speculation_and_sequence_print_the_same(cli: Cli, job: Job) -> None:
    rng = random.Random(5)
    path = job(*block([call for _ in range(4) for call in doubt.block(rng)]))
    one, other = cli("vm", "block", path), cli("vm", "block", path, "--sequential")
    assert without(one.answers, "ns") == without(other.answers, "ns")
    assert one.answers[-1]["root"] == other.answers[-1]["root"]
    assert " 0 assumed" in other.err
    assert " 0 assumed" not in one.err


def test_state_goes_on_from_the_last_commit(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "minimal.wat"
    source.write_text(
        '(module (memory (export "m") 2) (global (export "A") i32 (i32.const 16)) (func (export "f") (param i32) (result i32)'
        " (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 16))))"
        " (i32.store (i32.const 16) (i32.load (i32.const 0))) (i32.const 4)))"
    )
    run = ("vm", "run", source, "f", "--arg", "05000000", "--state", tmp_path / "state")
    first, second = cli(*run), cli(*run)
    assert [sorted(answer) for answer in first.answers] == [
        ["id", "ns", "ok"],
        ["data", "events", "gas_spent", "ns", "ok"],
        ["ns", "ok", "root"],
    ]
    assert [first.answers[1]["data"], second.answers[0]["data"]] == ["05000000", "0a000000"]
    assert cli(*run, "--gas", 0).answers == [{"ok": False, "error": "OutOfGas: OutOfGas"} | {"ns": pytest.approx(0, abs=1e10)}]
    assert cli(*run[:-2]).answers[1]["data"] == "05000000"
    readable = cli(*run[:-2], "--readable").out.decode().splitlines()
    assert [line.split()[0] for line in readable if line][:4] == ["deploy", "call", "root", "gas"]
    assert "ok, " in readable[1]
    assert "data 05000000" in readable[1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "job1.jsonl:2: "),
        ('{"do":"dance"}', 'an object with "do" is wanted'),
        ('{"do":"call","id":"00","fn":"f","arg":"","gas_limit":1}', "id: 32 bytes are wanted"),
        ('{"do":"call","fn":"f"}', "'id' is missing"),
        ('{"do":"deploy","wasm":"none.wasm","owner":"","gas_limit":1}', "none.wasm: cannot be read"),
        ('{"do":"deploy","wasm":"zz","owner":"","gas_limit":1}', "non-hexadecimal"),
        ('{"do":"policy","plonk":"V9"}', "unknown PLONK version"),
        (f'{{"do":"new_session","base":"{"00" * 32}"}}', "00000"),
    ],
)
def test_bad_line_is_named_and_what_stands_before_is_answered(cli: Cli, job: Job, line: str, said: str) -> None:
    ran = cli("vm", "block", job('{"do":"root"}', line))
    assert ran.status == 2
    assert said in ran.err
    assert "job1.jsonl:2: " in ran.err
    assert [answer["ok"] for answer in ran.answers] == [True]


@pytest.mark.parametrize("arguments", [("none.wasm", "f"), ("x.txt", "f"), ("none.wat", "f", "--arg", "0")])
def test_what_is_no_contract_is_refused(cli: Cli, arguments: tuple[str, ...]) -> None:
    ran = cli("vm", "run", *arguments)
    assert ran.status == 2
    assert ran.err.startswith("coproc: ")


def test_missing_extra_is_said(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("coproc.vm")]:
        monkeypatch.delitem(sys.modules, name)
    load = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name == "lmdb":
            raise ModuleNotFoundError("No module named 'lmdb'", name="lmdb")
        return load(name, *rest, **more)

    with patch.object(builtins, "__import__", absent):
        ran = cli("vm", "run", CONTRACTS / "minimal.wat", "f")
    assert ran.status == 2
    assert "install the extra `vm`" in ran.err


def test_transcripts_in_the_docs_are_lines_of_the_demos_block(cli: Cli, job: Job) -> None:
    lines, _ = demo_block.load()
    shown = cli("vm", "block", job(*lines), "--dir", demo_block.CONTRACTS, "--readable", "--quiet").out.decode().splitlines()
    transcripts = re.findall(r"^(?:deploy|call) +[0-9a-f]{8}….*$", (DOCS / "contracts.md").read_text(), re.M)
    assert len(transcripts) > 20
    assert [line for line in transcripts if line not in shown] == []


def test_pages_of_the_example_contracts_list_their_functions() -> None:
    pages = (DOCS / "contracts.md").read_text().split("\n## ")
    listed = {tuple(re.findall(r"^\| `(\w+)` \|", page, re.M)) for page in pages[1:]} - {()}
    assert len(listed) == 6
    sources = [path.read_text() for path in DOCS.parent.glob("contracts/*/src/lib.rs")]
    exported = {tuple(found.group(1).split(", ")) for text in sources if (found := re.search(r"=> \w+; (.*)\);", text))}
    assert listed <= exported
