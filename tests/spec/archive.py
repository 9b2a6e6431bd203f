"""Argument buffers as upstream's encoder writes them: Vec blocks from the last field to the first, each aligned, then the root."""

from __future__ import annotations

import struct

from coproc.spec.rkyv import Inline, Layout


def archive(layout: Layout, *fields: bytes) -> bytes:
    """The fields in the order of the tuple: bytes of a Vec's elements, or of an inline field."""
    out = bytearray()
    places: list[int] = []
    for shape, data in reversed(list(zip(layout.fields, fields, strict=True))):
        if isinstance(shape, Inline):
            places.append(0)
            continue
        out += bytes(-len(out) % shape.align)
        places.append(len(out))
        out += data
    places.reverse()
    out += bytes(-len(out) % layout.align)
    root = len(out)
    out += bytes(layout.size)
    for shape, place, data in zip(layout.fields, places, fields, strict=True):
        at = root + shape.offset
        if isinstance(shape, Inline):
            out[at : at + shape.size] = data
        else:
            struct.pack_into("<iI", out, at, place - at, len(data) // shape.size)
    return bytes(out)
