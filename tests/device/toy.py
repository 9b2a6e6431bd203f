"""A device that is none: its kernels are functions of the host, so that what surrounds them can be tested alone, errors among it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from coproc.engine.cpu import CpuEngine
from coproc.engine.device import families
from coproc.engine.device.families import Sums
from coproc.engine.device.trust import tag_sums
from coproc.engine.protocol import U8, U64, Check, Curve, Encoding, Group, rows_of

HOST = CpuEngine()
TIMES = 3


class ToyDevice:
    """trouble: raised by the next streams, until it is None. streams: how many were taken."""

    name, backend, scratch, units, emulated = "toy", "host", 1 << 15, 1, False

    def __init__(self, memory: int = 1 << 30) -> None:
        self.memory = memory
        self.trouble: Exception | None = None
        self.streams = 0

    def module(self, family: str, curve: str, block: int) -> Any:
        raise AssertionError(f"a toy compiles no text: {family} for {curve} in groups of {block}")

    @contextmanager
    def stream(self) -> Iterator[Any]:
        self.streams += 1
        if self.trouble is not None:
            raise self.trouble
        yield self


def decode(stream: Any, group: Group, encoding: Encoding, data: U8) -> tuple[U64, U8]:
    return HOST.decode(group, encoding, Check.ON_CURVE, rows_of(np.ascontiguousarray(data)))


def scalar_mul(stream: Any, group: Group, points: U64, scalars: U64) -> U64:
    return HOST.scalar_mul(group, np.ascontiguousarray(points), np.ascontiguousarray(scalars))


def msm(stream: Any, group: Group, offsets: U64, points: U64, scalars: U64, tags: U64) -> Sums:
    points = np.ascontiguousarray(points)
    values = HOST.msm(group, offsets, rows_of(points), np.ascontiguousarray(scalars))
    with np.errstate(over="ignore"):
        return Sums(values, tag_sums(tags, offsets) * np.uint64(TIMES), TIMES)


def miller(stream: Any, curve: Curve, offsets: U64, g1: U64, g2: U64, tags: U64) -> Sums:
    values = HOST.miller_loop(curve, offsets, np.ascontiguousarray(g1), np.ascontiguousarray(g2))
    return Sums(values, tag_sums(tags, offsets), 1)


Spoil = Callable[[Any], Any]


def install(patch: pytest.MonkeyPatch, spoil: Spoil = lambda result: result) -> None:
    """The families of the engine are those above; spoil: what becomes of each result."""

    def spoiled(f: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: spoil(f(*args))

    patch.setattr(families, "points", lambda: SimpleNamespace(decode=spoiled(decode), scalar_mul=spoiled(scalar_mul)))
    patch.setattr(families, "msm", lambda: SimpleNamespace(msm=spoiled(msm)))
    patch.setattr(families, "pairings", lambda: SimpleNamespace(miller=spoiled(miller)))
