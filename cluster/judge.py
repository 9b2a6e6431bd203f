"""`Judge`: what a worker said of a question, held against what this side knows. A "no" is always this side's own."""

from __future__ import annotations

import threading
from typing import Any, Final

import numpy as np

from coproc.engine.protocol import I64, U8, Engine
from coproc.errors import CoprocError, EngineLost
from coproc.fold.product import one
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry

from .folding import Claimed, Forgotten, fold_of
from .remote import Asked, Remote
from .sampler import Sampler
from .sealed import Partial, tag_sum, tags, weights
from .sealing import Sent

_SHARE_LEFT_OUT: Final = 4
"""A worker that leaves out more than one in so many of the claims that can be folded is as good as none."""
STRIKES: Final = 2
"""Times in a row that a worker may have forgotten what it is asked about. A worker that restarts or is behind forgets."""


class Lie(CoprocError):
    """What a worker said is wrong, and here is why. blamed: the requests that it called false, None where it was not asked."""

    blamed: I64 | None = None


class Judge:
    """Safe from any number of threads."""

    def __init__(self, remote: Remote, engine: Engine, sampler: Sampler) -> None:
        """engine: of this side's own checks."""
        self._remote, self._engine, self._sampler = remote, engine, sampler
        self._keys = KeyRegistry(engine)
        self._combiner = Combiner()
        self._lock = threading.Lock()
        self._strikes: dict[str, int] = {}

    def __call__(self, sent: Sent, asked: Asked) -> tuple[U8, U8, int]:
        """verdict and status uint8[n] of the real requests, and how many were verified again. Raises Lie and EngineError."""
        blamed: list[I64] = []
        try:
            return self._verdicts(sent, asked, blamed)
        except Lie as lie:
            lie.blamed = blamed[0] if blamed else None
            raise

    def _verdicts(self, sent: Sent, asked: Asked, said: list[I64]) -> tuple[U8, U8, int]:
        """said: takes whom the worker blames."""
        question, partial = sent.question, asked.partial
        reason = partial.fits(question)
        if reason is not None:
            raise Lie(reason)
        total = len(question)
        went_in = partial.folded != 0
        if partial.tags != tag_sum(tags(question.seed, total), np.flatnonzero(went_in)):
            raise Lie("the tags do not add up: some claim was left out, or put in")
        doubtful = ~went_in
        if not np.array_equal(partial.gt, self._value(sent, self._claimed(sent, sent.canaries_at), went_in)):
            doubtful |= self._blamed(sent, asked, said)
        doubtful[sent.canaries_at] = False
        index = np.flatnonzero(doubtful)
        verdict, status = np.ones(total, np.uint8), np.zeros(total, np.uint8)
        if len(index):
            self._prove(sent, partial, index, verdict, status)
        yes = np.flatnonzero(went_in[sent.at] & (verdict[sent.at] == 1))
        checked = self._sample(sent, partial, yes)
        with self._lock:
            self._strikes.pop(asked.worker, None)
        return verdict[sent.at], status[sent.at], checked

    def _blamed(self, sent: Sent, asked: Asked, said: list[I64]) -> Any:
        """bool[all]: whose claims the worker calls false, once its value is not what the canaries make."""
        total = len(sent.question)
        try:
            index = self._remote.blame(asked.worker, sent.question.number)
        except Forgotten:
            with self._lock:
                self._strikes[asked.worker] = strikes = self._strikes.get(asked.worker, 0) + 1
            if strikes >= STRIKES:
                raise Lie(f"its value is wrong, {strikes} times in a row, and it has forgotten why") from None
            raise
        good = isinstance(index, np.ndarray) and index.dtype == np.int64 and index.ndim == 1
        if not good or np.any((index < 0) | (index >= total)):
            raise Lie("it blames what is not there")
        said.append(index)
        blamed = np.zeros(total, np.bool_)
        blamed[index] = True
        if np.any(asked.partial.folded[index] == 0):
            raise Lie("it blames claims that it did not fold")
        canaries = sent.canaries_at[asked.partial.folded[sent.canaries_at] != 0]
        if not blamed[canaries].all():
            raise Lie("its value is wrong, and it takes false claims for true ones")
        if np.count_nonzero(blamed) == len(canaries):
            raise Lie("its value is wrong, and it blames nobody for that")
        return blamed

    def _claimed(self, sent: Sent, index: I64) -> tuple[I64, Claimed]:
        """Some requests of a question, with what this side makes of them."""
        question = sent.question
        return index, Claimed.of_fields(self._engine, self._keys, question.op, question.rules[index], question.parsed.take(index))

    def _value(self, sent: Sent, known: tuple[I64, Claimed], went_in: Any) -> Any:
        """uint64[words of Gt]: what the worker's value is where the claims that are known are all that is false."""
        index, claimed = known
        claims, whose = claimed.some(went_in[index])
        if claims is None or len(claims) < np.count_nonzero(went_in[sent.canaries_at]):
            if np.any(went_in[index]):
                raise Lie("it folds what cannot be folded")
            # Nothing false was mixed in, or nothing of it folded: a value of one says nothing then.
            raise Lie("it folds no canary") if len(sent.canaries_at) else EngineLost("no canary for this operation")
        fold = fold_of(self._engine, claims, weights(sent.question.seed, len(sent.question))[index[whose]])
        value = fold.values([(0, len(claims))])[0]
        if np.array_equal(value, one(claims.curve)):
            raise EngineLost("the canaries of this batch are true together")
        return value

    def _prove(self, sent: Sent, partial: Partial, index: I64, verdict: U8, status: U8) -> None:
        """Answer some requests here; those that the worker blames must be false and, with the canaries, make up its value."""
        known = self._claimed(sent, np.union1d(index, sent.canaries_at))
        at, claimed = known
        here = claimed.retbuf[:, 0].copy()
        if claimed.claims is not None:
            here[claimed.index] = self._combiner.settle(self._engine, [claimed.claims])[0]
        verdict[at], status[at] = here, claimed.status
        went_in = partial.folded != 0
        blamed = went_in[at]
        if np.any(here[blamed]):
            raise Lie("it blames a claim that is true")
        if np.any(claimed.folded[blamed] == 0):
            raise Lie("it folds what cannot be folded")
        left_out = np.count_nonzero(~blamed & (claimed.folded != 0))
        if left_out * _SHARE_LEFT_OUT > len(sent.at):
            raise Lie(f"it left out {left_out} claims that can be folded")
        if np.any(went_in[index]) and not np.array_equal(partial.gt, self._value(sent, known, went_in)):
            raise Lie("its value is not that of the claims that it blames")

    def _sample(self, sent: Sent, partial: Partial, yes: I64) -> int:
        """Verify some of the "yes" again; how many. Raises Lie."""
        chosen = self._sampler.sample(yes)
        if not len(chosen):
            return 0
        wrong = self._sampler.wrong(sent.question.op, sent.again(chosen), partial.engine)
        if len(wrong):
            raise Lie(f"{len(wrong)} of {len(chosen)} claims that it folds as true are not true on another engine")
        return len(chosen)
