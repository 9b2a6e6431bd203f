"""Running the command line inside this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from coproc.cli import main


class Ran(NamedTuple):
    """What a command left: its exit status, its answers (standard output) and what it said (standard error)."""

    status: int
    out: bytes
    err: str

    @property
    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        """The --json summary: the last line."""
        value: dict[str, Any] = json.loads(self.err.splitlines()[-1])
        return value


Cli = Callable[..., Ran]


@pytest.fixture
def cli(capsysbinary: pytest.CaptureFixture[bytes]) -> Cli:
    """cli(*arguments): runs one command in this process."""

    def run(*arguments: object) -> Ran:
        capsysbinary.readouterr()
        status = main([str(argument) for argument in arguments])
        captured = capsysbinary.readouterr()
        return Ran(status, captured.out, captured.err.decode())

    return run


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Path]:
    """job(*lines): a job file; lines are objects, text or bytes."""
    count = 0

    def write(*lines: object, name: str = "") -> Path:
        nonlocal count
        count += 1
        path = tmp_path / (name or f"job{count}.jsonl")
        path.write_bytes(b"".join(as_line(line) + b"\n" for line in lines))
        return path

    return write


def as_line(line: object) -> bytes:
    if isinstance(line, bytes):
        return line
    return line.encode() if isinstance(line, str) else json.dumps(line).encode()
