"""The command line as a process: signals, pipes, terminals."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.requests import digest, sha256

Job = Callable[..., Path]
COPROC = [sys.executable, "-m", "coproc"]


def slow(path: Path, count: int = 1500) -> Path:
    """A small file of requests that take a while: hashes of 64 kB."""
    lines: list[dict[str, object]] = [{"blob": "big", "hex": os.urandom(60_000).hex()}]
    lines += [{"id": i, "op": "keccak256", "args": {"bytes": "@big"}} for i in range(count)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def wait_for_bytes(path: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() or path.stat().st_size < count:
        assert time.monotonic() < deadline, "no answers came"
        time.sleep(0.005)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_a_job_that_was_killed_keeps_its_answers_and_can_be_resumed(cli: Cli, tmp_path: Path, number: int, status: int) -> None:
    path, out = slow(tmp_path / "job.jsonl"), tmp_path / "answers.jsonl"
    with subprocess.Popen([*COPROC, "verify", path, "--out", out], stderr=subprocess.PIPE, text=True) as process:
        wait_for_bytes(out, 1)
        process.send_signal(number)
        process.send_signal(number)  # as process groups and wrappers do
        _, err = process.communicate(timeout=60)
    assert process.returncode == status
    if number != signal.SIGKILL:
        assert f"coproc: interrupted; {out} has the answers so far: add --resume to go on" in err
        assert "Traceback" not in err
        assert out.read_bytes().endswith(b"\n")
    kept = out.read_bytes().count(b"\n")
    ran = cli("verify", path, "--out", out, "--resume", "--json")
    assert ran.status == 0
    assert ran.summary["kept"] == kept
    answers = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert [a["id"] for a in answers] == list(range(1500))
    assert out.read_bytes() == cli("verify", path).out


def test_an_interrupt_without_out_says_what_would_have_helped(tmp_path: Path) -> None:
    path = slow(tmp_path / "job.jsonl", 20_000)
    with subprocess.Popen([*COPROC, "verify", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted; with --out FILE the answers could be kept" in err
    assert not out or out.endswith(b"\n")


def test_a_reader_that_leaves_ends_the_job_without_a_complaint_from_python(tmp_path: Path) -> None:
    path = slow(tmp_path / "job.jsonl", 20_000)
    with subprocess.Popen([*COPROC, "verify", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["id"] == 0
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=60)
    assert process.returncode == 1
    assert "nobody reads the answers any more" in err
    assert "Traceback" not in err
    assert "Exception" not in err


def test_answers_come_while_the_input_is_still_being_written() -> None:
    with subprocess.Popen([*COPROC, "verify", "-", "--quiet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for i in range(3):
            process.stdin.write(json.dumps(sha256(i, b"%d" % i)).encode() + b"\n")
            process.stdin.flush()
            assert select.select([process.stdout], [], [], 60)[0], "no answer came"
            assert json.loads(process.stdout.readline())["answer"] == digest(b"%d" % i)
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_a_terminal_sees_a_bar_with_rate_and_time_left(tmp_path: Path) -> None:
    path = slow(tmp_path / "job.jsonl", 1500)
    leader, follower = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"}
    arguments = [*COPROC, "verify", path, "--out", tmp_path / "a.jsonl"]
    with subprocess.Popen(arguments, stderr=follower, env=environment) as process:
        os.close(follower)
        seen = b""
        try:
            while piece := os.read(leader, 1 << 16):
                seen += piece
        except OSError:  # the other end is closed
            pass
    os.close(leader)
    assert process.returncode == 0
    assert b"answered" in seen
    assert b"/s" in seen
    assert b"0:00" in seen
    assert b"1,500 requests in" in seen


def test_python_m_coproc_is_the_same_program() -> None:
    ran = subprocess.run([*COPROC, "--version"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    assert ran.stdout.startswith("coproc 0.")


PEAK = """
import sys
from coproc.cli import main
main(sys.argv[1:])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_memory_does_not_grow_with_the_job(tmp_path: Path) -> None:
    """The peak of a job of 160 MB is within 64 MB of that of a small one."""
    peaks = []
    data = os.urandom(40_000)
    for count in (10, 2000):
        path = tmp_path / f"job{count}.jsonl"
        path.write_text("".join(json.dumps(sha256(i, data)) + "\n" for i in range(count)))
        arguments = [sys.executable, "-c", PEAK, "verify", str(path), "--out", str(tmp_path / "a.jsonl"), "--quiet"]
        peaks.append(int(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout))
    small, large = peaks
    assert large - small < 64 << 10  # kB
