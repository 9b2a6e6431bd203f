"""The errors of a job: each names the file and, where there is one, the line."""

from __future__ import annotations

from coproc.errors import InvalidInput


class JobError(InvalidInput):
    """The job cannot go on: a file that cannot be read or written, or that does not fit another."""


class BadLine(InvalidInput):
    """One line that is no job line. With --keep-going it becomes an answer of status "error".

    where    "file:line"
    reason   what is wrong, without the place
    id       the line's id as JSON bytes, b"null" where it could not be read
    op       the operation it names, or None
    """

    def __init__(self, where: str, reason: str, id: bytes = b"null", op: str | None = None) -> None:
        super().__init__(f"{where}: {reason}")
        self.where, self.reason, self.id, self.op = where, reason, id, op
