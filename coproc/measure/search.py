"""A search for the input that costs most of what is paid for it: evolution of mutated requests, time a gas as fitness.

A candidate is timed a few times and its least time counts, so that a disturbance does not look like a find; at the end the best are
timed again, many times, beside honest requests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Final

from coproc.engine.protocol import Layout
from coproc.measure.mutations import mutate

POPULATION: Final = 24
TOURNAMENT: Final = 3
MAX_STEPS: Final = 3
"""Mutations between a parent and its child."""

Cost = Callable[[bytes], float]
"""Time a gas of one call with this argument buffer."""


@dataclass(frozen=True)
class Candidate:
    """A buffer, what it costs, and how it was made from which seed."""

    buffer: bytes
    cost: float
    trail: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """The most expensive candidates, first the worst, and how many were tried."""

    worst: list[Candidate]
    tried: int


def search(
    layout: Layout, seeds: Sequence[bytes], cost: Cost, random: Random, seconds: float, limit: int | None = None,
    clock: Callable[[], float] = monotonic,
) -> Found:  # fmt: skip
    """Look for `seconds`, or until `limit` candidates were tried. seeds: honest requests and others, all of which are tried first."""
    until = clock() + seconds
    best: dict[bytes, Candidate] = {}
    tried = 0

    def consider(buffer: bytes, trail: tuple[str, ...]) -> None:
        nonlocal tried
        tried += 1
        best[buffer] = Candidate(buffer, cost(buffer), trail)
        if len(best) > POPULATION:
            del best[min(best, key=lambda b: best[b].cost)]

    for k, seed in enumerate(dict.fromkeys(seeds)):
        if tried and (clock() > until or (limit is not None and tried >= limit)):
            break
        consider(seed, (f"seed {k}",))
    while clock() < until and (limit is None or tried < limit):
        parents = list(best.values())
        parent = max((random.choice(parents) for _ in range(TOURNAMENT)), key=lambda c: c.cost)
        buffer, trail = parent.buffer, parent.trail
        for _ in range(random.randint(1, MAX_STEPS)):
            buffer, step = mutate(random, layout, buffer, seeds)
            trail = (*trail, step)
        if buffer in best:
            tried += 1  # or a search whose mutations do nothing would not end
            continue
        consider(buffer, trail)
    return Found(sorted(best.values(), key=lambda c: -c.cost), tried)
