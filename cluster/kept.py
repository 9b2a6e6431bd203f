"""`Keeper`: what a worker was asked when it was found to say what is wrong, kept as a file that replays (docs/replay.md)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from coproc.engine.protocol import Engine
from coproc.operation import Request
from coproc.replay import Kept, Step, keep, record
from coproc.replay.batch import parts_of
from coproc.replay.file import rules_of
from coproc.replay.sealed import MAX_TEXT, Said, Sealed

from .judge import Lie
from .pools.protocol import PackedBatch
from .remote import Asked
from .sealing import Sent

_log: Final = logging.getLogger("coproc.cluster")


class Keeper:
    """`on_lie` of `Audited`: keeps the question, what the worker said, and the answers of this side's engine.

    Safe from any number of threads. The requests are in the order of the question, the false ones that were mixed in among them: with the
    seed that is the whole question, and `refold` asks it again.
    """

    def __init__(self, folder: str | Path, engine: Engine) -> None:
        self._folder, self._engine = folder, engine

    def __call__(self, sent: Sent, asked: Asked, lie: Lie) -> None:
        """Never raises: whoever found the lie has requests to answer."""
        try:
            requests = [request for packed in packed_in(sent.question.hold) for request in requests_of(packed)]
            run = record(self._engine, requests, [Step(parts_of(requests))], place="answered here after the lie was found")
            reason = f"worker {asked.worker}: {lie}"[:4096]
            keep(self._folder, Kept(tuple(requests), (run,), reason, sealed=sealed_of(sent, asked, lie)))
        except Exception:
            _log.exception("the question to worker %s is not kept", asked.worker)


def sealed_of(sent: Sent, asked: Asked, lie: Lie) -> Sealed:
    """A question and its answer as they are kept; without the answer where it is none."""
    question, partial = sent.question, asked.partial
    sealed = Sealed(asked.worker[:MAX_TEXT], question.number, question.seed, tuple(sent.canaries_at.tolist()))
    blamed = None if lie.blamed is None else tuple(np.unique(lie.blamed).tolist())
    try:
        folded, gt, tags = partial.folded.astype("u1").tobytes(), partial.gt.astype("<u8").tobytes(), int(partial.tags)
        said = Said(bytes(partial.number), partial.engine[:MAX_TEXT], folded, gt, tags if 0 <= tags < 1 << 64 else None, blamed)
        whole = sealed._replace(said=said)
        whole.check(len(question))
    except Exception:  # a worker may have said anything
        return sealed
    return whole


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
