"""A card made of a processor's memory: kernels compiled by g++ and run as fibers, in a region of memory of their own.

What a fault makes a kernel do happens here as on a card. Within the device's memory an index that went wrong reads and writes other
buffers; outside of it, and where a kernel divides by zero or ends no more, the launch fails and the device is lost: EngineLost. No kernel
can reach the host's memory, so that every fault is judged in one process.
"""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from weakref import finalize

import numpy as np

from coproc.engine.device.protocol import POISON, Array, Buffer, Module
from coproc.errors import EngineLost
from tests.device import fibers

REGION: Final = 1 << 28
"""Bytes that the card has."""
_AROUND: Final = 1 << 43
"""Bytes before and behind them that nobody can touch: more than an index of 32 bits reaches, whatever it counts."""
_KEPT: Final = 1 << 25
"""Bytes of them for what outlives a stream."""
_ALIGNED: Final = 256
_MILLISECONDS: Final = 1000
"""Of processor time for a launch: thirty times what the longest takes."""
_ENDINGS: Final = ("", "work-items of a group stood at different barriers", "memory that is not its own", "a division by zero", "no end")
_OPTIONS: Final = ("-std=c++20", "-O2", "-fPIC", "-shared", "-U_FORTIFY_SOURCE")


class CardBuffer(fibers.HostBuffer):
    """A stretch of the region."""


class Card(fibers.HostDevice):
    """See `coproc.engine.device.protocol.Device`. Of one thread."""

    name = "a card of memory"
    scratch = 1
    """Groups are as small as a family allows."""

    def __init__(self) -> None:
        super().__init__()
        self.options = tuple("-O2" if option == "-O1" else option for option in fibers.OPTIONS)
        guard = Path(__file__).with_name("guard.cpp").read_text(encoding="utf-8")
        self.guard = ctypes.CDLL(str(fibers.build(guard, _OPTIONS)))
        self.guard.guarded_region.restype = ctypes.c_void_p
        self.guard.guarded_region.argtypes = [ctypes.c_uint64] * 2
        self.guard.guarded_release.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64]
        self.guard.guarded_launch.argtypes = [
            *[ctypes.c_void_p] * 3, ctypes.c_int, *[ctypes.c_uint32] * 2, *[ctypes.c_uint64] * 2, ctypes.c_uint32,
        ]  # fmt: skip
        base = self.guard.guarded_region(REGION, _AROUND)
        if base is None:
            raise MemoryError("no address space for a card")
        finalize(self, self.guard.guarded_release, base, REGION, _AROUND)
        self.region: Array = np.ctypeslib.as_array((ctypes.c_uint8 * REGION).from_address(base))
        self.end = _KEPT
        self.kept_end = 0
        self.kept_free: dict[int, list[int]] = defaultdict(list)

    @contextmanager
    def stream(self) -> Iterator[CardStream]:
        """Its buffers are gone when it ends."""
        start = self.end
        try:
            yield CardStream(self)
        finally:
            self.end = start


class CardStream(fibers.HostStream):
    """See `coproc.engine.device.protocol.Stream`."""

    device: Card

    def allocate(self, nbytes: int) -> CardBuffer:
        start = self.device.end
        self.device.end = start + -(-max(nbytes, 1) // _ALIGNED) * _ALIGNED
        if self.device.end > REGION:
            raise EngineLost("the card has no more memory")
        memory = self.device.region[start : start + nbytes]
        memory[:] = POISON
        return CardBuffer(memory)

    def keep(self, buffer: Buffer) -> None:
        """Moves to where streams do not end."""
        assert isinstance(buffer, CardBuffer)
        card, size = self.device, -(-max(buffer.nbytes, 1) // _ALIGNED) * _ALIGNED
        if card.kept_free[size]:
            start = card.kept_free[size].pop()
        else:
            start, card.kept_end = card.kept_end, card.kept_end + size
            if card.kept_end > _KEPT:
                raise EngineLost("the card has no more memory to keep")
        memory = card.region[start : start + buffer.nbytes]
        memory[:] = buffer.memory
        object.__setattr__(buffer, "memory", memory)
        finalize(buffer, card.kept_free[size].append, start)

    def launch(self, module: Module, kernel: str, groups: int, *args: Buffer | np.uint32, slots: int = 0) -> None:
        assert isinstance(module, fibers.HostModule)
        if not groups:
            return
        types = module.parameters[kernel]
        scratch = len(types) - 1 if types[-1] == "scratch" else -1
        values: list[Any] = [
            ctypes.c_void_p(arg.memory.ctypes.data) if isinstance(arg, CardBuffer) else ctypes.c_uint32(int(arg))  # type: ignore[call-overload]
            for arg in args
        ]
        pointers = (ctypes.c_void_p * len(types))(*(ctypes.addressof(v) for v in values))
        card = self.device
        card.seed += 1
        body = ctypes.cast(module.library[f"call_{kernel}"], ctypes.c_void_p)
        inner = ctypes.cast(module.library.fibers_launch, ctypes.c_void_p)
        words = max(1, slots * module.limbs * module.block)
        ending = card.guard.guarded_launch(inner, body, pointers, scratch, groups, module.block, words, card.seed, _MILLISECONDS)
        if ending:
            raise EngineLost(f"{kernel}: {_ENDINGS[ending]}")
