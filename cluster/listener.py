"""`Listener`: who waits for the answer of a request. `Collector`: the answers of a packed submission, as they come in."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import I64, Status
from coproc.operation import STATUS_NAMES, Answer, Operation

from .pools.protocol import PackedAnswers
from .room import Load
from .ticket import Kind

_CODES: Final = {name: code for code, name in enumerate(STATUS_NAMES)}


class Collector:
    """Answers by their places. For one thread at a time, until the last one came."""

    def __init__(self, operation: Operation, requests: int) -> None:
        self.future: Future[PackedAnswers] = Future()
        retbuf = np.zeros((requests, operation.width), np.uint8)
        value = retbuf[:, 0] if operation.kind == "bool" else np.zeros(0, np.uint8)
        self._answers = PackedAnswers(np.full(requests, Status.UNSERVED, np.uint8), value, retbuf, np.zeros(requests, np.int64), "")
        self._engines: dict[str, None] = {}
        self._out = requests

    def one(self, place: int, answer: Answer) -> bool:
        """The answer of a request; True when it was the last."""
        into = self._answers
        into.status[place], into.gas[place] = _CODES[answer.status], answer.gas
        if answer.retbuf:
            into.retbuf[place] = np.frombuffer(answer.retbuf, np.uint8)
        return self._came(1, answer.engine)

    def each(self, places: Sequence[int], answers: Sequence[Answer]) -> bool:
        """The answers of requests at some places; True when they were the last."""
        into, index, n = self._answers, np.array(places, np.int64), len(answers)
        into.status[index] = np.fromiter((_CODES[answer.status] for answer in answers), np.uint8, n)
        into.gas[index] = np.fromiter((answer.gas for answer in answers), np.int64, n)
        told = [answer.retbuf or bytes(into.retbuf.shape[1]) for answer in answers]
        into.retbuf[index] = np.frombuffer(b"".join(told), np.uint8).reshape(n, -1)
        for engine in {answer.engine for answer in answers}:
            self._came(0, engine)
        return self._came(n, "")

    def some(self, to: slice | I64, answers: PackedAnswers, start: int, stop: int) -> bool:
        """Those of requests at some places, which are from `start` on in some answers; True when they were the last."""
        into = self._answers
        into.status[to], into.retbuf[to], into.gas[to] = answers.status[start:stop], answers.retbuf[start:stop], answers.gas[start:stop]
        return self._came(stop - start, answers.engine)

    def _came(self, requests: int, engine: str) -> bool:
        if engine:
            self._engines[engine] = None
        self._out -= requests
        return self._out == 0

    def resolve(self) -> None:
        """Tell the answers, once there are all."""
        self._answers.engine = "+".join(sorted(self._engines))
        if self.future.set_running_or_notify_cancel():
            self.future.set_result(self._answers)


class Listener(NamedTuple):
    """Who waits for the answer of an entry, until when, and what of the room that takes.

    place: in a collector, of the first of requests in a row, or of each.
    """

    to: Future[Answer] | Collector
    place: int | I64
    deadline: float
    kind: Kind
    tenant: str
    load: Load

    def places(self, start: int, stop: int) -> slice | I64:
        """In a collector, of the requests from `start` on, before `stop`."""
        place = self.place
        return slice(place + start, place + stop) if isinstance(place, int) else place[start:stop]
