"""Argument buffers: which bytes decode, and to what.

The arguments of a host function are an rkyv 0.7 archive of a tuple (size_32, little-endian, structs as rustc lays them out). The root lies
at the END of the buffer. A Vec is 8 bytes, {i32 offset from the field's own address, u32 count}; its elements lie before the root.
``check_archived_root`` looks at structure alone: the root within the buffer and aligned, and the Vec fields, visited from the last to the
first, within what is left of the buffer, aligned, each behind the one visited before (gaps are allowed).
Source: [rkyv] 0.7 validation, [dusk-vm] host_queries.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple


class Vec(NamedTuple):
    """A Vec field at ``offset`` of the root, with elements of ``size`` bytes aligned to ``align``."""

    offset: int
    size: int
    align: int


class Inline(NamedTuple):
    """A field of ``size`` bytes at ``offset`` of the root."""

    offset: int
    size: int


class Layout(NamedTuple):
    """The root's size and alignment, and the fields in the order of the tuple."""

    size: int
    align: int
    fields: tuple[Vec | Inline, ...]


BYTES: Final = Layout(8, 4, (Vec(0, 1, 1),))
SCALARS: Final = Layout(8, 4, (Vec(0, 32, 8),))
PLONK: Final = Layout(24, 4, (Vec(0, 1, 1), Vec(8, 1, 1), Vec(16, 32, 8)))
GROTH16: Final = Layout(24, 4, (Vec(0, 1, 1), Vec(8, 1, 1), Vec(16, 1, 1)))
SCHNORR: Final = Layout(384, 8, (Inline(0, 32), Inline(32, 160), Inline(192, 192)))
BLS: Final = Layout(312, 8, (Vec(0, 1, 1), Inline(8, 200), Inline(208, 104)))
MULTISIG: Final = Layout(120, 8, (Vec(0, 1, 1), Vec(8, 200, 8), Inline(16, 104)))
KZG: Final = Layout(160, 1, (Inline(0, 32), Inline(32, 32), Inline(64, 48), Inline(112, 48)))  # z y commitment proof: rustc's order
RECOVER: Final = Layout(97, 1, (Inline(0, 32), Inline(32, 65)))


def locate(layout: Layout, buffer: bytes, align: int = 8) -> tuple[tuple[int, int], ...] | None:
    """(start, bytes) of every field in the buffer, or None where the check fails; ``align``: alignment of the buffer's base address."""
    root = len(buffer) - layout.size
    if root < 0 or root % layout.align or align % layout.align:
        return None
    found: list[tuple[int, int]] = []
    low = 0
    for field in reversed(layout.fields):
        position = root + field.offset
        if isinstance(field, Inline):
            found.append((position, field.size))
            continue
        offset, count = struct.unpack_from("<iI", buffer, position)
        start, size = position + offset, count * field.size
        if not 0 <= start <= len(buffer) or start % field.align or align % field.align:
            return None
        if not (low <= start <= root if size == 0 else low <= start < root and start + size <= root):
            return None
        low = start + size
        found.append((start, size))
    return tuple(reversed(found))


def parse(layout: Layout, buffer: bytes, align: int = 8) -> tuple[bytes, ...] | None:
    """The bytes of every field, or None where the check fails."""
    places = locate(layout, buffer, align)
    return None if places is None else tuple(buffer[start : start + size] for start, size in places)


def chunks(data: bytes, size: int) -> tuple[bytes, ...]:
    """The elements of a Vec."""
    return tuple(data[i : i + size] for i in range(0, len(data), size))
