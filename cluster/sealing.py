"""`seal_all`: batches as a question, with false requests at secret places, and what only whoever asks knows of it: `Sent`."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import SystemRandom
from typing import Final

import numpy as np

from coproc.engine.protocol import I64, U8, Buffers, Engine, Parsed
from coproc.operation import Batch

from .canaries import Canaries, parsed_of
from .pools.protocol import PackedBatch
from .sealed import NUMBER_BYTES, SEED_BYTES, Question, joined

LEAST_CANARIES: Final = 2
A_CANARY: Final = 512
"""Requests of a question of up to `SOME` for which it has another canary: one costs this side as much as two claims that are folded."""
SOME: Final = 1024
MORE_CANARIES: Final = 2048
"""The same from there on."""
MOST_CANARIES: Final = 8
_random: Final = SystemRandom()


@dataclass(slots=True)
class Sent:
    """A question with what only this side knows: places of the real requests and of the canaries in it.

    args, aligns: the argument buffers of the real requests, which the question holds.
    """

    question: Question
    args: Buffers
    aligns: U8
    at: I64
    canaries_at: I64

    def again(self, index: I64) -> Batch:
        """Some of the real requests as they came."""
        return Batch(self.args.take(index), self.aligns[index], self.question.rules[self.at[index]])


def _stretch(batches: Sequence[PackedBatch], ends: Sequence[int], start: int, stop: int) -> Iterator[PackedBatch]:
    """The requests from `start` on, before `stop`, of batches that end at `ends`."""
    while start < stop:
        i = bisect_right(ends, start)
        first, last = ends[i] - len(batches[i]), min(stop, ends[i])
        yield batches[i].slice(start - first, last - first)
        start = last


def _in_order(batches: Sequence[PackedBatch], canaries: Sequence[PackedBatch], canaries_at: I64) -> list[PackedBatch]:
    """The requests of a question as they lie in it: stretches of the batches, and canaries between them."""
    ends, pieces, start = list(accumulate(map(len, batches))), [], 0
    for k, (canary, place) in enumerate(zip(canaries, canaries_at.tolist(), strict=True)):
        pieces += [*_stretch(batches, ends, start, place - k), canary]
        start = place - k
    return [*pieces, *_stretch(batches, ends, start, ends[-1])]


def canaries_for(n: int) -> int:
    """How many canaries n requests get: 2 below 512, 4 from 1,024 on, 8 from 8,192 on."""
    return min(MOST_CANARIES, LEAST_CANARIES + min(n, SOME) // A_CANARY + max(0, n) // MORE_CANARIES)


def seal(engine: Engine, canaries: Canaries, batch: PackedBatch, parsed: Parsed) -> Sent:
    """`seal_all` of one."""
    return seal_all(engine, canaries, [batch], [parsed])


def seal_all(engine: Engine, canaries: Canaries, batches: Sequence[PackedBatch], parsed: Sequence[Parsed]) -> Sent:
    """Batches of one operation, whose buffers decode, with canaries at secret places; the seed is drawn last."""
    op, n = batches[0].op, sum(map(len, batches))
    picked = canaries.pick(op, canaries_for(n))
    k = len(picked)
    canaries_at = np.array(sorted(_random.sample(range(n + k), k)), np.int64)
    is_real = np.ones(n + k, np.bool_)
    is_real[canaries_at] = False
    at = np.flatnonzero(is_real)
    rules = np.empty(n + k, np.uint8)
    fields, counts = np.empty((2, n + k, parsed[0].fields.shape[1]), np.uint64)
    rules[at] = np.concatenate([batch.rules for batch in batches])
    fields[at], counts[at] = np.concatenate([one.fields for one in parsed]), np.concatenate([one.counts for one in parsed])
    hold: list[object] = [_in_order(batches, picked, canaries_at)]
    if picked:
        together = joined(picked)
        _, its = parsed_of(engine, together)
        rules[canaries_at], fields[canaries_at], counts[canaries_at] = together.rules, its.fields, its.counts
        hold.append(_Held(together))
    every = Parsed(fields, counts, np.zeros(n + k, np.uint8))
    every_args = [batch.batch().args for batch in batches]
    args = Buffers(np.concatenate([one.addresses for one in every_args]), np.concatenate([one.lengths for one in every_args]), batches)
    aligns = np.concatenate([batch.aligns for batch in batches])
    question = Question(os.urandom(NUMBER_BYTES), op, rules, every, os.urandom(SEED_BYTES), hold)
    return Sent(question, args, aligns, at, canaries_at)


@dataclass(slots=True)
class _Held:
    """What fields point into beside the requests in their order."""

    batch: PackedBatch
