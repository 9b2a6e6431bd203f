"""One batch of one operation on one engine: parse, price, answer. And its answers as Python objects."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import repeat
from typing import Final

import numpy as np

from coproc.engine.protocol import U8, Engine, Parsed, Status
from coproc.keys import KeyRegistry
from coproc.operation import STATUS_NAMES, Answer, Batch, Columns, Operation

_log: Final = logging.getLogger("coproc")
_EMPTY: Final = np.zeros(0, np.uint8)
_BOOL_RETBUF: Final = (b"\0", b"\1")


def answer_batch(operation: Operation, engine: Engine, keys: KeyRegistry, batch: Batch) -> Columns:
    """The answers of a batch of at most `MAX_BATCH` requests; whatever goes wrong inside makes all of them unserved, never an answer."""
    parsed: Parsed | None = None
    try:
        parsed = operation.parse(engine, batch)
        gas = operation.costs(batch, parsed)
        status, retbuf = operation.run(engine, keys, batch, parsed)
        if np.count_nonzero(status) and np.count_nonzero(status > Status.MALFORMED):
            retbuf = retbuf * (status <= Status.MALFORMED)[:, None].view(np.uint8)
        value = retbuf[:, 0] if operation.kind == "bool" else _EMPTY
        return Columns(status, value, retbuf, gas, engine.name)
    except Exception:
        _log.exception("a batch of %d %s on %s is unserved", len(batch), operation.name, engine.name)
        return unserved(operation, batch, engine.name)


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
