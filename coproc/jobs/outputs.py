"""Where answers go: standard output, a JSONL file that a later run can go on with, or a Parquet file."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import msgspec

from coproc.jobs.errors import JobError
from coproc.jobs.job import NULL
from coproc.jobs.lines import TooLong, line_blocks
from coproc.jobs.parquet import ParquetAnswers
from coproc.operation import STATUS_NAMES
from coproc.ops import OPERATIONS

_BLOCK: Final = 1 << 16
_MAX_ANSWER: Final = 64 << 20  # an answer repeats its line's id


class Output(Protocol):
    def write(self, lines: bytes, /) -> None:
        """Whole lines. Raises OSError; BrokenPipeError where nobody reads any more."""
        ...

    def close(self) -> None: ...


class StandardOutput:
    def __init__(self) -> None:
        self._stream: BinaryIO = sys.stdout.buffer

    def write(self, lines: bytes) -> None:
        self._stream.write(lines)
        self._stream.flush()

    def close(self) -> None: ...


class AnswerFile:
    """A JSONL file of answers, written line by line, held under a lock.

    resume: keep the whole lines that it has. A last line that was torn by a crash is cut off.
    """

    def __init__(self, name: str, resume: bool) -> None:
        self.name = name
        try:
            self._fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise JobError(f"{name}: cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise JobError(f"{name}: another coproc writes there") from None
        except OSError:
            pass  # a file system without locks
        try:
            self.kept_bytes = self._whole_lines() if resume else 0
            os.ftruncate(self._fd, self.kept_bytes)
            os.lseek(self._fd, self.kept_bytes, os.SEEK_SET)
        except OSError:  # a pipe or a device: written to, never resumed
            if resume:
                os.close(self._fd)
                raise JobError(f"{name}: is no file that could be resumed") from None
            self.kept_bytes = 0

    def _whole_lines(self) -> int:
        """Bytes up to and with the last line end."""
        end = os.lseek(self._fd, 0, os.SEEK_END)
        while end > 0:
            start = max(0, end - _BLOCK)
            at = os.pread(self._fd, end - start, start).rfind(b"\n")
            if at >= 0:
                return start + at + 1
            end = start
        return 0

    def write(self, lines: bytes) -> None:
        view = memoryview(lines)
        while view:
            view = view[os.write(self._fd, view) :]

    def close(self) -> None:
        with suppress(OSError):  # a pipe or a device
            os.fsync(self._fd)
        os.close(self._fd)


class _Answer(msgspec.Struct, gc=False):
    op: str | None
    status: str
    answer: msgspec.Raw
    id: msgspec.Raw = msgspec.Raw(NULL)


class KeptAnswers:
    """The answers that a file has from an earlier run, to be compared with the rows of the input."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.number = 0
        self.outcomes: dict[tuple[str, str], int] = {}
        self._lines = self._read(size)
        self._next = next(self._lines, None)

    def _read(self, size: int) -> Iterator[_Answer]:
        decode = msgspec.json.Decoder(_Answer).decode
        with Path(self.name).open("rb") as file:
            for block in line_blocks(_Bounded(file, size), _MAX_ANSWER):
                for line in block:
                    self.number += 1
                    try:
                        if isinstance(line, TooLong):
                            raise ValueError("the line is too long")
                        answer = decode(line)
                        if answer.status not in STATUS_NAMES and answer.status != "error":
                            raise ValueError(f"unknown status {answer.status[:32]!r}")
                    except (msgspec.DecodeError, ValueError, RecursionError) as error:
                        raise JobError(f"{self.name}:{self.number}: is no answer, so this file cannot be resumed: {error}") from None
                    yield answer

    def skip(self, where: str, id: bytes, op: str | None) -> bool:
        """Is this row of the input answered? Raises JobError if the answer in its place is to another row."""
        answer = self._next
        if answer is None:
            return False
        if bytes(answer.id) != id or answer.op != op:
            raise JobError(
                f"{self.name}:{self.number} answers {_shown(bytes(answer.id), answer.op)} but {where} asks {_shown(id, op)}: "
                "these answers are not to this input"
            )
        key = (answer.op if answer.op in OPERATIONS else "", outcome(answer.status, bytes(answer.answer)))
        self.outcomes[key] = self.outcomes.get(key, 0) + 1
        self._next = next(self._lines, None)
        return True

    def finish(self) -> None:
        """The input has ended. Raises JobError if there are answers to rows that it does not have."""
        if self._next is not None:
            raise JobError(f"{self.name}:{self.number}: the input has no row for this answer: these answers are not to this input")


class _Bounded:
    """The first bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def read1(self, size: int, /) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data


def _shown(id: bytes, op: str | None) -> str:
    return f"id {id[:64].decode(errors='replace')} ({op or 'no operation'})"


def outcome(status: str, answer: bytes) -> str:
    """One of `answers.OUTCOMES` from an answer's status and its JSON answer."""
    if status != "ok":
        return status
    return {b"true": "true", b"false": "false", NULL: "none"}.get(answer, "value")


def open_output(name: str | None, resume: bool) -> tuple[Output, KeptAnswers | None]:
    """Where answers go, and with `resume` those that are there. Raises JobError."""
    if name is None:
        return StandardOutput(), None
    if name.endswith(".parquet"):
        if resume:
            raise JobError(f"{name}: a Parquet file cannot be resumed; write answers to a .jsonl file")
        try:
            return ParquetAnswers(name), None
        except OSError as error:
            raise JobError(f"{name}: cannot be written: {error}") from None
    file = AnswerFile(name, resume)
    return file, KeptAnswers(name, file.kept_bytes) if file.kept_bytes else None
