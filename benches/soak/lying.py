"""Actors of a Ray cluster of which some lie."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from coproc.cluster.pools.ray_actor import FoldActor
from coproc.cluster.sealed import CURVE_OF, Partial, tag_sum, tags
from coproc.engine.protocol import U8
from coproc.fold.product import one


class SometimesLying(FoldActor):
    """One in three such actors says that everything is true."""

    def __init__(self, engine: str | None) -> None:
        super().__init__(engine)
        self._lies = random.random() < 1 / 3

    def fold(self, number: bytes, op: str, n: int, array: U8, seed: bytes, given: dict[int, bytes], names: list[int]) -> tuple[Any, ...]:
        if not self._lies:
            return super().fold(number, op, n, array, seed, given, names)
        every = np.ones(n, np.uint8)
        return tuple(Partial(number, every, one(CURVE_OF[op]).copy(), tag_sum(tags(seed, n), np.arange(n)), "cpu:lies"))
