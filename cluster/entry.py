"""`Entry`: requests that wait together, those who listen for their answers, and `Cut`: entries, or parts of them, that run as one batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .cost import Line
from .listener import Listener
from .pools.protocol import PackedBatch, Run
from .ticket import Kind

if TYPE_CHECKING:
    from .fair import FairQueue
    from .lane import Lane


class Place(NamedTuple):
    """A tenant's queue in which an entry waits."""

    queue: FairQueue
    lane: Lane
    tenant: str


@dataclass(slots=True, eq=False)
class Entry:
    """Requests of one operation and rules that wait: a single one (`args`, `align`), or a packed batch. keys: of the memo, for each.

    A single one for which several tenants, or one tenant in several classes, have asked waits in a queue of each, and runs for whoever
    has a turn first. taken, answered: how many of the requests run or ran, and are answered. places: none once it waits no more.
    followers: by request of a packed batch, who asked for it as well when it ran already.
    """

    op: str
    code: int
    requests: int
    nbytes: int
    units: float
    number: int
    arrived: float
    listeners: list[Listener]
    args: bytes = b""
    align: int = 8
    keys: list[bytes] | None = None
    packed: PackedBatch | None = None
    taken: int = 0
    answered: int = 0
    places: list[Place] = field(default_factory=list)
    followers: dict[int, list[Listener]] | None = None

    @property
    def deadline(self) -> float:
        """The earliest of its listeners."""
        return min(listener.deadline for listener in self.listeners)

    @property
    def left(self) -> int:
        """Requests that wait."""
        return self.requests - self.taken

    @property
    def each(self) -> float:
        """Units of a request."""
        return self.units / self.requests

    def bytes_of(self, rows: int) -> int:
        """Argument bytes of the next requests."""
        if self.packed is None:
            return self.nbytes
        offsets = self.packed.offsets
        return int(offsets[self.taken + rows] - offsets[self.taken])

    def rows(self, most: int, units: float, nbytes: int) -> int:
        """How many of its next requests fit into so many requests, units and bytes."""
        if self.packed is None:
            return int(most > 0 and self.nbytes <= nbytes and self.units <= units)
        rows = min(most, self.left, int(max(units, 0.0) / self.each))
        first = self.packed.offsets[self.taken]
        return max(0, min(rows, int(np.searchsorted(self.packed.offsets, first + nbytes, side="right")) - 1 - self.taken))


class Piece(NamedTuple):
    """The requests of an entry from `start` on, before `stop`, on the account of a tenant."""

    entry: Entry
    start: int
    stop: int
    tenant: str


@dataclass(slots=True)
class Cut:
    """What runs as one batch. line: of the cost model. seconds: as estimated. keyed: whether an answer of it goes into the memo."""

    op: str
    kind: Kind
    line: Line
    pieces: list[Piece] = field(default_factory=list)
    requests: int = 0
    nbytes: int = 0
    units: float = 0.0
    seconds: float = 0.0
    keyed: bool = False

    def pack(self) -> PackedBatch:
        """The batch, its requests in the order of the pieces."""
        if len(self.pieces) == 1 and (packed := self.pieces[0].entry.packed) is not None:
            part = packed.slice(self.pieces[0].start, self.pieces[0].stop)
            part.tenants = (Run(self.pieces[0].tenant, len(part)),)
            return part
        data: list[Any] = []
        lengths: list[int] = []
        rules, aligns = bytearray(), bytearray()
        runs: list[Run] = []
        for entry, start, stop, tenant in self.pieces:
            if entry.packed is None:
                data.append(entry.args)
                lengths.append(len(entry.args))
                aligns.append(entry.align)
                rules.append(entry.code)
            else:
                part = entry.packed.slice(start, stop)
                data.append(part.data)
                lengths += np.diff(part.offsets).tolist()
                aligns += part.aligns.tobytes()
                rules += part.rules.tobytes()
            if runs and runs[-1].tenant == tenant:
                runs[-1] = Run(tenant, runs[-1].requests + stop - start)
            else:
                runs.append(Run(tenant, stop - start))
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        column = np.frombuffer(b"".join(data), np.uint8)
        return PackedBatch(self.op, np.frombuffer(rules, np.uint8), np.frombuffer(aligns, np.uint8), column, offsets, tuple(runs))
