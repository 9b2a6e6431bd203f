"""OpenCL devices through PyOpenCL: `OpenClDevice(number)` counts the devices of all platforms.

Contexts, programs and queues are made when first wanted. Each stream has an in-order queue, its own kernel objects (whose arguments are
set one by one) and its own freed buffers, which work in order may take again at once. Arrays travel through pinned memory in pieces,
two in flight; a device that shares the host's memory copies directly. Nothing is waited for but by the state of an event (`clock`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from coproc.engine.device import kept
from coproc.engine.device.clock import Account, Clock, leave_behind
from coproc.engine.device.protocol import POISON, A, Array, Buffer, Module, OutOfMemory
from coproc.engine.device.staging import PIECE, Piece, Ring, Wait, flat
from coproc.errors import EngineLost, EngineUnavailable

if TYPE_CHECKING:
    import pyopencl as cl

OPTIONS: Final = ("-cl-std=CL1.2",)
_COMPLETE: Final = 0
"""CL_COMPLETE; what is under way is above, what failed below."""
_LEAST: Final = 256
"""Buffers have a power of two of bytes, no fewer than this."""
_NO_ROOM: Final = ("MEM_OBJECT_ALLOCATION_FAILURE", "OUT_OF_HOST_MEMORY", "INVALID_BUFFER_SIZE")


def devices() -> list[tuple[str, bool]]:
    """Name and "is a CPU" of every OpenCL device, by number. Raises EngineUnavailable where there is no OpenCL."""
    found = _devices()
    cpu = _pyopencl().device_type.CPU
    return [(device.name.strip(), bool(device.type & cpu)) for device in found]


def _pyopencl() -> Any:
    try:
        import pyopencl
    except ImportError as error:
        raise EngineUnavailable(f"PyOpenCL is not installed ({error}); pip install 'coproc[opencl]'") from None
    return pyopencl


def _devices() -> list[Any]:
    """Those of all platforms, accelerators first."""
    opencl = _pyopencl()
    try:
        found = [device for platform in opencl.get_platforms() for device in platform.get_devices()]
    except opencl.Error as error:
        raise EngineUnavailable(f"OpenCL finds no platform: {error}") from None
    if not found:
        raise EngineUnavailable("OpenCL finds no device")
    return sorted(found, key=lambda device: bool(device.type & opencl.device_type.CPU))


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


class OpenClDevice:
    """See `coproc.engine.device.protocol.Device`."""

    backend = "opencl"

    def __init__(self, number: int = 0, options: tuple[str, ...] = ()) -> None:
        """options: more of them for the compiler. Raises EngineUnavailable, which says why."""
        self._options = (*OPTIONS, *options)
        self._cl = _pyopencl()
        found = _devices()
        if number >= len(found):
            raise EngineUnavailable(f"there is no OpenCL device {number}; there are {len(found)}")
        self._device = found[number]
        self.name: str = self._device.name.strip()
        self.memory: int = self._device.global_mem_size
        self.scratch: int = self._device.local_mem_size
        self.units: int = self._device.max_compute_units
        self.largest: int = self._device.max_mem_alloc_size
        self.emulated = bool(self._device.type & self._cl.device_type.CPU)
        if not (self._device.available and self._device.compiler_available):
            raise EngineUnavailable(f"the OpenCL device {self.name} cannot be used now")
        if self._device.platform.name == "Portable Computing Language":
            from coproc.engine.device import pocl

            pocl.name_cpu(self._device.int_ptr)
        self.clock = Clock(self.name, self.units, self.emulated)
        self._context: Any = None
        self._modules: dict[tuple[str, str, int], OpenClModule] = {}
        self._building: defaultdict[tuple[str, str, int], Lock] = defaultdict(Lock)
        self._idle: list[OpenClStream] = []
        self._lock = Lock()

    @property
    def context(self) -> cl.Context:
        with self._lock:
            if self._context is None:
                try:
                    self._context = self._cl.Context([self._device])
                except self._cl.Error as error:
                    raise EngineLost(f"{self.name}: {error}") from error
        context: cl.Context = self._context
        return context

    # ---- kernels ----
    def module(self, family: str, curve: str, block: int) -> OpenClModule:
        key = family, curve, block
        module = self._modules.get(key)
        if module is None:
            with self._lock:
                building = self._building[key]
            with building:
                module = self._modules.get(key)
                if module is None:
                    from coproc.codegen.device.source import source

                    module = self._modules[key] = self.build(source(family, curve, self.backend, block), block, family, curve)
        return module

    def build(self, text: str, block: int, family: str = "", curve: str = "") -> OpenClModule:
        """A module of any text, which defines FP_LIMBS where its kernels have scratch."""
        limbs = re.search(r"#define\s+FP_LIMBS\s+(\d+)", text)
        options = [*self._options, f"-DBLOCK={block}"]
        driver = (self.name, self._device.version, self._device.driver_version)
        name = kept.name_of("opencl", *driver, *options, text)
        program = self._stored(name)
        if program is None:
            try:
                program = self._cl.Program(self.context, text).build(options=options)
            except self._cl.Error as error:
                raise EngineUnavailable(f"{self.name} does not compile {family or 'the text'}: {str(error)[:2000]}") from error
            binaries = program.get_info(self._cl.program_info.BINARIES)
            if binaries and binaries[0]:
                kept.store(name, binaries[0])
        return OpenClModule(family, curve, block, int(limbs[1]) if limbs else 0, program)

    def _stored(self, name: str) -> Any:
        binary = kept.load(name)
        if binary is None:
            return None
        try:
            return self._cl.Program(self.context, [self._device], [binary]).build()
        except self._cl.Error:
            return None

    # ---- streams ----
    @contextmanager
    def stream(self) -> Iterator[OpenClStream]:
        self.clock.check()
        with self._lock:
            stream = self._idle.pop() if self._idle else None
        stream = stream or OpenClStream(self, self._cl)
        try:
            yield stream
            stream.end()
        except BaseException:
            if self.clock.lost is not None:
                leave_behind(self, stream)
            else:
                stream.drop()
            raise
        with self._lock:
            self._idle.append(stream)

    def trim(self) -> None:
        """Frees the buffers that idle streams keep."""
        with self._lock:
            for stream in self._idle:
                stream.drop()


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
