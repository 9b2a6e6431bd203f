"""`Sampler`: some of the "yes" verified again, each by itself, on an engine other than the one that answered."""

from __future__ import annotations

import os
import threading
from random import SystemRandom
from typing import Final

import numpy as np

from coproc.engine.library import ISAS, unavailable
from coproc.engine.protocol import I64, Engine, Status
from coproc.engine.select import select
from coproc.keys import KeyRegistry
from coproc.ops import OPERATIONS

from .pools.protocol import PackedBatch

EVERY: Final = 256
_SLOW: Final = 8
"""One choice of an engine in so many may fall on a slow one."""


class Sampler:
    """Verifies some claims again, each by itself, on an engine other than the one that answered. Safe from any number of threads."""

    def __init__(self, every: int = EVERY, engines: dict[str, Engine] | None = None) -> None:
        """every: one in so many, by chance. engines: those to choose from by name, the fastest first; None: the instruction
        sets of this machine.
        """
        self.every = every
        self._random = SystemRandom()
        self._lock = threading.Lock()
        self._engines = engines
        self._keys: dict[str, KeyRegistry] = {}

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
        engine = self.other(name)
        with self._lock:
            keys = self._keys.setdefault(engine.name, KeyRegistry(engine))
        operation, batch = OPERATIONS[packed.op], packed.batch()
        status, retbuf = operation.run(engine, keys, batch, operation.parse(engine, batch))
        return np.flatnonzero((status != Status.OK) | (retbuf[:, 0] != 1))
