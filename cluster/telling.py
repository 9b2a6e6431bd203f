"""`Telling`: answers to those who listen, the room that they give back, and what is counted. Told when nothing is locked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

import numpy as np

from coproc.engine.protocol import Status
from coproc.operation import Answer

from .clock import Clock
from .entry import Entry
from .listener import Collector, Listener
from .pools.protocol import PackedAnswers
from .room import Room
from .service import Stats

Told = Callable[[], None]
"""Tells somebody an answer; to be called when nothing is locked."""


class Telling:
    """For one thread at a time."""

    def __init__(self, clock: Clock, room: Room, stats: Stats) -> None:
        self._clock, self._room, self._stats = clock, room, stats

    def one(self, listener: Listener, answer: Answer, now: float, told: list[Told]) -> None:
        """The answer of a single request, to one who listens."""
        self._room.give(listener.tenant, listener.kind, listener.load)
        self._stats.answered += 1
        self._stats.unserved += answer.status == "unserved"
        self._stats.late += now > listener.deadline
        self.only(listener.to, listener.place, answer, told)

    def only(self, to: Future[Answer] | Collector, place: object, answer: Answer, told: list[Told]) -> None:
        """The answer, and nothing else of it."""
        if not isinstance(to, Collector):
            told.append(partial(_resolve, to, answer))
        elif isinstance(place, int) and to.one(place, answer):
            told.append(to.resolve)

    def some(
        self, entry: Entry, row: int, answers: PackedAnswers, start: int, stop: int, objects: Sequence[Answer], told: list[Told]
    ) -> None:
        """Requests of a packed entry, from `row` on, are answered by the answers from `start` on, before `stop`.

        objects: all these answers once more, where somebody follows; else they may be left out.
        """
        listener, rows, now = entry.listeners[0], stop - start, self._clock.now()
        entry.answered += rows
        self._stats.answered += rows
        self._stats.unserved += int(np.count_nonzero(answers.status[start:stop] == Status.UNSERVED))
        if now > listener.deadline:
            self._stats.late += rows
        if entry.answered == entry.requests:
            self._room.give(listener.tenant, listener.kind, listener.load)
        to = listener.to
        if isinstance(to, Collector) and to.some(listener.places(row, row + rows), answers, start, stop):
            told.append(to.resolve)
        if entry.followers:
            for place in [place for place in entry.followers if row <= place < row + rows]:
                for follower in entry.followers.pop(place):
                    self.one(follower, objects[start + place - row], now, told)


def _resolve(future: Future[Answer], answer: Answer) -> None:
    if future.set_running_or_notify_cancel():
        future.set_result(answer)
