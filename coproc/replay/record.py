"""`record`: run requests on an engine by a schedule, with given seeds or fresh ones that are written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import count

import numpy as np

from coproc import batch
from coproc.engine.protocol import Buffers, Engine
from coproc.fold.coefficients import SEED_BYTES
from coproc.fold.settle import Combiner, Record
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Request
from coproc.ops import OPERATIONS
from coproc.replay.batch import Fold, Part, Run, Step, Told


def record(
    engine: Engine, requests: Sequence[Request], steps: Sequence[Step], keys: KeyRegistry | None = None, place: str = "", name: str = ""
) -> Run:
    """Answer the requests of some steps, one step after another, in this thread.

    A fold takes the seed that its step says; where it says none, a seed that comes from the step's place and its requests: the same when
    it is run again. The run that is returned says the seeds and digests of all folds. keys: those that are known; default: none yet.
    """
    keys = KeyRegistry(engine) if keys is None else keys
    told: list[Told | None] = [None] * len(requests)
    done = []
    for step in steps:
        seeds, records = _seeds(requests, step), list[Record]()
        combiner = Combiner(draw_seed=seeds.__next__, on_record=records.append)
        parts = [_part(requests, part, keys) for part in step.parts]
        for part, columns in zip(step.parts, batch.answer_batches(engine, keys, combiner, parts), strict=True):
            rows = zip(part.requests, columns.status.tolist(), columns.retbuf, columns.gas.tolist(), strict=True)
            for i, status, retbuf, gas in rows:
                told[i] = Told(status, retbuf.tobytes(), gas)
        done.append(Step(step.parts, tuple(Fold(r.seed, r.digest) for r in records)))
    return Run(name or engine.name, tuple(done), tuple(told), place)


def _seeds(requests: Sequence[Request], step: Step) -> Iterator[bytes]:
    """Those of the step, then some that nobody said: of everything that the step reads, so that the one who made it cannot choose them."""
    yield from (fold.seed for fold in step.folds)
    state = blake2b(b"coproc replay", digest_size=SEED_BYTES)
    for part in step.parts:
        for i in part.requests:
            request = requests[i]
            head = (i, request.rules.code, request.align, len(request.args))
            state.update(b"".join(word.to_bytes(8, "little") for word in head) + request.op.encode() + b"\0" + request.args)
    for number in count():
        yield blake2b(state.digest() + number.to_bytes(8, "little"), digest_size=SEED_BYTES).digest()


def _part(requests: Sequence[Request], part: Part, keys: KeyRegistry) -> batch.Part:
    some = [requests[i] for i in part.requests]
    columns = Batch(
        Buffers.of([request.args for request in some]),
        np.array([request.align for request in some], np.uint8),
        np.array([request.rules.code for request in some], np.uint8),
    )
    return batch.Part(OPERATIONS[some[0].op], columns, keys.of(part.tenant))


__all__ = ["record"]
