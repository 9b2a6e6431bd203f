"""`--resume`: answers that are there are kept, a torn line is done again, what does not fit is refused."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.requests import FALSE, MALFORMED, sha256

Job = Callable[..., Path]


@pytest.fixture
def done(cli: Cli, job: Job, tmp_path: Path) -> tuple[Path, Path, bytes]:
    """An input, the file of its answers, and what it holds when it is complete."""
    lines = [sha256(i, b"%d" % i) for i in range(60)]
    lines[10], lines[20] = FALSE, MALFORMED
    path, out = job({"blob": "b", "hex": "00"}, *lines), tmp_path / "answers.jsonl"
    assert cli("verify", path, "--out", out).status == 0
    return path, out, out.read_bytes()


@pytest.mark.parametrize("kept", [0, 1, 37, 1000, 5000, -3, -1])
def test_a_resumed_job_ends_as_if_it_had_never_stopped(cli: Cli, done: tuple[Path, Path, bytes], kept: int) -> None:
    path, out, whole = done
    out.write_bytes(whole[:kept])
    whole_lines = out.read_bytes().count(b"\n")
    ran = cli("verify", path, "--out", out, "--resume", "--json")
    assert ran.status == 0
    assert out.read_bytes() == whole
    assert (ran.summary["kept"], ran.summary["answered"]) == (whole_lines, 60 - whole_lines)
    assert ran.summary["outcomes"] == {"false": 1, "value": 58, "malformed": 1}


def test_resuming_what_is_complete_or_absent_is_no_error(cli: Cli, done: tuple[Path, Path, bytes]) -> None:
    path, out, whole = done
    assert cli("verify", path, "--out", out, "--resume").status == 0
    assert out.read_bytes() == whole
    out.unlink()
    assert cli("verify", path, "--out", out, "--resume").status == 0
    assert out.read_bytes() == whole


def test_kept_answers_are_not_computed_again(cli: Cli, done: tuple[Path, Path, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    path, out, whole = done

    def never(*_: object) -> None:
        raise AssertionError("computed")

    monkeypatch.setattr("coproc.jobs.compute.Machine.compute", never)
    assert cli("verify", path, "--out", out, "--resume").status == 0
    assert out.read_bytes() == whole


def other_id(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"id": "other"}


def other_operation(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"op": "keccak256"}


@pytest.mark.parametrize("change", [other_id, other_operation])
def test_answers_to_another_input_are_refused_and_untouched(
    cli: Cli, job: Job, done: tuple[Path, Path, bytes], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    path, out, whole = done
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    lines[6] = change(lines[6])
    changed = job(*lines)
    kept = b"".join(whole.splitlines(keepends=True)[:40])
    out.write_bytes(kept)
    ran = cli("verify", changed, "--out", out, "--resume")
    assert ran.status == 2
    assert f"{out}:6 answers id 5 (sha256) but {changed}:7 asks " in ran.err
    assert "these answers are not to this input" in ran.err
    assert out.read_bytes() == kept


def test_more_answers_than_rows_are_refused(cli: Cli, job: Job, done: tuple[Path, Path, bytes]) -> None:
    path, out, whole = done
    shorter = job(*path.read_bytes().splitlines()[:-5])
    ran = cli("verify", shorter, "--out", out, "--resume")
    assert ran.status == 2
    assert f"{out}:56: the input has no row for this answer" in ran.err
    assert out.read_bytes() == whole


@pytest.mark.parametrize("line", [b"{}", b"nonsense", b'{"id":0,"op":"sha256","answer":null,"status":"fine"}', b"\0" * 50])
def test_a_file_of_something_else_is_refused(cli: Cli, done: tuple[Path, Path, bytes], line: bytes) -> None:
    path, out, whole = done
    lines = whole.splitlines()
    lines[4] = line
    out.write_bytes(b"\n".join(lines) + b"\n")
    ran = cli("verify", path, "--out", out, "--resume")
    assert ran.status == 2
    assert f"{out}:5: is no answer, so this file cannot be resumed" in ran.err


def test_error_answers_are_kept_and_still_decide_the_exit_status(cli: Cli, job: Job, tmp_path: Path) -> None:
    path, out = job(sha256(1), "{", '{"id": 7, "op": "fly"}', sha256(2), FALSE), tmp_path / "a.jsonl"
    assert cli("verify", path, "--out", out, "--keep-going").status == 2
    whole = out.read_bytes()
    out.write_bytes(b"".join(whole.splitlines(keepends=True)[:4]))
    ran = cli("verify", path, "--out", out, "--keep-going", "--resume", "--json")
    assert ran.status == 2
    assert out.read_bytes() == whole
    assert ran.summary["outcomes"] == {"false": 1, "value": 2, "error": 2}


def test_require_true_asks_kept_answers_too(cli: Cli, job: Job, tmp_path: Path) -> None:
    path, out = job(FALSE, sha256(1)), tmp_path / "a.jsonl"
    cli("verify", path, "--out", out)
    assert cli("verify", path, "--out", out, "--resume", "--require-true").status == 1


def test_a_job_that_stopped_at_a_bad_line_goes_on_once_it_is_mended(cli: Cli, job: Job, tmp_path: Path) -> None:
    lines = [json.dumps(sha256(i)) for i in range(5)]
    out = tmp_path / "a.jsonl"
    broken = job(*lines[:3], "{", *lines[4:])
    assert cli("verify", broken, "--out", out).status == 2
    assert len(out.read_bytes().splitlines()) == 3
    assert cli("verify", job(*lines), "--out", out, "--resume").status == 0
    assert len(out.read_bytes().splitlines()) == 5


def test_two_runs_never_write_one_file(cli: Cli, job: Job, tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    with out.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        ran = cli("verify", job(sha256(1)), "--out", out)
    assert ran.status == 2
    assert f"{out}: another coproc writes there" in ran.err


def test_a_pipe_takes_answers_but_cannot_be_resumed(cli: Cli, job: Job, tmp_path: Path) -> None:
    path, pipe = job(sha256(1)), tmp_path / "pipe"
    os.mkfifo(pipe)
    ran = cli("verify", path, "--out", pipe, "--resume")
    assert ran.status == 2
    assert f"{pipe}: is no file that could be resumed" in ran.err
    assert cli("verify", path, "--out", "/dev/null").status == 0


def test_a_full_disk_is_said(cli: Cli, job: Job) -> None:
    ran = cli("verify", job(sha256(1)), "--out", "/dev/full")
    assert ran.status == 2
    assert "/dev/full: cannot be written: No space left on device" in ran.err
