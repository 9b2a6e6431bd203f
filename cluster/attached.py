"""`ClusterCoprocessor`: a `Coprocessor` whose verifications run on a cluster, and on this machine what the cluster cannot do.

What is folded is cut and sent; hashes, Schnorr signatures and recovered keys cost less than the way there and back, so they are answered
here. When the cluster loses a batch it is tried there again, and at last here: an answer is the same wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from coproc.batch import Part
from coproc.coprocessor import Coprocessor
from coproc.engine.memory import Buffers
from coproc.engine.protocol import Engine
from coproc.engine.select import select
from coproc.errors import EngineUnavailable
from coproc.operation import Batch, Columns

from .audit import LEAST, Audited, Counts
from .dispatch import Dispatcher
from .kept import Keeper
from .pools.gateway import CONNECT_SECONDS, Gateway
from .pools.protocol import PackedBatch
from .pools.threads import ThreadPool
from .remote import Remote
from .sealed import CURVE_OF

WAIT_SECONDS: Final = 90.0
"""For the first worker to come up."""
_OTHERS_SECONDS: Final = 15.0
"""For the others; who is later joins later."""
MOST_LANES: Final = 64
LANES_A_PLACE: Final = 4
"""Batches under way for each question that may be asked at once: those that wait go together (`joining`)."""


class ClusterCoprocessor(Coprocessor):
    """Safe from any number of threads. A context manager."""

    least_verifications = 256  # of a batch: below, the way there and the check show
    large_on_device = False  # workers take no larger ones

    def __init__(
        self,
        engine: Engine | str | None = None,
        workers: int | None = None,
        cluster: str = "auto",
        wait_seconds: float = WAIT_SECONDS,
        remote: Callable[[Engine], Remote] | None = None,
        least: int = LEAST,
        kept: str | Path | None = None,
    ) -> None:
        """engine: of this machine, and by name of the cluster too. workers: threads of this machine. cluster: HOST:PORT or "auto".

        remote: other workers than those of Ray. least: requests of a batch from which on it is sent. kept: a folder for what a worker
        was asked when it lied (docs/replay.md).

        Raises EngineUnavailable where there is no cluster, or no worker of it comes up within wait_seconds.
        """
        here = select(engine) if engine is None or isinstance(engine, str) else engine
        self._local = ThreadPool(here, workers)
        named = engine if isinstance(engine, str) and engine != "auto" else None
        try:
            self.remote: Remote = Gateway(cluster, named, here) if remote is None else remote(here)
        except EngineUnavailable:
            self._local.close()
            raise
        self._audited = Audited(self.remote, self._local, here, least=least, on_lie=None if kept is None else Keeper(kept, here))
        self._chain = Dispatcher([self._audited, self._local])
        self._least = least
        if isinstance(self.remote, Gateway):
            why = self.remote.wait_until_connected(CONNECT_SECONDS)
            if not why and not self.remote.wait_until_up(1, wait_seconds):
                why = f"cluster {cluster}: no worker came up within {wait_seconds:g} s"
            if why:
                self._audited.close()
                self._local.close()
                raise EngineUnavailable(why)
            self.remote.wait_for_all(_OTHERS_SECONDS)
        # a thread for each batch that is under way: it waits for the cluster
        super().__init__(here, min(MOST_LANES, max(self._local.capacity, LANES_A_PLACE * self.remote.capacity)))

    @property
    def where(self) -> str:
        """The workers that are up, in words."""
        n = len(self.remote.workers()) if isinstance(self.remote, Gateway) else self.remote.capacity
        return f"{n} remote worker{'' if n == 1 else 's'} ({', '.join(self.remote.engines)})"

    def audit(self) -> Counts:
        """What was checked of what the workers said."""
        return self._audited.counts()

    def _job(self, parts: list[Part], tenant: str = "") -> list[Columns]:
        """Parts that can be folded go to the cluster, each as a batch; the others are answered meanwhile."""
        away = [i for i, part in enumerate(parts) if part.operation.name in CURVE_OF and len(part.batch) >= self._least]
        futures = [self._chain.run(packed(parts[i])) for i in away]
        stay = [i for i in range(len(parts)) if i not in away]
        columns: dict[int, Columns] = {}
        if stay:
            columns |= zip(stay, super()._job([parts[i] for i in stay], tenant), strict=True)
        for i, future in zip(away, futures, strict=True):
            columns[i] = future.result().columns()
        return [columns[i] for i in range(len(parts))]

    def close(self) -> None:
        super().close()
        self._audited.close()
        self._local.close()


def packed(part: Part) -> PackedBatch:
    """A part as a packed batch; its bytes are copied only where they do not lie in one array."""
    batch: Batch = part.batch
    args = batch.args
    if isinstance(args.owner, np.ndarray) and args.owner.dtype == np.uint8 and _in_a_row(args):
        base = np.uint64(args.owner.ctypes.data)
        offsets = np.append(args.addresses, args.addresses[-1] + args.lengths[-1]) - base
        return PackedBatch(part.operation.name, batch.rules, batch.aligns, args.owner, offsets.astype(np.int64))
    pieces: Sequence[bytes] = [args[i] for i in range(len(args))]
    lengths = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum(args.lengths, out=lengths[1:])
    return PackedBatch(part.operation.name, batch.rules, batch.aligns, np.frombuffer(b"".join(pieces), np.uint8), lengths)


def _in_a_row(args: Buffers) -> bool:
    return bool(np.array_equal(args.addresses[1:], args.addresses[:-1] + args.lengths[:-1]))
