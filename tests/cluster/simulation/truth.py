"""What requests of the simulation say about themselves: an argument buffer names its answer, so that any other one is a wrong verdict.

Byte 0 is the outcome, bytes 1 to 8 a number, byte 9 whether workers die of it; the rest is padding.
"""

from __future__ import annotations

from random import Random
from typing import Final

import numpy as np

from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.operation import Answer, Request
from coproc.ops import OPERATIONS

FALSE, TRUE, MALFORMED, PANIC = range(4)
_STATUS: Final = np.array([0, 0, 1, 2], np.uint8)
_NAMES: Final = ("ok", "ok", "malformed", "panic")
HEAD: Final = 10
POISON: Final = 0xEE
OPS: Final = ("verify_plonk", "verify_schnorr", "verify_groth16_bn254", "sha256")


def make(rng: Random, op: str, number: int, outcome: int = TRUE, poison: bool = False, size: int = 0) -> Request:
    """A request that no other number has."""
    return Request(op, bytes((outcome,)) + number.to_bytes(8, "little") + bytes((POISON if poison else 0,)) + bytes(size))


def expected(request: Request) -> Answer:
    """Its only answer, with no engine."""
    outcome, width = request.args[0], OPERATIONS[request.op].width
    gas = len(request.args)
    if outcome == PANIC:
        return Answer(None, "panic", None, gas, "")
    if OPERATIONS[request.op].kind == "bool":
        return Answer(outcome == TRUE, _NAMES[outcome], bytes((int(outcome == TRUE),)), gas, "")
    data = (request.args[1:9] + bytes(width))[:width]
    return Answer(data, _NAMES[outcome], data, gas, "")


def answers(batch: PackedBatch, engine: str) -> PackedAnswers:
    """`expected` of a batch."""
    operation, n = OPERATIONS[batch.op], len(batch)
    starts = batch.offsets[:-1]
    outcomes = batch.data[starts]
    retbuf = np.zeros((n, operation.width), np.uint8)
    if operation.kind == "bool":
        retbuf[:, 0] = outcomes == TRUE
        value = retbuf[:, 0]
    else:
        retbuf[:, :8] = batch.data[starts[:, None] + np.arange(1, 9)]
        retbuf[outcomes == PANIC] = 0
        value = np.zeros(0, np.uint8)
    return PackedAnswers(_STATUS[outcomes], value, retbuf, np.diff(batch.offsets), engine)


def poisoned(batch: PackedBatch) -> bool:
    return bool(np.any(batch.data[batch.offsets[:-1] + 9] == POISON))


def refused(batch: PackedBatch) -> int:
    """Requests that are not true."""
    return int(np.count_nonzero(batch.data[batch.offsets[:-1]] != TRUE))


def numbers(batch: PackedBatch) -> list[int]:
    """The numbers of the requests, in order."""
    column = batch.data[batch.offsets[:-1][:, None] + np.arange(1, 9)]
    return [int(number) for number in np.ascontiguousarray(column).view("<u8")[:, 0]]
