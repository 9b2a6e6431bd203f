"""`Parcel`: a question on its way, without anything of the asker's memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from coproc.engine.protocol import U8


class Parcel(NamedTuple):
    """A `Question`: its requests as one array, and the keys that the array names (`slim.pack`)."""

    number: bytes
    op: str
    n: int
    seed: bytes
    array: U8
    table: Mapping[int, bytes]
