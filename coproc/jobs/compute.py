"""The coprocessor as a job sees it: batches in, columns out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from coproc.coprocessor import Coprocessor, open
from coproc.errors import InvalidInput
from coproc.jobs.chunk import Group
from coproc.operation import Columns
from coproc.ops import OPERATIONS


def known_operation(name: str) -> None:
    """Raises InvalidInput for a name that is no operation."""
    if name not in OPERATIONS:
        raise InvalidInput(f"unknown op {name[:64]!r}: one of {', '.join(OPERATIONS)}")


@dataclass(frozen=True)
class Machine:
    """What answers a job."""

    coprocessor: Coprocessor

    @property
    def engine(self) -> str:
        """The engine's name, as in answers."""
        return self.coprocessor.engine.name

    @property
    def workers(self) -> int:
        """Threads that compute, or wait for a cluster."""
        return self.coprocessor.workers

    @property
    def where(self) -> str:
        """The workers elsewhere, in words; "" where there are none."""
        return str(getattr(self.coprocessor, "where", ""))

    def compute(self, group: Group) -> Columns:
        """The answers of one batch."""
        offsets = np.zeros(len(group.data) + 1, np.int64)
        np.cumsum([len(data) for data in group.data], out=offsets[1:])
        data = np.frombuffer(b"".join(group.data), np.uint8)
        return self.coprocessor.run_columns(group.op, data, offsets, group.rules, group.align)


@contextmanager
def opened(engine: str | None, workers: int | None, cluster: str | None = None, kept: str | None = None) -> Iterator[Machine]:
    """A coprocessor for the length of a job. Raises EngineUnavailable where the engine or the cluster that was asked for is absent."""
    with open(engine=engine, workers=workers, cluster=cluster, kept=kept) as coprocessor:
        yield Machine(coprocessor)
