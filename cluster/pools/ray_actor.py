"""`FoldActor`: what runs on a node of a Ray cluster, one a CPU slot or GPU, for as long as the pool lives. It imports no Ray."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Any, Final

from coproc.engine.protocol import I64, U8
from coproc.engine.select import select
from coproc.errors import CoprocError

from ..folding import FoldWorker
from ..sealed import Question
from .slim import unpack

KEPT_BYTES: Final = 256 << 20
"""Of keys."""


class FoldActor:
    """A `FoldWorker` with the keys that it was sent."""

    def __init__(self, engine: str | None) -> None:
        """engine: a name, None: what this node has. An engine that cannot be had is told by `hello`."""
        self._why = ""
        self._worker: FoldWorker | None = None
        self._keys: OrderedDict[int, bytes] = OrderedDict()
        self._bytes = 0
        try:
            self._worker = FoldWorker(select(engine))
        except CoprocError as error:
            self._why = str(error)

    def hello(self) -> tuple[str, str, int]:
        """The engine's name or "", why there is none, and the process."""
        return self._worker.engine.name if self._worker else "", self._why, os.getpid()

    def fold(self, number: bytes, op: str, n: int, array: U8, seed: bytes, given: dict[int, bytes], names: list[int]) -> tuple[Any, ...]:
        """A `Partial` as a tuple; or (), where some of the keys in `names` are neither given nor known."""
        assert self._worker is not None
        for name, data in given.items():
            if name not in self._keys:
                self._keys[name] = data
                self._bytes += len(data)
        for name in names:
            if name not in self._keys:
                return ()
            self._keys.move_to_end(name)
        rules, parsed, hold = unpack(op, n, array, {name: self._keys[name] for name in names})
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._keys.popitem(last=False)[1])
        return tuple(self._worker.fold(Question(number, op, rules, parsed, seed, hold)))

    def blame(self, number: bytes) -> I64:
        assert self._worker is not None
        return self._worker.blame(number)
