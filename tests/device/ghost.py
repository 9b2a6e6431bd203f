"""A device that computes nothing and remembers which kernels it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from coproc.codegen.device.families import FAMILIES
from coproc.engine.device.points import BASE_WORDS, SCALAR_WORDS
from coproc.engine.device.protocol import A, Array, Buffer


class GhostModule(NamedTuple):
    family: str
    curve: str
    block: int


class GhostBuffer(NamedTuple):
    nbytes: int


class Ghost:
    """Its own stream, too. What comes back is ones, so that whatever a kernel might ask for follows."""

    name, backend, memory, units, emulated = "ghost", "host", 1 << 32, 1, True

    def __init__(self, scratch: int = 227 << 10) -> None:
        self.scratch = scratch
        self.launched: set[tuple[str, str, str]] = set()
        self.most = 0
        """Bytes of scratch that a group was given at most."""

    @property
    def device(self) -> Ghost:
        return self

    @contextmanager
    def stream(self) -> Iterator[Ghost]:
        yield self

    def module(self, family: str, curve: str, block: int) -> GhostModule:
        return GhostModule(family, curve, block)

    def allocate(self, nbytes: int) -> GhostBuffer:
        return GhostBuffer(nbytes)

    def upload(self, array: Array) -> GhostBuffer:
        return GhostBuffer(array.nbytes)

    def download(self, buffer: Buffer, array: A, offset: int = 0) -> A:
        array[...] = 1
        return array

    def write(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    fill = free = keep = wait = write

    def launch(self, module: GhostModule, kernel: str, groups: int, *_: Any, slots: int = 0) -> None:
        words = SCALAR_WORDS if FAMILIES[module.family].base == "fr" else BASE_WORDS[module.curve]
        self.most = max(self.most, 4 * words * slots * module.block)
        if groups:
            self.launched.add((module.family, module.curve, kernel))
