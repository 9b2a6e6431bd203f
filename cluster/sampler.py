"""`Sampler`: some of the "yes" verified again on an engine other than the one that answered."""

from __future__ import annotations

import os
import threading
from random import SystemRandom
from typing import Final

import numpy as np

from coproc.engine.library import ISAS, unavailable
from coproc.engine.protocol import I64, Engine, Status
from coproc.engine.select import select
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.operation import Batch
from coproc.ops import OPERATIONS

from .folding import Claimed
from .pools.protocol import PackedBatch

EVERY: Final = 256
_SLOW: Final = 8
"""One choice of an engine in so many may fall on a slow one."""


class Sampler:
    """Verifies some claims again on an engine other than the one that answered. Safe from any number of threads.

    Those of a question are folded, under coefficients that this side draws anew; where the fold is not one, each is settled by itself.
    """

    def __init__(self, every: int = EVERY, engines: dict[str, Engine] | None = None) -> None:
        """every: one in so many, by chance. engines: those to choose from by name, the fastest first; None: the instruction
        sets of this machine.
        """
        self.every = every
        self._random = SystemRandom()
        self._lock = threading.Lock()
        self._engines = engines
        self._keys: dict[str, KeyRegistry] = {}
        self._combiner = Combiner()

    def sample(self, index: I64) -> I64:
        """Each with a chance of 1 / every."""
        if not len(index):
            return index
        words = np.frombuffer(os.urandom(8 * len(index)), np.uint64)
        chosen: I64 = index[words % np.uint64(self.every) == 0]
        return chosen

    def other(self, name: str) -> Engine:
        """An engine that is not `name`, mostly the fastest; that one where there is no other: then at least the way is another."""
        with self._lock:
            if self._engines is None:
                here = [isa for isa in reversed(ISAS) if unavailable(isa) is None]
                self._engines = {f"cpu:{isa}": select(f"cpu:{isa}") for isa in here} or {"spec": select("spec")}
            others = [engine for known, engine in self._engines.items() if known != name] or list(self._engines.values())
            return others[0] if self._random.randrange(_SLOW) else self._random.choice(others)

    def disagree(self, packed: PackedBatch, name: str) -> I64:
        """Which requests, all answered true by the engine `name`, are not true on another engine."""
        return self.wrong(packed.op, packed.batch(), name)

    def wrong(self, op: str, batch: Batch, name: str) -> I64:
        """`disagree`, of requests where they lie."""
        engine = self.other(name)
        with self._lock:
            keys = self._keys.setdefault(engine.name, KeyRegistry(engine))
        operation = OPERATIONS[op]
        claimed = Claimed.of_parsed(engine, keys, operation, batch, operation.parse(engine, batch))
        good = claimed.retbuf[:, 0].copy()
        if claimed.claims is not None:
            good[claimed.index] = self._combiner.settle(engine, [claimed.claims])[0]
        return np.flatnonzero((claimed.status != Status.OK) | (good != 1))
