"""`Remote`: workers that are not believed, as whoever checks them sees them."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Final, NamedTuple, Protocol

from coproc.engine.protocol import I64

from .sealed import Partial, Question

IN_HAND: Final = 2
"""Questions that a worker has at once: one that it works on and one that waits there."""


class Asked(NamedTuple):
    """What a worker answered, and who it was."""

    worker: str
    partial: Partial


class Remote(Protocol):
    """Workers that fold. Safe from any number of threads."""

    @property
    def capacity(self) -> int:
        """Questions that may be asked at once, `IN_HAND` of each worker; 0 while there is no worker."""

    @property
    def engines(self) -> tuple[str, ...]: ...

    def ask(self, question: Question) -> Future[Asked]:
        """Never raises; the future has EngineLost or another EngineError where there is no answer."""

    def blame(self, worker: str, number: bytes) -> I64:
        """`FoldWorker.blame` of the worker that answered. Raises EngineError."""

    def quarantine(self, worker: str, reason: str) -> None:
        """Ask this worker no more."""

    def close(self) -> None: ...
