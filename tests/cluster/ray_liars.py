"""Actors of a Ray cluster that lie, or stall."""

from __future__ import annotations

import time
from typing import Any

from coproc.cluster.pools.ray_actor import FoldActor
from coproc.cluster.pools.slim import unpack
from coproc.cluster.sealed import Question
from coproc.engine.protocol import U8

from .liars import Liar


class LyingActor(FoldActor):
    """Says that everything is true."""

    def __init__(self, engine: str | None) -> None:
        super().__init__(engine)
        assert self._worker is not None
        self._worker = Liar(self._worker.engine, "always true")

    def fold(self, number: bytes, op: str, n: int, array: U8, seed: bytes, given: dict[int, bytes], names: list[int]) -> tuple[Any, ...]:
        assert isinstance(self._worker, Liar)
        rules, parsed, hold = unpack(op, n, array, given)
        return tuple(self._worker.fold(Question(number, op, rules, parsed, seed, hold)))


class StallingActor(FoldActor):
    """Answers late."""

    def fold(self, *words: Any) -> tuple[Any, ...]:
        time.sleep(30)
        return super().fold(*words)
