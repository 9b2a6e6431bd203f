"""A device that fails on purpose, in one place of one batch: `FaultyDevice` around any other. For tests and for the campaign (R8).

Whatever a batch asks of the device is an event: a copy there (`up`), a kernel, a copy back (`down`). A copy is named by the kernel that
reads what came, or that wrote what goes, and by the argument. A fault names an event by its number and what goes wrong there; a run
without a fault records the events, and on request what the buffers held.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.device.protocol import A, Array, Buffer, Device, Module, Stream
from coproc.engine.device.resident import forget
from coproc.errors import EngineLost

KINDS: Final = {
    "up": ("flip", "lost", "zeros", "stale", "loss"),
    "kernel": ("flip before", "flip", "argument", "lost", "groups", "block", "part", "zeros", "stale", "loss"),
    "down": ("flip", "lost", "zeros", "stale", "loss"),
}
"""flip: one random bit, of the buffer or the result (before: of what the kernel reads). argument: one bit of a number that a kernel is
given. lost: it does not happen. groups: only some of a kernel's groups run; block: one of them does not. part: a stretch of what a kernel
wrote is lost. zeros: what it wrote is zeros; stale: what the same event left in the batch before. loss: the device is gone from here on."""


class Event(NamedTuple):
    """kind: of `KINDS`. name: of the kernel with its family, else as kind."""

    kind: str
    name: str


class Fault(NamedTuple):
    """at: the number of an event. seed: of which buffer, bit or stretch."""

    at: int
    what: str
    seed: int = 0


class FaultyDevice:
    """See `coproc.engine.device.protocol.Device`. One batch at a time. struck: the fault fell; harmless: it changed nothing."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._lock = Lock()
        self.events: list[Event] = []
        self.fault: Fault | None = None
        self.keep: int | None = None
        self.kept: list[Array] = []
        self.struck = self.harmless = False
        self._gone = False

    def begin(self, fault: Fault | None = None, keep: int | None = None, anew: bool = True) -> None:
        """A batch begins. keep: the event after which the buffers are remembered, for a stale one of the next batch. anew: constants that
        the device keeps are uploaded again."""
        if anew:
            forget(self)
        self.events, self.fault, self.keep = [], fault, keep
        self.struck = self.harmless = self._gone = False
        if keep is not None:
            self.kept = []

    def event(self, kind: str, name: str) -> tuple[str | None, bool]:
        """What goes wrong here, and whether the buffers are to be remembered."""
        with self._lock:
            if self._gone:
                raise EngineLost("the device is gone")
            number = len(self.events)
            self.events.append(Event(kind, name))
            what = self.fault.what if self.fault is not None and self.fault.at == number else None
            if what is not None:
                self.struck = True
            if what == "loss":
                self._gone = True
                raise EngineLost("the device is gone")
            return what, self.keep == number

    def named(self, number: int, name: str) -> None:
        """An event of before has a name now."""
        with self._lock:
            if number < len(self.events):
                self.events[number] = self.events[number]._replace(name=name)

    # ---- Device ----
    @property
    def name(self) -> str:
        return self._device.name

    @property
    def backend(self) -> str:
        return self._device.backend

    @property
    def memory(self) -> int:
        return self._device.memory

    @property
    def scratch(self) -> int:
        return self._device.scratch

    @property
    def units(self) -> int:
        return self._device.units

    @property
    def emulated(self) -> bool:
        return self._device.emulated

    def module(self, family: str, curve: str, block: int) -> Module:
        return self._device.module(family, curve, block)

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        with self._device.stream() as stream:
            yield _FaultyStream(self, stream)


class _FaultyStream:
    """See `coproc.engine.device.protocol.Stream`."""

    def __init__(self, device: FaultyDevice, stream: Stream) -> None:
        self.device: Device = device
        self._faulty = device
        self._stream = stream
        self._came: dict[int, tuple[Buffer, list[int]]] = {}
        """Buffers that no kernel has read yet, and the copies there."""
        self._written: dict[int, tuple[Buffer, str]] = {}
        """Buffers and the argument that they were last."""

    def module(self, family: str, curve: str, block: int) -> Module:
        return self._stream.module(family, curve, block)

    def allocate(self, nbytes: int) -> Buffer:
        return self._stream.allocate(nbytes)

    def fill(self, buffer: Buffer, byte: int) -> None:
        self._stream.fill(buffer, byte)

    def free(self, buffer: Buffer) -> None:
        self._stream.free(buffer)

    def keep(self, buffer: Buffer) -> None:
        self._stream.keep(buffer)

    def wait(self) -> None:
        self._stream.wait()

    def upload(self, array: Array) -> Buffer:
        buffer = self._stream.allocate(array.nbytes)
        self.write(buffer, array)
        return buffer

    def write(self, buffer: Buffer, array: Array, offset: int = 0) -> None:
        what, keep = self._faulty.event("up", "up")
        self._came.setdefault(id(buffer), (buffer, []))[1].append(len(self._faulty.events) - 1)
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        if keep:
            self._faulty.kept = [data.copy()]
        if what == "lost":
            return
        self._stream.write(buffer, self._spoiled(what, data), offset)

    def download(self, buffer: Buffer, array: A, offset: int = 0) -> A:
        what, keep = self._faulty.event("down", f"down {self._written.get(id(buffer), (buffer, ''))[1]}".rstrip())
        if what == "lost":
            self._stream.wait()
            return array
        self._stream.download(buffer, array, offset)
        data = array.reshape(-1).view(np.uint8)
        if keep:
            self._faulty.kept = [data.copy()]
        data[:] = self._spoiled(what, data)
        return array

    def launch(self, module: Module, kernel: str, groups: int, *args: Buffer | np.uint32, slots: int = 0) -> None:
        if not groups:
            return
        name = f"{module.family}.{kernel} {module.curve}".rstrip()
        for place, arg in enumerate(args):
            if not isinstance(arg, np.uint32):
                for number in self._came.pop(id(arg), (arg, []))[1]:
                    self._faulty.named(number, f"up {name} {place}")
                self._written[id(arg)] = arg, f"{name} {place}"
        what, keep = self._faulty.event("kernel", name)
        buffers = [arg for arg in args if not isinstance(arg, np.uint32) and arg.nbytes]

        def run(groups: int, args: tuple[Buffer | np.uint32, ...] = args) -> None:
            if groups:
                self._stream.launch(module, kernel, groups, *args, slots=slots)

        rng = self._rng()
        if what in ("flip", "flip before"):
            chosen = rng.choice(buffers)
            if what == "flip":
                run(groups)
            self._put(chosen, _flipped(self._held(chosen), rng))
            if what == "flip before":
                run(groups)
        elif what == "argument":
            run(groups, _argument_flipped(args, rng))
        elif what in ("lost", "groups"):
            run(0 if what == "lost" else rng.randrange(groups))
        elif what is not None:
            before = [self._held(buffer) for buffer in buffers]
            if what == "block":
                self._without(buffers, before, rng.randrange(groups), groups, run)
            else:
                run(groups)
                self._spoil(what, buffers, before, rng)
        else:
            run(groups)
        if keep:
            self._faulty.kept = [self._held(buffer) for buffer in buffers]

    # ---- spoiling ----
    def _spoil(self, what: str, buffers: list[Buffer], before: list[Array], rng: random.Random) -> None:
        """What a kernel wrote."""
        self._faulty.harmless = True
        kept = self._faulty.kept
        for index, (buffer, held) in enumerate(zip(buffers, before, strict=True)):
            after = self._held(buffer)
            if np.array_equal(held, after):  # it was read alone
                continue
            if what == "part":
                spoiled = _torn(held, after, rng)
            elif what == "zeros":
                spoiled = np.zeros_like(after)
            elif index < len(kept) and kept[index].nbytes == after.nbytes:
                spoiled = kept[index]
            else:
                continue
            self._faulty.harmless &= np.array_equal(spoiled, after)
            self._put(buffer, spoiled)

    def _without(self, buffers: list[Buffer], before: list[Array], lost: int, groups: int, run: Callable[[int], None]) -> None:
        """All groups but one: what a group writes is what the groups up to it write and those before it do not."""
        states: list[list[Array]] = []
        for count in (lost, lost + 1, groups):
            for buffer, held in zip(buffers, before, strict=True):
                self._put(buffer, held)
            run(count)
            states.append([self._held(buffer) for buffer in buffers])
        self._faulty.harmless = True
        for buffer, held, without, upto, after in zip(buffers, before, *states, strict=True):
            own = without != upto
            spoiled = np.where(own, held, after)
            self._faulty.harmless &= np.array_equal(spoiled, after)
            self._put(buffer, spoiled)

    def _rng(self) -> random.Random:
        return random.Random(self._faulty.fault.seed if self._faulty.fault is not None else 0)

    def _spoiled(self, what: str | None, data: Array) -> Array:
        """What is copied; a new array where it is not the same."""
        if what is None:
            return data
        spoiled = data
        if what == "flip":
            spoiled = _flipped(data, self._rng())
        elif what == "zeros":
            spoiled = np.zeros_like(data)
        elif what == "stale" and self._faulty.kept and self._faulty.kept[0].nbytes == data.nbytes:
            spoiled = self._faulty.kept[0]
        self._faulty.harmless = np.array_equal(spoiled, data)
        return spoiled

    def _held(self, buffer: Buffer) -> Array:
        return self._stream.download(buffer, np.empty(buffer.nbytes, np.uint8))

    def _put(self, buffer: Buffer, data: Array) -> None:
        self._stream.write(buffer, data)


def _flipped(data: Array, rng: random.Random) -> Array:
    if not data.nbytes:
        return data
    changed = data.copy()
    bit = rng.randrange(8 * data.nbytes)
    changed[bit // 8] ^= np.uint8(1 << bit % 8)
    return changed


def _argument_flipped(args: tuple[Buffer | np.uint32, ...], rng: random.Random) -> tuple[Buffer | np.uint32, ...]:
    """The arguments with one bit of one number flipped."""
    place = rng.choice([place for place, arg in enumerate(args) if isinstance(arg, np.uint32)])
    number = args[place]
    assert isinstance(number, np.uint32)
    return (*args[:place], number ^ np.uint32(1 << rng.randrange(32)), *args[place + 1 :])


def _torn(before: Array, after: Array, rng: random.Random) -> Array:
    """After, with a stretch as it was before: the whole, or from one changed byte to another one."""
    changed = np.flatnonzero(before != after)
    if not len(changed):
        return after
    torn = after.copy()
    a, b = sorted(rng.choices(changed.tolist(), k=2))
    start, stop = a & ~3, (b | 3) + 1
    torn[start:stop] = before[start:stop]
    return torn
