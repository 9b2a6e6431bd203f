"""Batches on one engine: parse, price, answer, each of one operation, their claims settled together. And answers as Python objects."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import repeat
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import I64, U8, Engine, Status, host_of
from coproc.errors import EngineLost
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.operation import STATUS_NAMES, Answer, Batch, Columns, Operation, Pending

_log: Final = logging.getLogger("coproc")
_EMPTY: Final = np.zeros(0, np.uint8)
_NO_GAS: Final = np.zeros(0, np.int64)
_BOOL_RETBUF: Final = (b"\0", b"\1")


Lost = type[EngineLost] | tuple[()]
"""What is raised to whoever can answer elsewhere."""


class Part(NamedTuple):
    """A batch of one operation, of at most `MAX_BATCH` requests. keys: of its tenant, where they are not those of the whole run."""

    operation: Operation
    batch: Batch
    keys: KeyRegistry | None = None


def answer_batch(operation: Operation, engine: Engine, keys: KeyRegistry, combiner: Combiner, batch: Batch) -> Columns:
    """The answers of a batch of at most `MAX_BATCH` requests; whatever goes wrong inside makes all of them unserved, never an answer."""
    return answer_batches(engine, keys, combiner, [Part(operation, batch)])[0]


def answer_batches(engine: Engine, keys: KeyRegistry, combiner: Combiner, parts: Sequence[Part]) -> list[Columns]:
    """`answer_batch` of several operations, whose claims are settled together. When an accelerator dies the host answers all of them."""
    host = host_of(engine)
    if host is not engine:
        try:
            return _answered(engine, keys, combiner, parts)
        except EngineLost as error:
            _log.error("%s answers %d batches of %s: %s", host.name, len(parts), engine.name, error)
    return _answered(host, keys, combiner, parts)


def _answered(engine: Engine, keys: KeyRegistry, combiner: Combiner, parts: Sequence[Part]) -> list[Columns]:
    """As `answer_batches`. Raises EngineLost where there is a host to answer instead."""
    lost: Lost = EngineLost if host_of(engine) is not engine else ()
    begun = [_begin(part, engine, keys, lost) for part in parts]
    claims = [pending.claims for pending, _ in begun if pending is not None and pending.claims is not None]
    if claims:
        try:
            verdicts = iter(combiner.settle(engine, claims))
        except lost:
            raise
        except Exception:
            _log.exception("%d batches with claims on %s are unserved", len(claims), engine.name)
            begun = [(None if p is None or p.claims is not None else p, gas) for p, gas in begun]
        else:
            for pending, _ in begun:
                if pending is not None and pending.claims is not None:
                    pending.settle(next(verdicts))
    return [_columns(part, pending, gas, engine.name) for part, (pending, gas) in zip(parts, begun, strict=True)]


def _begin(part: Part, engine: Engine, keys: KeyRegistry, lost: Lost) -> tuple[Pending | None, I64]:
    """What is known before claims are settled, and the gas; None if it failed."""
    operation, batch, own = part
    try:
        parsed = operation.parse(engine, batch)
        gas = operation.costs(batch, parsed)
        return operation.begin(engine, keys if own is None else own, batch, parsed), gas
    except lost:
        raise
    except Exception:
        _log.exception("a batch of %d %s on %s is unserved", len(batch), operation.name, engine.name)
        return None, _NO_GAS


def _columns(part: Part, pending: Pending | None, gas: I64, engine: str) -> Columns:
    operation = part.operation
    if pending is None:
        return unserved(operation, part.batch, engine)
    status, retbuf = pending.status, pending.retbuf
    if np.count_nonzero(status) and np.count_nonzero(status > Status.MALFORMED):
        retbuf = retbuf * (status <= Status.MALFORMED)[:, None].view(np.uint8)
    value = retbuf[:, 0] if operation.kind == "bool" else _EMPTY
    return Columns(status, value, retbuf, gas, engine)


def unserved(operation: Operation, batch: Batch, engine: str) -> Columns:
    """The columns of a batch that nothing could run. Gas is a function of the bytes, so it is told all the same."""
    n = len(batch)
    rules = batch.rules.tolist()
    gas = [operation.cost_of(batch.args[i], rules[i], int(batch.aligns[i])) for i in range(n)]
    retbuf = np.zeros((n, operation.width), np.uint8)
    value = retbuf[:, 0] if operation.kind == "bool" else _EMPTY
    return Columns(np.full(n, Status.UNSERVED, np.uint8), value, retbuf, np.array(gas, np.int64), engine)


def answers_of(operation: Operation, columns: Columns) -> list[Answer]:
    """One `Answer` an element."""
    values = operation.values(columns.retbuf)
    if operation.kind == "bool":
        retbufs: Sequence[bytes] = [_BOOL_RETBUF[v] for v in columns.value.tolist()]
    else:
        data, width = columns.retbuf.tobytes(), operation.width
        retbufs = [data[i : i + width] for i in range(0, len(data), width)]
    answers = list(map(Answer, values, repeat("ok"), retbufs, columns.gas.tolist(), repeat(columns.engine)))
    if np.count_nonzero(columns.status):
        _correct(answers, columns.status)
    return answers


def _correct(answers: list[Answer], status: U8) -> None:
    """The answers whose status is not "ok"."""
    for i in np.flatnonzero(status).tolist():
        code = int(status[i])
        if code == Status.MALFORMED:
            answers[i] = answers[i]._replace(status="malformed")
        elif code == Status.PANIC:
            answers[i] = answers[i]._replace(value=None, status="panic", retbuf=None)
        else:
            answers[i] = answers[i]._replace(value=None, status=STATUS_NAMES[Status.UNSERVED], retbuf=None, engine="")
