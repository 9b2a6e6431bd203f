"""Runs the demo: every operation in batches, every answer compared with Dusk's."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Final

import numpy as np

from coproc.demo import DemoBatch, load
from coproc.jobs.chunk import Group
from coproc.jobs.compute import Machine
from coproc.operation import STATUS_NAMES, Columns, Operation
from coproc.ops import OPERATIONS

MAX_BATCH: Final = 256
OPERATION_SECONDS: Final = 4.0
"""A slow engine stops repeating an operation's requests after so long: eleven operations stay under a minute."""


@dataclass
class DemoRow:
    """The figures of one operation. `distinct` of its requests were run at least once, of `recorded` ones."""

    op: str
    recorded: int
    distinct: int = 0
    requests: int = 0
    hurried: bool = False  # OPERATION_SECONDS were over before all wanted requests were answered
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0


def run_demo(machine: Machine, requests: int) -> Iterator[DemoRow]:
    """One row an operation; about `requests` requests in all, each recorded one as often as the next."""
    batches: dict[str, list[DemoBatch]] = {}
    for batch in load():
        batches.setdefault(batch.group.op, []).append(batch)
    for op, parts in batches.items():
        yield _operation(machine, op, parts, max(1, requests // len(batches)))


def _operation(machine: Machine, op: str, parts: list[DemoBatch], wanted: int) -> DemoRow:
    recorded = sum(len(part.group.data) for part in parts)
    row = DemoRow(op, recorded)
    deadline = time.monotonic() + OPERATION_SECONDS
    seen: set[tuple[int, int]] = set()
    shares = [max(1, round(wanted * len(part.group.data) / recorded)) for part in parts]
    size = 4
    for number, (part, share) in enumerate(zip(parts, shares, strict=True)):
        order = cycle(range(len(part.group.data)))
        while share > 0:
            if row.requests and time.monotonic() > deadline:
                row.hurried = True
                break
            chosen = list(islice(order, min(size, share)))
            started = time.monotonic()
            columns = machine.compute(Group(op, part.group.rules, part.group.align, chosen, [part.group.data[i] for i in chosen]))
            row.seconds += time.monotonic() - started
            _compare(row, OPERATIONS[op], part, chosen, columns)
            seen.update((number, i) for i in chosen)
            share -= len(chosen)
            size = min(2 * size, MAX_BATCH)
    row.distinct = len(seen)
    return row


def _compare(row: DemoRow, operation: Operation, part: DemoBatch, chosen: list[int], columns: Columns) -> None:
    row.requests += len(chosen)
    values = operation.values(columns.retbuf)
    for at, i in enumerate(chosen):
        status = STATUS_NAMES[columns.status[at]]
        answered = status in ("ok", "malformed")
        value = values[at] if answered else None
        shown = value.hex() if isinstance(value, bytes) else value
        retbuf = np.ascontiguousarray(columns.retbuf[at]).tobytes() if answered else None
        row.outcomes[_outcome(status, shown)] += 1
        expected = part.status[i], part.value[i], part.retbuf[i]
        gas = int(columns.gas[at])
        if (status, shown, retbuf) != expected or part.gas[i] not in (None, gas):
            if len(row.wrong) < 20:
                dusk = f"{expected[0]} {expected[1]} gas {part.gas[i]}"
                row.wrong.append(f"{row.op} request {i}: {status} {shown} gas {gas}, Dusk answers {dusk}")
            else:
                row.wrong.append("")


def _outcome(status: str, shown: bool | str | None) -> str:
    if status != "ok":
        return status
    if shown is None:
        return "none"
    return "value" if isinstance(shown, str) else str(shown).lower()
