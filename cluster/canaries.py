"""`Canaries`: false requests that are mixed into what workers are asked, so that a worker who skips the work is found at once.

Each can be folded: all its points are good, and its claim is false. They are made of the traffic: a request with one field of another of
the same batch, so that a worker that does not remember the traffic cannot tell them; and, to begin with, of the bundled demo requests.
"""

from __future__ import annotations

import threading
from collections import deque
from random import SystemRandom
from typing import Final

import numpy as np

from coproc.engine.protocol import Buffers, Engine, Parsed
from coproc.fold.singly import settle_singly
from coproc.keys import KeyRegistry
from coproc.ops import OPERATIONS

from .folding import Claimed
from .pools.protocol import PackedBatch
from .sealed import CURVE_OF, joined

KEPT: Final = 32
"""Of each operation."""
EACH: Final = 16
"""Batches after which another canary is made, once there are `KEPT`."""


class Canaries:
    """False requests of each operation with claims. Safe from any number of threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._keys = engine, KeyRegistry(engine)
        self._random = SystemRandom()
        self._lock = threading.Lock()
        self._kept: dict[str, deque[PackedBatch]] = {}
        self._bundled: set[str] = set()
        self._batches = 0

    def pick(self, op: str, count: int) -> list[PackedBatch]:
        """Up to `count` canaries, batches of one request each."""
        with self._lock:
            first = op not in self._bundled
            self._bundled.add(op)
        bundled = self._false(_bundled(op)) if first else []
        with self._lock:
            shelf = self._kept.setdefault(op, deque(maxlen=KEPT))
            shelf.extendleft(bundled[: KEPT - len(shelf)])
            kept = list(shelf)
        return self._random.sample(kept, min(count, len(kept)))

    def learn(self, packed: PackedBatch, parsed: Parsed) -> None:
        """Perhaps make a canary of two requests of a batch, all of whose buffers decode."""
        with self._lock:
            self._batches += 1
            if len(packed) < 2 or (len(self._kept.get(packed.op, ())) >= KEPT and self._batches % EACH):
                return
        made = self._false([spliced] if (spliced := self._spliced(packed, parsed)) else [])
        with self._lock:
            self._kept.setdefault(packed.op, deque(maxlen=KEPT)).extend(made)

    def _spliced(self, packed: PackedBatch, parsed: Parsed) -> PackedBatch | None:
        """A request with a field of another one that differs, of the same size."""
        i, j = self._random.sample(range(len(packed)), 2)
        args, other = bytearray(packed.args(i)), packed.args(j)
        starts = packed.batch().args.addresses
        for k in self._random.sample(range(4), 4):
            size = int(parsed.counts[i, k])
            at, theirs = int(parsed.fields[i, k]) - int(starts[i]), int(parsed.fields[j, k]) - int(starts[j])
            inside = 0 <= at <= len(args) - size and 0 <= theirs <= len(other) - size
            if size and size == parsed.counts[j, k] and inside and args[at : at + size] != other[theirs : theirs + size]:
                args[at : at + size] = other[theirs : theirs + size]
                data = np.frombuffer(bytes(args), np.uint8)
                return PackedBatch(packed.op, packed.rules[i : i + 1], packed.aligns[i : i + 1], data, np.array([0, len(args)]))
        return None

    def _false(self, candidates: list[PackedBatch]) -> list[PackedBatch]:
        """Those that can be folded and are false."""
        if not candidates:
            return []
        together = joined(candidates)
        claims, index = Claimed.of(self._engine, self._keys, together).some(np.ones(len(together), np.bool_))
        if claims is None:
            return []
        verdict = settle_singly(self._engine, claims)
        return [candidates[i] for i in index[verdict == 0].tolist()]


def _bundled(op: str) -> list[PackedBatch]:
    """The demo's requests of an operation that Dusk calls false."""
    from coproc.demo import load

    found: list[PackedBatch] = []
    for batch in load():
        if batch.group.op != op or op not in CURVE_OF:
            continue
        for data, status, value in zip(batch.group.data, batch.status, batch.value, strict=True):
            if status == "ok" and value is False:
                code = np.array([batch.group.rules.code], np.uint8)
                align = np.array([batch.group.align], np.uint8)
                found.append(PackedBatch(op, code, align, np.frombuffer(data, np.uint8), np.array([0, len(data)])))
    return found


def parsed_of(engine: Engine, packed: PackedBatch) -> tuple[Buffers, Parsed]:
    """The argument buffers of a batch and their fields."""
    batch = packed.batch()
    return batch.args, OPERATIONS[packed.op].parse(engine, batch)
