"""What the code of accelerators asks of one: `Device`, `Stream`, `Module`, `Buffer`.

A device gives streams, each an order of work of its own; whoever calls takes one for the length of a call:

    with device.stream() as stream:
        module = stream.module("points", "bls12_381", 64)
        a = stream.upload(points)
        out = stream.allocate(points.nbytes)
        stream.launch(module, "double", groups, a, out, np.uint32(n), slots=14)
        result = stream.download(out, np.empty_like(points))

What a stream was asked for happens in that order; `download` waits for it. Buffers live until `free` or the end of the `with`. A device
that dies, or does not answer in time (`clock`), raises EngineLost from any of these, never an answer. Too little memory raises OutOfMemory.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from coproc.errors import EngineError

Array = NDArray[Any]
A = TypeVar("A", bound=Array)

POISON: Final = 0xFF
"""Every byte of a buffer at first: a copy or a launch that is lost leaves no zeros and nothing of an earlier call."""
CURVES: Final = ("bls12_381", "bn254")


class OutOfMemory(EngineError):
    """The device has no room for a buffer: the batch is cut smaller, or answered elsewhere."""


class Module(Protocol):
    """Compiled kernels of a family over one curve, for groups of `block` work-items. limbs: 32-bit limbs of its base field."""

    @property
    def family(self) -> str: ...
    @property
    def curve(self) -> str: ...
    @property
    def block(self) -> int: ...
    @property
    def limbs(self) -> int: ...


class Buffer(Protocol):
    """Memory of a device, aligned to 256 bytes; `POISON` at first."""

    @property
    def nbytes(self) -> int: ...


class Stream(Protocol):
    """Work in order. Of one thread at a time."""

    @property
    def device(self) -> Device: ...

    def module(self, family: str, curve: str, block: int) -> Module:
        """As `Device.module`."""
        ...

    def upload(self, array: Array) -> Buffer:
        """A buffer with the contents of an array (C order), which may be changed as soon as this returns."""
        ...

    def allocate(self, nbytes: int) -> Buffer:
        """nbytes: 0 is legal."""
        ...

    def write(self, buffer: Buffer, array: Array, offset: int = 0) -> None:
        """Contents from byte `offset`, a multiple of 4."""
        ...

    def download(self, buffer: Buffer, array: A, offset: int = 0) -> A:
        """Fills an array from byte `offset` and returns it, when all work before has been done."""
        ...

    def fill(self, buffer: Buffer, byte: int) -> None: ...

    def free(self, buffer: Buffer) -> None:
        """Gives a buffer back before the stream ends; work in flight may still use it."""
        ...

    def keep(self, buffer: Buffer) -> None:
        """The buffer outlives the stream: other streams of the device may use it, and it goes when nobody holds it."""
        ...

    def launch(self, module: Module, kernel: str, groups: int, *args: Buffer | np.uint32, slots: int = 0) -> None:
        """Runs groups * module.block work-items; slots: field elements of scratch a work-item. groups = 0 does nothing."""
        ...

    def wait(self) -> None:
        """Until all of it is done."""
        ...


class Device(Protocol):
    """An accelerator, safe from any number of threads.

    name     what the hardware calls itself
    backend  which text its modules are made of: "opencl", "cuda" or "host"
    memory   bytes in all; scratch: bytes that a group may have; units: multiprocessors
    emulated the work is done by the CPU: right, and never a gain
    """

    @property
    def name(self) -> str: ...
    @property
    def backend(self) -> str: ...
    @property
    def memory(self) -> int: ...
    @property
    def scratch(self) -> int: ...
    @property
    def units(self) -> int: ...
    @property
    def emulated(self) -> bool: ...

    def module(self, family: str, curve: str, block: int) -> Module:
        """Kernels, compiled once and kept on disk. curve: of `CURVES`. Raises EngineUnavailable where the device's compiler refuses."""
        ...

    def stream(self) -> AbstractContextManager[Stream]:
        """A stream of the device's pool; raises EngineLost."""
        ...
