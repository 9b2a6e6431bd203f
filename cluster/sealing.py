"""`seal`: a batch as a question, with false requests at secret places, and what only whoever asks knows of it: `Sent`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from random import SystemRandom
from typing import Final

import numpy as np

from coproc.engine.protocol import I64, Engine, Parsed

from .canaries import Canaries, parsed_of
from .pools.protocol import PackedBatch
from .sealed import NUMBER_BYTES, SEED_BYTES, Question

LEAST_CANARIES: Final = 2
MOST_CANARIES: Final = 4
A_CANARY: Final = 512
"""Requests of a batch for which it has another canary: one costs this side as much as two claims that are folded."""
_random: Final = SystemRandom()


@dataclass(slots=True)
class Sent:
    """A question with what only this side knows: places of the real requests and of the canaries in it."""

    question: Question
    real: PackedBatch
    at: I64
    canaries: list[PackedBatch]
    canaries_at: I64


def _in_order(batch: PackedBatch, at: I64, canaries: list[PackedBatch], canaries_at: I64) -> list[PackedBatch]:
    """The requests of a question as they lie in it: stretches of the batch, and canaries between them."""
    pieces, start = [], 0
    for canary, place in zip(canaries, canaries_at.tolist(), strict=True):
        stop = int(np.searchsorted(at, place))
        if stop > start:
            pieces.append(batch.slice(start, stop))
        pieces.append(canary)
        start = stop
    return [*pieces, batch.slice(start, len(batch))] if start < len(batch) else pieces


def canaries_for(n: int) -> int:
    """How many canaries n requests get."""
    return min(MOST_CANARIES, LEAST_CANARIES + n // A_CANARY)


def seal(engine: Engine, canaries: Canaries, batch: PackedBatch, parsed: Parsed) -> Sent:
    """Canaries at secret places; the seed is drawn last."""
    picked = canaries.pick(batch.op, canaries_for(len(batch)))
    n, k = len(batch), len(picked)
    canaries_at = np.array(sorted(_random.sample(range(n + k), k)), np.int64)
    at = np.setdiff1d(np.arange(n + k), canaries_at)
    rules = np.empty(n + k, np.uint8)
    fields, counts = np.empty((2, n + k, parsed.fields.shape[1]), np.uint64)
    rules[at], fields[at], counts[at] = batch.rules, parsed.fields, parsed.counts
    for place, canary in zip(canaries_at.tolist(), picked, strict=True):
        _, its = parsed_of(engine, canary)
        rules[place], fields[place], counts[place] = canary.rules[0], its.fields[0], its.counts[0]
    every = Parsed(fields, counts, np.zeros(n + k, np.uint8))
    question = Question(
        os.urandom(NUMBER_BYTES), batch.op, rules, every, os.urandom(SEED_BYTES), [_in_order(batch, at, picked, canaries_at)]
    )
    return Sent(question, batch, at, picked, canaries_at)
