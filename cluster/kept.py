"""`Keeper`: what a worker was asked when it was found to say what is wrong, kept as a file that replays (docs/replay.md)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from coproc.engine.protocol import Engine
from coproc.operation import Request
from coproc.replay import Kept, Step, keep, record
from coproc.replay.batch import parts_of
from coproc.replay.file import rules_of

from .pools.protocol import PackedBatch
from .sealed import Question

_log: Final = logging.getLogger("coproc.cluster")


class Keeper:
    """`on_lie` of `Audited`: keeps the question with the answers of this side's engine. Safe from any number of threads.

    The worker's own words are no answers (a value in Gt, and tags), so they are not in the file; the reason says what was wrong with
    them, and the number and seed of the question. The requests are in its order, the false ones that were mixed in among them, so the
    coefficients of its fold are `sealed.weights(seed, n)`.
    """

    def __init__(self, folder: str | Path, engine: Engine) -> None:
        self._folder, self._engine = folder, engine

    def __call__(self, worker: str, reason: str, question: Question) -> None:
        """Never raises: whoever found the lie has requests to answer."""
        try:
            requests = [request for packed in packed_in(question.hold) for request in requests_of(packed)]
            run = record(self._engine, requests, [Step(parts_of(requests))], place="answered here after the lie was found")
            said = f"worker {worker}: {reason} (question {question.number.hex()}, seed {question.seed.hex()})"
            keep(self._folder, Kept(tuple(requests), (run,), said[:4096]))
        except Exception:
            _log.exception("the question to worker %s is not kept", worker)


def packed_in(held: object) -> Iterator[PackedBatch]:
    """The packed batches in what a question holds, in order, also those in lists."""
    if isinstance(held, PackedBatch):
        yield held
    elif isinstance(held, list | tuple):
        for one in held:
            yield from packed_in(one)


def requests_of(packed: PackedBatch) -> list[Request]:
    """The requests of a packed batch, each by itself."""
    columns = zip(packed.rules.tolist(), packed.aligns.tolist(), strict=True)
    return [Request(packed.op, packed.args(i), rules_of(code), align) for i, (code, align) in enumerate(columns)]


__all__ = ["Keeper", "packed_in", "requests_of"]
