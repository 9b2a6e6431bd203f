"""Workers that lie, each in its own way, for tests and for `benches/soak`."""

from __future__ import annotations

import threading
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Final

import numpy as np

from coproc.cluster.folding import FoldWorker, Forgotten
from coproc.cluster.pools.slim import Names, pack, unpack
from coproc.cluster.remote import IN_HAND, Asked
from coproc.cluster.sealed import CURVE_OF, Partial, Question, tag_sum, tags
from coproc.engine.protocol import I64, Engine
from coproc.errors import EngineLost, EngineUnavailable
from coproc.fold.product import one
from coproc.keys import KeyRegistry

MODES = (
    "always true",
    "always false",
    "folds nothing",
    "random",
    "one bit",
    "zeros",
    "yesterday's answer",
    "another batch's answer",
    "drops a claim",
    "blames the innocent",
    "blames nobody",
    "forgets",
)
"""What can be told from what is said. Stalling and answering twice are a matter of when: `Late`."""

HIDES: Final = "drops a claim and its tag"
"""What only the sample finds: the work is done, one claim and its tag are left out, and the rest says that it is in."""


class Liar(FoldWorker):
    """A worker that does the work and then says something else: from the first question on, or the second where it needs another one."""

    def __init__(self, engine: Engine, mode: str, seed: int = 1, keys: KeyRegistry | None = None) -> None:
        """keys: prepared by liars before it."""
        super().__init__(engine)
        self._keys = keys or self._keys
        self._mode = mode
        self._random = np.random.default_rng(seed)
        self._former: dict[str, Partial] = {}
        self._asked = 0
        self.questions = 0

    def fold(self, question: Question) -> Partial:
        self.questions += 1
        n, curve = len(question), CURVE_OF[question.op]
        self._asked = n
        if self._mode == "always true":  # without any work
            every = np.ones(n, np.uint8)
            return Partial(question.number, every, one(curve).copy(), tag_sum(tags(question.seed, n), np.arange(n)), self.engine.name)
        if self._mode == "folds nothing":
            return Partial(question.number, np.zeros(n, np.uint8), one(curve).copy(), 0, self.engine.name)
        if self._mode in ("drops a claim", HIDES):
            return self._dropping(question)
        partial = super().fold(question)
        former, self._former[question.op] = self._former.get(question.op, partial), partial
        if self._mode in ("random", "always false", "forgets"):
            return partial._replace(gt=self._random.integers(0, 1 << 62, len(partial.gt), np.uint64))
        if self._mode == "one bit":
            gt = partial.gt.copy()
            gt[self._random.integers(len(gt))] ^= np.uint64(1 << int(self._random.integers(64)))
            return partial._replace(gt=gt)
        if self._mode == "zeros":
            return partial._replace(gt=np.zeros_like(partial.gt))
        if self._mode == "yesterday's answer":
            return former
        if self._mode == "another batch's answer":  # with the number and the tags of this one
            return partial._replace(gt=former.gt)
        return partial

    def _dropping(self, question: Question) -> Partial:
        """The fold of all claims but one, said to be that of all, or of all but one."""
        n, parsed = len(question), question.parsed
        place = int(self._random.integers(n))
        whole = super().fold(question)
        # the coefficients go by place: fold again with the one request made unreadable
        nothing = np.zeros(1 << 17, np.uint8)
        fields = parsed.fields.copy()
        fields[place] = nothing.ctypes.data
        broken = replace(question, parsed=parsed._replace(fields=fields), hold=[question, nothing])
        partial = super().fold(broken)
        if self._mode == "drops a claim":  # what a lost block of threads looks like: the tags were added in the same loop
            return partial._replace(folded=whole.folded)
        return partial._replace(folded=whole.folded, tags=whole.tags)

    def blame(self, number: bytes) -> I64:
        if self._mode == "always false":
            return np.arange(self._asked)
        if self._mode == "forgets":
            raise Forgotten("what batch?")
        with suppress(EngineLost):
            blamed = super().blame(number)
            if self._mode == "blames the innocent":
                return np.union1d(blamed, np.arange(min(8, self._asked)))
            return blamed[:0] if self._mode == "blames nobody" else blamed
        return np.zeros(0, np.int64)


class FakeRemote:
    """Workers in threads: `Remote` without a network. Round robin over those that are not quarantined."""

    def __init__(self, *workers: FoldWorker) -> None:
        self.workers = {f"worker {i}": worker for i, worker in enumerate(workers)}
        self.reasons: dict[str, str] = {}
        self._engine, self._names = next(iter(workers)).engine, Names()
        self._threads = ThreadPoolExecutor(len(workers))
        self._lock = threading.Lock()
        self._turn = 0

    @property
    def capacity(self) -> int:
        return IN_HAND * sum(name not in self.reasons for name in self.workers)

    @property
    def engines(self) -> tuple[str, ...]:
        return tuple(sorted({worker.engine.name for worker in self.workers.values()}))

    def ask(self, question: Question) -> Future[Asked]:
        with self._lock:
            good = [name for name in self.workers if name not in self.reasons]
            self._turn += 1
        if not good:
            future: Future[Asked] = Future()
            future.set_exception(EngineUnavailable("every worker is quarantined"))
            return future
        name = good[self._turn % len(good)]
        return self._threads.submit(lambda: Asked(name, self.workers[name].fold(self._sent(question))))

    def _sent(self, question: Question) -> Question:
        """As it arrives elsewhere: from an array, with nothing of this side's memory."""
        array, table = pack(question, self._engine, self._names)
        rules, parsed, hold = unpack(question.op, len(question), array, table)
        return Question(question.number, question.op, rules, parsed, question.seed, hold)

    def blame(self, worker: str, number: bytes) -> I64:
        return self.workers[worker].blame(number)

    def quarantine(self, worker: str, reason: str) -> None:
        with self._lock:
            self.reasons[worker] = reason

    def close(self) -> None:
        self._threads.shutdown()


class OneAfterAnother(FakeRemote):
    """One worker at a time; who is in quarantine makes room for the next one, who has another name."""

    def succeed(self, worker: FoldWorker) -> None:
        with self._lock:
            self.workers = {f"worker {len(self.reasons)}": worker}


class Late(FakeRemote):
    """Workers whose first answers are held back until `release`, which gives each of them twice."""

    def __init__(self, stalls: int, *workers: FoldWorker) -> None:
        super().__init__(*workers)
        self._stalls = stalls
        self._held: list[tuple[Future[Asked], Asked]] = []

    @property
    def held(self) -> int:
        return len(self._held)

    def ask(self, question: Question) -> Future[Asked]:
        answered = super().ask(question)
        if not self._stalls:
            return answered
        self._stalls -= 1
        future: Future[Asked] = Future()
        answered.add_done_callback(lambda inner: self._held.append((future, inner.result())))
        return future

    def release(self) -> int:
        """What was held is answered now, each twice; how many."""
        held, self._held = self._held, []
        for future, asked in held:
            future.set_result(asked)
            with suppress(InvalidStateError):
                future.set_result(asked)
        return len(held)
