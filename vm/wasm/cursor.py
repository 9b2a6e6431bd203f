"""A place in the bytes of a module, and the encodings read there: bytes, LEB128 integers, names, vectors' counts.

Every read checks its bounds and raises `ModuleError`; a count is checked against the bytes that are left, so that no loop is longer than
the module. Source: WebAssembly 2.0, section 5.2.
"""

from __future__ import annotations

from typing import Final

from .refusal import malformed


class Cursor:
    """Reads `data[pos:end]`; `pos` moves on with each read."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, pos: int = 0, end: int | None = None) -> None:
        self.data: Final = data
        self.pos = pos
        self.end = len(data) if end is None else end

    def byte(self) -> int:
        """The next byte."""
        pos = self.pos
        if pos >= self.end:
            raise malformed("unexpected end", pos)
        self.pos = pos + 1
        return self.data[pos]

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        pos = self.pos
        if count > self.end - pos:
            raise malformed("unexpected end", pos)
        self.pos = pos + count
        return self.data[pos : pos + count]

    def unsigned(self, bits: int = 32) -> int:
        """An unsigned LEB128 integer of at most `bits` bits, in at most ⌈bits/7⌉ bytes."""
        value = shift = 0
        start = self.pos
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift >= bits:
                raise malformed(f"integer of more than {bits} bits", start)
        if value >> bits:
            raise malformed(f"integer of more than {bits} bits", start)
        return value

    def signed(self, bits: int) -> int:
        """A signed LEB128 integer of at most `bits` bits, in at most ⌈bits/7⌉ bytes."""
        value = shift = 0
        start = self.pos
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift >= bits:
                raise malformed(f"integer of more than {bits} bits", start)
        if value >> (shift - 1) & 1:
            value -= 1 << shift
        if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
            raise malformed(f"integer of more than {bits} bits", start)
        return value

    def count(self, smallest: int = 1) -> int:
        """The length of a vector whose entries take at least `smallest` bytes each."""
        start = self.pos
        count = self.unsigned()
        if count * smallest > self.end - self.pos:
            raise malformed(f"vector of {count} entries is longer than its section", start)
        return count

    def name(self) -> str:
        """A UTF-8 name."""
        start = self.pos
        try:
            return self.take(self.count()).decode()
        except UnicodeDecodeError:
            raise malformed("name is not UTF-8", start) from None
