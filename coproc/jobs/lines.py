"""Lines of a byte stream in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

MAX_LINE: Final = 16 << 20
"""Bytes of the longest line that is read. An argument buffer has at most 65,536 bytes; typed arguments may be wordier."""

BLOCK: Final = 1 << 20


class ByteSource(Protocol):
    """What is read from: `read1(n)` gives 1 to n bytes as soon as there are some, b"" at the end."""

    def read1(self, size: int, /) -> bytes: ...


class TooLong:
    """Stands in a block for a line of more than `MAX_LINE` bytes, whose bytes were thrown away."""


Line = bytes | TooLong


def line_blocks(source: ByteSource, max_line: int = MAX_LINE) -> Iterator[list[Line]]:
    """The lines of a stream, without their ends, in blocks as they arrive.

    A block may be empty. Memory: one block and one unfinished line. A last line without an end counts as a line.
    """
    parts: list[bytes] = []  # the unfinished line
    held = 0
    skipping = False  # the unfinished line is too long, its bytes are dropped
    size = min(BLOCK, max_line)  # so that no line inside one block is too long
    while block := source.read1(size):
        *complete, rest = block.split(b"\n")
        lines: list[Line] = list(complete)
        if lines:
            if skipping:
                lines[0] = TooLong()
            elif parts:
                parts.append(complete[0])
                lines[0] = b"".join(parts) if held + len(complete[0]) <= max_line else TooLong()
            parts, held, skipping = [], 0, False
        if not skipping:
            held += len(rest)
            if held > max_line:
                parts, skipping = [], True
            elif rest:
                parts.append(rest)
        yield lines
    if skipping:
        yield [TooLong()]
    elif parts:
        yield [b"".join(parts)]
