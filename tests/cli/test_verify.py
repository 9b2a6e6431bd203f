"""`coproc verify`: answers, rules, exit statuses."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coproc.demo import FILE, load
from coproc.jobs.chunk import Group
from coproc.jobs.compute import Machine
from coproc.jobs.read import Pace
from coproc.operation import Columns
from coproc.ops import OPERATIONS
from tests.cli.conftest import Cli
from tests.cli.requests import FALSE, MALFORMED, PANIC, digest, sha256, vec

Job = Callable[..., Path]


def test_answers_come_in_input_order_with_their_ids_untouched(cli: Cli, job: Job) -> None:
    ids = [7, "x", None, 1.50, {"a": [1, {"b": "é"}]}, "\u2028", -0.0, 10**30]
    ops = ["sha256", "keccak256", "hash"]
    lines = [sha256(id, b"%d" % i) | {"op": ops[i % 3]} for i, id in enumerate(ids * 40)]
    ran = cli("verify", job(*lines))
    assert ran.status == 0
    assert [a["id"] for a in ran.answers] == [line["id"] for line in lines]
    assert [a["op"] for a in ran.answers] == [line["op"] for line in lines]
    for i, answer in enumerate(ran.answers):
        if answer["op"] == "sha256":
            assert answer["answer"] == digest(b"%d" % i)
    assert b'"id":1.5,' in ran.out
    assert b'"id":1000000000000000000000000000000,' in ran.out


def test_an_answer_has_the_documented_fields(cli: Cli, job: Job) -> None:
    ran = cli("verify", job(sha256(1, b"abc"), FALSE, MALFORMED, PANIC), "--fork", "Boreas")
    assert ran.status == 0
    value, false, malformed, panic = ran.answers
    assert list(value) == ["id", "op", "answer", "status", "retbuf", "gas", "engine"]
    assert (value["answer"], value["retbuf"], value["status"], value["gas"]) == (digest(b"abc"), digest(b"abc"), "ok", 3024)
    assert (false["answer"], false["retbuf"], false["status"], false["gas"]) == (False, "00", "ok", 2_000_000)
    assert (malformed["answer"], malformed["retbuf"], malformed["status"], malformed["gas"]) == (False, "00", "malformed", 2_000_000)
    assert (panic["answer"], panic["retbuf"], panic["status"], panic["gas"]) == (None, None, "panic", 40_000)
    assert {a["engine"] for a in ran.answers} == {value["engine"]}


def test_typed_arguments_lists_and_hex_ask_the_same(cli: Cli, job: Job) -> None:
    data = b"the same bytes"
    buffer = vec(data)
    lines = [
        {"blob": "data", "hex": data.hex()},
        {"id": 0, "op": "sha256", "argbuf": buffer.hex()},
        {"id": 1, "op": "sha256", "args": {"bytes": data.hex()}},
        {"id": 2, "op": "sha256", "args": {"bytes": "@data"}},
        {"id": 3, "op": "sha256", "argbuf": ["@data", buffer[len(data) :].hex()]},
        {"id": 4, "op": "sha256", "argbuf": ["$bytes", buffer[len(data) :].hex().upper()], "args": {"bytes": data.hex()}},
        {"id": 5, "op": "sha256", "argbuf": buffer.hex(), "args": {"bytes": "ff"}, "unknown": [1, 2]},
        {"id": 6, "op": "sha256", "argbuf": None, "args": {"bytes": data.hex()}},
    ]
    ran = cli("verify", job(*lines))
    assert ran.status == 0
    assert [a["id"] for a in ran.answers] == list(range(7))
    assert {a["answer"] for a in ran.answers} == {digest(data)}


def test_blobs_end_with_their_file(cli: Cli, job: Job) -> None:
    first = job({"blob": "b", "hex": "00"}, {"id": 1, "op": "sha256", "argbuf": ["@b"]})
    second = job({"id": 2, "op": "sha256", "argbuf": ["@b"]})
    ran = cli("verify", first, second)
    assert ran.status == 2
    assert f"{second}:1: argbuf: unknown blob 'b'" in ran.err
    assert len(ran.answers) == 1


def test_rules_of_a_line_win_over_the_command_line_and_that_over_upstreams_defaults(cli: Cli, job: Job) -> None:
    batch = next(b for b in load() if b.group.op == "verify_plonk" and b.group.rules.plonk == "V3")
    good = batch.group.data[batch.value.index(True)].hex()

    def ask(*options: str, **fields: str) -> tuple[bool, int]:
        ran = cli("verify", job({"op": "verify_plonk", "argbuf": good, **fields}), *options)
        return ran.answers[0]["answer"], ran.answers[0]["gas"]

    price = 10_000_000
    assert ask() == (False, 0)  # V2, PreFork
    assert ask("--plonk", "V3") == (True, 0)  # the fork is never inferred
    assert ask("--fork", "Aegis") == (True, 0)  # only the fork given: V3
    assert ask("--fork", "Boreas") == (True, price)
    assert ask("--fork", "PreFork") == (False, 0)
    assert ask("--fork", "Boreas", "--plonk", "V2") == (False, price)
    assert ask("--fork", "Boreas", plonk="V1") == (False, price)
    assert ask("--plonk", "V1", plonk="V3", fork="Boreas") == (True, price)
    assert ask("--plonk", "V1", fork="Boreas") == (False, price)  # the command line's version stands
    assert ask("--fork", "PreFork", fork="Aegis") == (True, 0)


def test_alignment_travels_with_the_line(cli: Cli, job: Job) -> None:
    aligns = (8, 4, 2, 1)
    ran = cli("verify", job(*(sha256(align, b"x", align=align) for align in aligns)))
    assert [a["status"] for a in ran.answers] == ["ok", "ok", "malformed", "malformed"]


def test_the_bundled_requests_are_a_job_file(cli: Cli) -> None:
    import coproc.demo

    path = Path(coproc.demo.__file__).with_name(FILE)
    rows = {"hash": 0, "keccak256": 0, "sha256": 0, "poseidon_hash": 0, "secp256k1_recover": 0}
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    recorded = [line for line in lines if line.get("op") in rows]
    body = "".join(json.dumps(line) + "\n" for line in recorded).encode()
    ran = cli_from(cli, body, "verify", "-")
    assert ran.status == 0
    for answer, line in zip(ran.answers, recorded, strict=True):
        got = (answer["answer"], answer["status"], answer["retbuf"])
        assert got == (line["expect"], line["status"], line["retbuf"]), answer["id"]
        assert line["gas"] in (None, answer["gas"])


def cli_from(cli: Cli, data: bytes, *arguments: object) -> Any:
    """Runs a command with these bytes on its standard input."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return cli(*arguments)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: gzip.compress(data[:40]) + gzip.compress(data[40:])])
def test_standard_input_and_gzip_are_read(cli: Cli, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    data = b"".join(json.dumps(sha256(i, b"%d" % i)).encode() + b"\n" for i in range(500))[:-1]  # the last line has no end
    path = tmp_path / "packed"
    path.write_bytes(pack(data))
    from_file, from_input = cli("verify", path), cli_from(cli, pack(data), "verify", "-")
    assert from_file.status == from_input.status == 0
    assert from_file.out == from_input.out
    assert [a["answer"] for a in from_file.answers] == [digest(b"%d" % i) for i in range(500)]


def test_blank_lines_carriage_returns_and_a_byte_order_mark_are_nothing(cli: Cli, job: Job) -> None:
    line = json.dumps(sha256(1, b"a")).encode()
    ran = cli("verify", job(b"\xef\xbb\xbf" + line + b"\r", b"", b"  \t\r", line))
    assert ran.status == 0
    assert len(ran.answers) == 2


def test_an_empty_input_is_answered(cli: Cli, job: Job, tmp_path: Path) -> None:
    ran = cli("verify", job(), "--json", "--report", tmp_path / "r.html")
    assert (ran.status, ran.out, ran.summary["requests"]) == (0, b"", 0)


# ---- exit statuses -------------------------------------------------------------------------------------------------------------


def test_every_answer_counts_as_served(cli: Cli, job: Job) -> None:
    assert cli("verify", job(sha256(1), FALSE, MALFORMED, PANIC)).status == 0


@pytest.mark.parametrize(("line", "status"), [(FALSE, 1), (MALFORMED, 1), (PANIC, 0), (sha256(1), 0)])
def test_require_true_asks_only_operations_that_answer_a_bool(cli: Cli, job: Job, line: dict[str, Any], status: int) -> None:
    ran = cli("verify", job(line), "--require-true")
    assert ran.status == status
    assert ("--require-true: 1 of the answers are not true" in ran.err) == bool(status)


def test_an_unserved_request_is_never_false(cli: Cli, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("no device")

    monkeypatch.setattr(type(OPERATIONS["verify_kzg_proof"]), "begin", broken)
    ran = cli("verify", job(sha256(1), FALSE), "--json")
    assert ran.status == 1
    assert ran.summary["outcomes"] == {"value": 1, "unserved": 1}
    unserved = ran.answers[1]
    assert (unserved["answer"], unserved["status"], unserved["retbuf"], unserved["engine"]) == (None, "unserved", None, "")
    assert "no device" in ran.err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--engine", "cuda:99"], "cuda:99: "),
        (["--engine", "abacus"], "unknown engine 'abacus'"),
        (["--cluster", "127.0.0.1:1"], "cluster 127.0.0.1:1: cannot be reached"),
        (["--resume"], "--resume: needs --out"),
        (["--workers", "0"], "workers"),
        (["--plonk", "V4"], "V4"),
        (["--fork", "Ragnarok"], "Ragnarok"),
        (["--nonsense"], "--nonsense"),
        (["--out", "/no/such/folder/a.jsonl"], "there is no such folder"),
        (["--report", "/no/such/folder/a.html"], "there is no such folder"),
    ],
)
def test_a_wrong_command_line_exits_with_2_and_says_why(cli: Cli, job: Job, options: list[str], sentence: str) -> None:
    ran = cli("verify", job(sha256(1)), *options)
    assert (ran.status, ran.out) == (2, b"")
    assert sentence in ran.err


def test_missing_arguments_and_commands_exit_with_2(cli: Cli) -> None:
    assert cli("verify").status == 2
    assert cli("fly").status == 2


def test_inputs_are_looked_at_before_any_work(cli: Cli, job: Job, tmp_path: Path) -> None:
    for wrong, sentence in ((tmp_path / "absent", "No such file"), (tmp_path, "is a directory")):
        ran = cli("verify", job(sha256(1)), wrong)
        assert (ran.status, ran.out) == (2, b"")
        assert f"{wrong}: {sentence}" in ran.err


def test_an_output_is_never_an_input(cli: Cli, job: Job, tmp_path: Path) -> None:
    path = job(sha256(1))
    before = path.read_bytes()
    link = tmp_path / "link"
    link.symlink_to(path)
    for option in ("--out", "--report"):
        for name in (path, link):
            assert cli("verify", path, option, name).status == 2
    assert cli("verify", path, "--out", tmp_path / "x", "--report", tmp_path / "x").status == 2
    assert path.read_bytes() == before


def test_out_takes_the_answers_and_standard_output_stays_empty(cli: Cli, job: Job, tmp_path: Path) -> None:
    path, out = job(*(sha256(i) for i in range(10))), tmp_path / "answers.jsonl"
    plain, ran = cli("verify", path), cli("verify", path, "--out", out)
    assert ran.out == b""
    assert out.read_bytes() == plain.out
    cli("verify", job(sha256(1)), "--out", out)
    assert len(out.read_bytes().splitlines()) == 1  # without --resume the file is written anew


def test_quiet_says_nothing_and_json_says_figures(cli: Cli, job: Job) -> None:
    path = job(sha256(1), FALSE, PANIC)
    assert cli("verify", path, "--quiet").err == ""
    summary = cli("verify", path, "--quiet", "--json").summary
    assert summary["requests"] == summary["answered"] == 3
    assert summary["outcomes"] == {"false": 1, "value": 1, "panic": 1}
    assert summary["operations"]["sha256"]["requests"] == 1
    assert (summary["exit"], summary["problem"], summary["kept"]) == (0, None, 0)
    assert summary["rate"] > 0
    assert summary["seconds"] > 0
    words = cli("verify", path).err
    assert "engine " in words
    assert "3 requests in" in words
    assert "\x1b" not in words  # no terminal, no colours


def test_answers_do_not_depend_on_chunks(cli: Cli, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    path = job(*(sha256(i, b"%d" % i) | {"op": ("sha256", "keccak256")[i % 2]} for i in range(300)), FALSE)
    whole = cli("verify", path).out
    monkeypatch.setattr("coproc.jobs.stream.MAX_ROWS", 1)
    assert cli("verify", path, "--workers", 1).out == whole
    monkeypatch.setattr("coproc.jobs.stream.MAX_ROWS", 8192)
    monkeypatch.setattr("coproc.jobs.read.MAX_CHUNK_BYTES", 100)
    assert cli("verify", path, "--workers", 3).out == whole


def test_batches_are_of_one_operation_and_one_set_of_rules(cli: Cli, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str, list[int]]] = []
    compute = Machine.compute

    def watch(self: Machine, group: Group) -> Columns:
        seen.append((group.op, group.rules.fork, group.rows))
        return compute(self, group)

    monkeypatch.setattr(Machine, "compute", watch)
    monkeypatch.setattr("coproc.jobs.read.Pace", lambda rows: Pace(100))
    lines = [sha256(i, fork=("Aegis", "Boreas")[i // 3 % 2]) for i in range(12)]
    assert cli("verify", job(*lines)).status == 0
    assert seen == [("sha256", "Aegis", [0, 1, 2, 6, 7, 8]), ("sha256", "Boreas", [3, 4, 5, 9, 10, 11])]
