"""Argument tuples as rkyv 0.7 archives them (size_32, little-endian): read one, write one.

The root lies at the end of the buffer, what it points to before it. A Vec is {i32 offset from the field's own address, u32 length};
the blocks of several Vecs lie in the order last field to first, without overlap. Batches are parsed by the engines; this module
serves single buffers (gas, tools) and is the one writer.

Source: the layouts of Dusk's host queries, `docs/references.md` dusk-vm; rkyv's check_archived_root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from coproc.engine.protocol import Layout

_VEC: Final = Struct("<iI")


class Vec(NamedTuple):
    """A field that points at its elements."""

    at: int  # position in the root
    size: int  # bytes of an element
    align: int = 1  # of an element


class Inline(NamedTuple):
    """A field that lies in the root itself."""

    at: int
    size: int


@dataclass(frozen=True)
class Root:
    """Size and alignment of the root, and its fields in the order of `Layout`."""

    size: int
    align: int
    fields: tuple[Vec | Inline, ...]


ROOTS: Final = {
    Layout.BYTES: Root(8, 4, (Vec(0, 1),)),
    Layout.SCALARS: Root(8, 4, (Vec(0, 32, 8),)),
    Layout.PLONK: Root(24, 4, (Vec(0, 1), Vec(8, 1), Vec(16, 32, 8))),
    Layout.GROTH16: Root(24, 4, (Vec(0, 1), Vec(8, 1), Vec(16, 1))),
    Layout.SCHNORR: Root(384, 8, (Inline(0, 32), Inline(32, 160), Inline(192, 192))),
    Layout.BLS: Root(312, 8, (Vec(0, 1), Inline(8, 200), Inline(208, 104))),
    Layout.MULTISIG: Root(120, 8, (Vec(0, 1), Vec(8, 200, 8), Inline(16, 104))),
    Layout.KZG: Root(160, 1, (Inline(0, 32), Inline(32, 32), Inline(64, 48), Inline(112, 48))),
    Layout.RECOVER: Root(97, 1, (Inline(0, 32), Inline(32, 65))),
}


def read(layout: Layout, buffer: bytes, align: int = 8) -> list[tuple[int, int]] | None:
    """Position and count of each field, in the order of the layout; None where check_archived_root rejects the buffer.

    count: elements of a Vec, bytes of an inline field. align: of the buffer's base address.
    """
    root = ROOTS[layout]
    start = len(buffer) - root.size
    if start < 0 or start % root.align or align < root.align:
        return None
    found: list[tuple[int, int]] = []
    low, high = 0, start
    for field in reversed(root.fields):
        at = start + field.at
        if isinstance(field, Inline):
            found.append((at, field.size))
            continue
        offset, count = _VEC.unpack_from(buffer, at)
        target, size = at + offset, count * field.size
        if not 0 <= target <= len(buffer) or target % field.align or align < field.align:
            return None
        if size == 0:
            if not low <= target <= high:
                return None
        elif not (low <= target < high and target + size <= high):
            return None
        low = target + size
        found.append((target, count))
    return found[::-1]


def write(layout: Layout, values: Sequence[bytes]) -> bytes:
    """The archive of one argument tuple: for each field, in the order of the layout, the bytes of its elements or of itself."""
    root = ROOTS[layout]
    out = bytearray()
    places: dict[int, tuple[int, int]] = {}
    for k in reversed(range(len(root.fields))):
        field, value = root.fields[k], values[k]
        if isinstance(field, Vec):
            out += bytes(-len(out) % field.align)
            places[k] = len(out), len(value) // field.size
            out += value
    out += bytes(-len(out) % root.align)
    start = len(out)
    out += bytes(root.size)
    for k, field in enumerate(root.fields):
        at = start + field.at
        if isinstance(field, Vec):
            target, count = places[k]
            _VEC.pack_into(out, at, target - at, count)
        else:
            out[at : at + field.size] = values[k]
    return bytes(out)
