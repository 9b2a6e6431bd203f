"""The encodings that rewriting writes: LEB128 integers, vectors, sections. Source: WebAssembly 2.0, section 5.2."""

from __future__ import annotations

from collections.abc import Sequence


def unsigned(value: int) -> bytes:
    """Unsigned LEB128, shortest form; `value` ≥ 0."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    """Signed LEB128, shortest form."""
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def name(text: str) -> bytes:
    """A UTF-8 name with its length."""
    raw = text.encode()
    return unsigned(len(raw)) + raw


def vector(entries: Sequence[bytes]) -> bytes:
    """A count and the entries."""
    return unsigned(len(entries)) + b"".join(entries)


def section(number: int, content: bytes) -> bytes:
    """A section: number, size, content."""
    return bytes((number,)) + unsigned(len(content)) + content
