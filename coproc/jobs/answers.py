"""From the columns of a batch to answer lines.

`{"id", "op", "answer", "status", "retbuf", "gas", "engine"}`, in this order, one line a row; a line of status "error" has no
gas and no engine but says what is wrong under "error".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from coproc.jobs.chunk import Group
from coproc.jobs.errors import BadLine
from coproc.operation import STATUS_NAMES, Columns, Operation, Status

OUTCOMES: Final = ("true", "false", "value", "none", "malformed", "panic", "unserved", "error")
"""What became of a row: the two verdicts; a hash or key; no key; the fallback; and the three without an answer."""

NOTABLE: Final = frozenset({"false", "malformed", "panic", "unserved", "error"})


@dataclass(slots=True)
class Answered:
    """The answers of one batch: what follows the id on each line, and what became of each row (one of OUTCOMES)."""

    tails: list[bytes]
    outcomes: list[str]


def answer_tails(operation: Operation, columns: Columns) -> Answered:
    """The lines of a batch without their ids, each with its end."""
    if operation.kind == "bool":
        return _verdicts(operation, columns)
    return _values(operation, columns)


def _verdicts(operation: Operation, columns: Columns) -> Answered:
    # a batch of verdicts has few different lines: (status, verdict, gas) decides
    made: dict[tuple[int, int, int], tuple[bytes, str]] = {}
    tails: list[bytes] = []
    outcomes: list[str] = []
    for row in zip(columns.status.tolist(), columns.value.tolist(), columns.gas.tolist(), strict=True):
        known = made.get(row)
        if known is None:
            status, verdict, gas = row
            shown = status <= Status.MALFORMED
            answer = ("true" if verdict else "false") if shown else "null"
            known = made[row] = (
                _tail(operation.name, answer, status, bytes([verdict]).hex() if shown else None, gas, columns.engine),
                answer if status == Status.OK else STATUS_NAMES[status],
            )
        tails.append(known[0])
        outcomes.append(known[1])
    return Answered(tails, outcomes)


def _values(operation: Operation, columns: Columns) -> Answered:
    tails: list[bytes] = []
    outcomes: list[str] = []
    width = columns.retbuf.shape[1]
    digits = columns.retbuf.tobytes().hex()
    values: Sequence[bool | bytes | None] = operation.values(columns.retbuf)
    for i, (status, gas, value) in enumerate(zip(columns.status.tolist(), columns.gas.tolist(), values, strict=True)):
        if status <= Status.MALFORMED:
            retbuf = digits[2 * width * i : 2 * width * (i + 1)]
            answer = f'"{value.hex()}"' if isinstance(value, bytes) else "null"
        else:
            retbuf, answer = None, "null"
        tails.append(_tail(operation.name, answer, status, retbuf, gas, columns.engine))
        outcomes.append(STATUS_NAMES[status] if status != Status.OK else "none" if value is None else "value")
    return Answered(tails, outcomes)


def _tail(op: str, answer: str, status: int, retbuf: str | None, gas: int, engine: str) -> bytes:
    shown = "null" if retbuf is None else f'"{retbuf}"'
    if status == Status.UNSERVED:
        engine = ""
    return (
        f',"op":"{op}","answer":{answer},"status":"{STATUS_NAMES[status]}","retbuf":{shown},"gas":{gas},"engine":"{engine}"}}\n'
    ).encode()


def error_tail(line: BadLine) -> bytes:
    """The answer of a line that is no job line."""
    op = msgspec.json.encode(line.op)
    error = msgspec.json.encode(str(line).encode(errors="backslashreplace").decode())  # a file's name may be no UTF-8
    return b',"op":' + op + b',"answer":null,"status":"error","retbuf":null,"gas":null,"engine":null,"error":' + error + b"}\n"


def job_line(id: bytes, group: Group, data: bytes) -> bytes:
    """A row as a job line that asks the same again. id: JSON."""
    rules = group.rules
    return (
        b'{"id":'
        + id
        + f',"op":"{group.op}","argbuf":"{data.hex()}","plonk":"{rules.plonk}","fork":"{rules.fork}","align":{group.align}}}\n'.encode()
    )
