"""`InFlight`: where each request waits or runs, by its key of the memo, so that what is asked again does not run again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count, repeat
from typing import NamedTuple

import numpy as np

from coproc.operation import Answer

from .cost import units
from .entry import Entry
from .fair import leave
from .listener import Collector, Listener
from .pools.protocol import PackedBatch
from .room import Load

MIXED = 255
"""In place of a rules code, for a packed batch of several."""


class Group(NamedTuple):
    """Requests of one operation that somebody wants answered together. keys: of the memo, None: it is not asked."""

    batch: PackedBatch
    keys: list[bytes] | None
    to: Collector


class Parted(NamedTuple):
    """A group by what is to be done, as places in it.

    known: with answers. fresh: what runs, None: all. shared: what waits or runs already, or comes again in the group.
    """

    known: list[int]
    answers: list[Answer]
    fresh: list[int] | None
    shared: list[int]


class InFlight:
    """Entries by the keys of their requests. For one thread at a time. wait: puts an entry where it waits for a listener."""

    def __init__(self, wait: Callable[[Entry, Listener], None]) -> None:
        self._wait = wait
        self._where: dict[bytes, tuple[Entry, int]] = {}
        self._numbers = count()

    def __contains__(self, key: bytes) -> bool:
        return key in self._where

    def __len__(self) -> int:
        return len(self._where)

    def part(self, group: Group, found: Sequence[Answer | None]) -> Parted:
        """found: what the memo says of each."""
        keys = group.keys
        known = [place for place, answer in enumerate(found) if answer is not None]
        if keys is None or (not known and self._where.keys().isdisjoint(keys) and len(set(keys)) == len(keys)):
            return Parted([], [], None, [])
        fresh: dict[bytes, int] = {}
        shared: list[int] = []
        for place, (key, answer) in enumerate(zip(keys, found, strict=True)):
            if answer is None:
                if key in self._where or key in fresh:
                    shared.append(place)
                else:
                    fresh[key] = place
        return Parted(known, [answer for answer in found if answer is not None], list(fresh.values()), shared)

    def single(self, op: str, code: int, align: int, args: bytes, key: bytes, now: float, listeners: list[Listener]) -> None:
        """A request waits by itself. Nothing of its key is in flight."""
        n = len(args)
        entry = Entry(op, code, 1, n, units(op, 1, n), next(self._numbers), now, listeners, args, align, [key])
        self._where[key] = entry, 0
        for listener in listeners:
            self._wait(entry, listener)

    def packed(self, batch: PackedBatch, keys: list[bytes] | None, places: list[int] | None, now: float, listener: Listener) -> None:
        """Requests wait together. keys: none is in flight, all differ. places: in a collector, None: one after another."""
        if places is not None:
            listener = listener._replace(place=np.array(places, np.int64))
        n, nbytes = len(batch), batch.nbytes
        code = int(batch.rules[0]) if np.all(batch.rules == batch.rules[0]) else MIXED
        number = next(self._numbers)
        entry = Entry(batch.op, code, n, nbytes, units(batch.op, n, nbytes), number, now, [listener], keys=keys, packed=batch)
        if keys is not None:
            self._where.update(zip(keys, zip(repeat(entry), range(n)), strict=False))
        self._wait(entry, listener)

    def join(self, key: bytes, listener: Listener) -> None:
        """Somebody else wants a request that is in flight."""
        entry, row = self._where[key]
        if entry.packed is not None:
            if row < entry.taken or _alike(listener, entry.listeners[0]):
                entry.followers = entry.followers or {}
                entry.followers.setdefault(row, []).append(listener)
                return
            self._scatter(entry, entry.packed)
            entry, _ = self._where[key]
        entry.listeners.append(listener)
        if entry.places:
            self._wait(entry, listener)

    def forget(self, entry: Entry, start: int = 0, stop: int = 1) -> None:
        """Some requests of an entry are answered."""
        if entry.keys is not None:
            for key in entry.keys[start:stop]:
                del self._where[key]

    def _scatter(self, entry: Entry, packed: PackedBatch) -> None:
        """What waits of a packed entry becomes single requests: somebody else wants one of them, perhaps sooner."""
        first, n, keys, (owner,) = entry.taken, entry.left, entry.keys, entry.listeners
        assert keys is not None
        rest = Load(first, entry.nbytes - entry.bytes_of(n), owner.load.seconds / entry.requests * first)
        seconds = owner.load.seconds / entry.requests
        leave(entry, n)
        entry.units *= first / entry.requests
        entry.listeners, entry.requests, entry.taken, entry.nbytes = [owner._replace(load=rest)], first, first, rest.nbytes
        data, at = packed.data.tobytes(), packed.offsets.tolist()
        for row in range(first, first + n):
            args = data[at[row] : at[row + 1]]
            place = owner.place + row if isinstance(owner.place, int) else int(owner.place[row])
            mine = owner._replace(place=place, load=Load(1, len(args), seconds))
            others = entry.followers.pop(row, []) if entry.followers else []
            code, align = int(packed.rules[row]), int(packed.aligns[row])
            self.single(entry.op, code, align, args, keys[row], entry.arrived, [mine, *others])


def _alike(a: Listener, b: Listener) -> bool:
    """Whether what is done for one is done for the other as soon."""
    return (a.kind, a.tenant, a.deadline) == (b.kind, b.tenant, b.deadline)
