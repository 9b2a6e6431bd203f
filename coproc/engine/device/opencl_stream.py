"""Streams of an OpenCL device: each has an in-order queue, its own kernel objects, whose arguments are set one by one, and its own freed
buffers, which work in order may take again at once.

Arrays travel through pinned memory in pieces, two in flight; a device that shares the host's memory copies directly. Nothing is waited
for but by the state of an event (`clock`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from coproc.engine.device.clock import Account
from coproc.engine.device.protocol import POISON, A, Array, Buffer, Module, OutOfMemory
from coproc.engine.device.staging import PIECE, Piece, Ring, Wait, flat
from coproc.errors import EngineLost

if TYPE_CHECKING:
    import pyopencl as cl

    from coproc.engine.device.opencl import OpenClDevice

_COMPLETE: Final = 0
"""CL_COMPLETE; what is under way is above, what failed below."""
_LEAST: Final = 256
"""Buffers have a power of two of bytes, no fewer than this."""
_NO_ROOM: Final = ("MEM_OBJECT_ALLOCATION_FAILURE", "OUT_OF_HOST_MEMORY", "INVALID_BUFFER_SIZE")


@dataclass(frozen=True)
class OpenClModule:
    family: str
    curve: str
    block: int
    limbs: int
    program: cl.Program


class OpenClBuffer:
    """memory: of a power of two of bytes, at least nbytes."""

    __slots__ = ("memory", "nbytes")

    def __init__(self, memory: cl.Buffer, nbytes: int) -> None:
        self.memory, self.nbytes = memory, nbytes


class OpenClStream:
    """See `coproc.engine.device.protocol.Stream`."""

    def __init__(self, device: OpenClDevice, opencl: Any) -> None:
        self.device = device
        self._cl = opencl
        self._context = device.context
        self._direct = device._device.host_unified_memory
        self._kernels: dict[tuple[int, str], cl.Kernel] = {}
        self._live: dict[int, OpenClBuffer] = {}
        self._free: defaultdict[int, list[cl.Buffer]] = defaultdict(list)
        self._ring = Ring(self._piece)
        self._account = Account(device.clock)
        with self._errors():
            self._queue = opencl.CommandQueue(self._context)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Errors of OpenCL as ours."""
        try:
            yield
        except self._cl.MemoryError as error:
            raise OutOfMemory(f"{self.device.name}: {error}") from error
        except self._cl.Error as error:
            kind = OutOfMemory if any(word in str(error) for word in _NO_ROOM) else EngineLost
            raise kind(f"{self.device.name}: {error}") from error

    def module(self, family: str, curve: str, block: int) -> OpenClModule:
        return self.device.module(family, curve, block)

    # ---- memory ----
    def allocate(self, nbytes: int) -> OpenClBuffer:
        size = max(_LEAST, 1 << (nbytes - 1).bit_length()) if nbytes else _LEAST
        if size > self.device.largest:
            size = nbytes
        free = self._free[size]
        if free:
            memory = free.pop()
        else:
            try:
                memory = self._new(size)
            except OutOfMemory:
                self.wait()
                self._free.clear()
                self.device.trim()
                memory = self._new(size)
        buffer = OpenClBuffer(memory, nbytes)
        self._live[id(buffer)] = buffer
        self.fill(buffer, POISON)
        return buffer

    def _new(self, size: int) -> cl.Buffer:
        with self._errors():
            memory: cl.Buffer = self._cl.Buffer(self._context, self._cl.mem_flags.READ_WRITE, size)
        return memory

    def upload(self, array: Array) -> OpenClBuffer:
        buffer = self.allocate(array.nbytes)
        self.write(buffer, array)
        return buffer

    def write(self, buffer: Buffer, array: Array, offset: int = 0) -> None:
        assert isinstance(buffer, OpenClBuffer)
        data = flat(array)
        if offset + data.nbytes > buffer.nbytes:
            raise ValueError(f"{data.nbytes} bytes at {offset} do not fit in {buffer.nbytes}")
        if not data.nbytes:
            return
        memory = buffer.memory

        def start(piece: Piece, size: int, at: int) -> Wait:
            self._account.copy(size)
            return self._waiter(self._cl.enqueue_copy(self._queue, memory, piece.host[:size], dst_offset=offset + at, is_blocking=False))

        with self._errors():
            if self._direct:
                self._account.copy(data.nbytes)
                self._waiter(self._cl.enqueue_copy(self._queue, memory, data, dst_offset=offset, is_blocking=False))()
            else:
                self._ring.send(data, start)

    def download(self, buffer: Buffer, array: A, offset: int = 0) -> A:
        assert isinstance(buffer, OpenClBuffer)
        if not array.flags.c_contiguous or offset + array.nbytes > buffer.nbytes:
            raise ValueError(f"{array.nbytes} bytes at {offset} are not in {buffer.nbytes}")
        data = flat(array)
        memory = buffer.memory

        def start(piece: Piece, size: int, at: int) -> Wait:
            self._account.copy(size)
            return self._waiter(self._cl.enqueue_copy(self._queue, piece.host[:size], memory, src_offset=offset + at, is_blocking=False))

        with self._errors():
            if not data.nbytes:
                self.wait()
            elif self._direct:
                self._account.copy(data.nbytes)
                self._waiter(self._cl.enqueue_copy(self._queue, data, memory, src_offset=offset, is_blocking=False))()
            else:
                self._ring.receive(data, start)
        return array

    def _waiter(self, event: Any) -> Wait:
        """What waits for an event, which is the last of the queue."""
        self._queue.flush()

        def done() -> bool:
            status: int = event.command_execution_status
            if status < 0:
                raise EngineLost(f"{self.device.name}: a command ended with status {status}")
            return status == _COMPLETE

        return self._account.waiter(done, event)

    def _piece(self) -> Piece:
        self.wait()  # mapping waits for what was asked for before, without a clock
        flags = self._cl.mem_flags.ALLOC_HOST_PTR | self._cl.mem_flags.READ_WRITE
        memory = self._cl.Buffer(self._context, flags, PIECE)
        both = self._cl.map_flags.READ | self._cl.map_flags.WRITE
        host, _ = self._cl.enqueue_map_buffer(self._queue, memory, both, 0, (PIECE,), np.uint8)
        return Piece(host, memory)

    def fill(self, buffer: Buffer, byte: int) -> None:
        assert isinstance(buffer, OpenClBuffer)
        if buffer.nbytes:
            with self._errors():
                self._cl.enqueue_fill_buffer(self._queue, buffer.memory, np.uint8(byte), 0, buffer.nbytes)

    def free(self, buffer: Buffer) -> None:
        assert isinstance(buffer, OpenClBuffer)
        if self._live.pop(id(buffer), None) is not None:
            self._free[buffer.memory.size].append(buffer.memory)

    def keep(self, buffer: Buffer) -> None:
        self._live.pop(id(buffer), None)

    # ---- work ----
    def launch(self, module: Module, kernel: str, groups: int, *args: Buffer | np.uint32, slots: int = 0) -> None:
        assert isinstance(module, OpenClModule)
        if not groups:
            return
        with self._errors():
            function = self._kernels.get((id(module.program), kernel))
            if function is None:
                function = self._kernels[id(module.program), kernel] = self._cl.Kernel(module.program, kernel)
            values = [arg.memory if isinstance(arg, OpenClBuffer) else np.uint32(arg) for arg in args]  # type: ignore[arg-type]
            if function.num_args == len(values) + 1:
                values.append(self._cl.LocalMemory(max(4, 4 * slots * module.limbs * module.block)))
            function.set_args(*values)
            self._account.launch(groups)
            self._cl.enqueue_nd_range_kernel(self._queue, function, (groups * module.block,), (module.block,))

    def wait(self) -> None:
        with self._errors():
            self._waiter(self._cl.enqueue_marker(self._queue))()

    def end(self) -> None:
        """Buffers of the call go back to the stream; raises where work in flight failed."""
        self.wait()
        for buffer in list(self._live.values()):
            self.free(buffer)

    def drop(self) -> None:
        """Forgets every buffer, and what was asked for."""
        self._account.close()
        self._live.clear()
        self._free.clear()
