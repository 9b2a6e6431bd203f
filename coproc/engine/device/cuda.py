"""CUDA devices through CuPy: kernels compiled by NVRTC to cubins, which are kept on disk; the same streams as `opencl` has.

Thin on purpose: nothing here decides anything, and the parts that could be wrong (`staging`, `kept`) are OpenCL's, too. Scratch is dynamic
shared memory; above 48 KB a kernel must ask for it by an attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from threading import Lock
from typing import Any, Final

import numpy as np

from coproc.engine.device import kept
from coproc.engine.device.clock import Account, Clock
from coproc.engine.device.protocol import POISON, A, Array, Buffer, Module, OutOfMemory
from coproc.engine.device.staging import PIECE, Piece, Ring, Wait, flat
from coproc.errors import EngineLost, EngineUnavailable

OPTIONS: Final = ("--std=c++17", "-default-device", "--diag-suppress=177")
"""177: a text holds primitives that one module or another does not call."""
STATIC_SHARED: Final = 48 << 10
"""Bytes of scratch that any kernel may have."""
_MAX_DYNAMIC_SHARED: Final = 8
"""CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES"""


def _cupy() -> Any:
    try:
        return import_module("cupy")
    except ImportError as error:
        raise EngineUnavailable(f"CuPy is not installed ({error}); pip install 'coproc[cuda]'") from None


def devices() -> list[str]:
    """The name of every CUDA device, by number. Raises EngineUnavailable where there is none."""
    cupy = _cupy()
    runtime = cupy.cuda.runtime
    try:
        count = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        raise EngineUnavailable(f"CUDA finds no device: {_driver(runtime) or error}") from None
    if not count:
        raise EngineUnavailable("CUDA finds no device")
    try:
        cupy.cuda.nvrtc.getVersion()
    except Exception as error:  # of whatever looks for the library, which is loaded when it is first called
        raise EngineUnavailable(f"NVRTC, which compiles the kernels, is not to be had ({error}); pip install 'coproc[cuda]'") from None
    return [_name(runtime.getDeviceProperties(number)) for number in range(count)]


def _driver(runtime: Any) -> str:
    """What is wrong with the driver; empty where it is new enough."""
    has, needs = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    if not has:
        return "there is no driver"
    if has // 1000 >= needs // 1000:
        return ""
    return f"the driver is for CUDA {has // 1000}.{has % 1000 // 10}, and CuPy is for CUDA {needs // 1000}"


def _name(properties: Any) -> str:
    name = properties["name"]
    return name.decode() if isinstance(name, bytes) else str(name)


@dataclass(frozen=True)
class CudaModule:
    family: str
    curve: str
    block: int
    limbs: int
    module: Any
    functions: dict[str, Any] = field(default_factory=dict)


class CudaBuffer:
    """pointer: a cupy.cuda.MemoryPointer of the pool."""

    __slots__ = ("nbytes", "pointer")

    def __init__(self, pointer: Any, nbytes: int) -> None:
        self.pointer, self.nbytes = pointer, nbytes


class CudaDevice:
    """See `coproc.engine.device.protocol.Device`."""

    backend = "cuda"
    emulated = False

    def __init__(self, number: int = 0) -> None:
        """Raises EngineUnavailable, which says why."""
        found = devices()
        if number >= len(found):
            raise EngineUnavailable(f"there is no CUDA device {number}; there are {len(found)}")
        self.cupy = _cupy()
        properties = self.cupy.cuda.runtime.getDeviceProperties(number)
        self.number = number
        self.name = found[number]
        self.memory = int(properties["totalGlobalMem"])
        self.scratch = int(properties.get("sharedMemPerBlockOptin") or properties["sharedMemPerBlock"])
        self.units = int(properties["multiProcessorCount"])
        self.architecture = f"sm_{properties['major']}{properties['minor']}"
        self.clock = Clock(self.name, self.units, self.emulated)
        self._modules: dict[tuple[str, str, int], CudaModule] = {}
        self._building: dict[tuple[str, str, int], Lock] = {}
        self._idle: list[CudaStream] = []
        self._lock = Lock()

    # ---- kernels ----
    def module(self, family: str, curve: str, block: int) -> CudaModule:
        key = family, curve, block
        module = self._modules.get(key)
        if module is None:
            with self._lock:
                building = self._building.setdefault(key, Lock())
            with building:
                module = self._modules.get(key)
                if module is None:
                    from coproc.codegen.device.source import source

                    module = self._modules[key] = self.build(source(family, curve, self.backend, block), block, family, curve)
        return module

    def build(self, text: str, block: int, family: str = "", curve: str = "") -> CudaModule:
        """A module of any text, which defines FP_LIMBS where its kernels have scratch."""
        limbs = re.search(r"#define\s+FP_LIMBS\s+(\d+)", text)
        nvrtc = self.cupy.cuda.nvrtc
        options = (f"--gpu-architecture={self.architecture}", *OPTIONS)
        name = kept.name_of("cuda", ".".join(map(str, nvrtc.getVersion())), *options, text)
        cubin = kept.load(name)
        if cubin is None:
            cubin = self._compiled(text, options, family)
            kept.store(name, cubin)
        with self.errors(), self.cupy.cuda.Device(self.number):
            module = self.cupy.cuda.function.Module()
            module.load(cubin)
        return CudaModule(family, curve, block, int(limbs[1]) if limbs else 0, module)

    def _compiled(self, text: str, options: tuple[str, ...], family: str) -> bytes:
        nvrtc = self.cupy.cuda.nvrtc
        program = nvrtc.createProgram(text, f"{family or 'text'}.cu", [], [])
        try:
            nvrtc.compileProgram(program, options)
            return bytes(nvrtc.getCUBIN(program)) + b"\0"  # CuPy leaves the last byte out
        except nvrtc.NVRTCError as error:
            log = nvrtc.getProgramLog(program)
            raise EngineUnavailable(
                f"NVRTC does not compile {family or 'the text'} for {self.architecture}: {error}: {log[:2000]}"
            ) from error
        finally:
            nvrtc.destroyProgram(program)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Errors of CUDA as ours."""
        cuda = self.cupy.cuda
        try:
            yield
        except cuda.memory.OutOfMemoryError as error:
            raise OutOfMemory(f"{self.name}: {error}") from error
        except (cuda.runtime.CUDARuntimeError, cuda.driver.CUDADriverError) as error:
            raise EngineLost(f"{self.name}: {error}") from error

    # ---- streams ----
    @contextmanager
    def stream(self) -> Iterator[CudaStream]:
        self.clock.check()
        with self._lock:
            stream = self._idle.pop() if self._idle else None
        with self.errors(), self.cupy.cuda.Device(self.number):
            stream = stream or CudaStream(self)
            with stream.stream, self.clock.work(self, stream):
                yield stream
        with self._lock:
            self._idle.append(stream)


class CudaStream:
    """See `coproc.engine.device.protocol.Stream`."""

    def __init__(self, device: CudaDevice) -> None:
        self.device = device
        self._cuda = device.cupy.cuda
        self.stream = self._cuda.Stream(non_blocking=True)
        self._live: dict[int, CudaBuffer] = {}
        self._ring = Ring(self._piece)
        self._account = Account(device.clock)

    def module(self, family: str, curve: str, block: int) -> CudaModule:
        return self.device.module(family, curve, block)

    # ---- memory ----
    def allocate(self, nbytes: int) -> CudaBuffer:
        buffer = CudaBuffer(self._cuda.alloc(max(nbytes, 1)), nbytes)  # CuPy's pool has an arena a stream
        self._live[id(buffer)] = buffer
        self.fill(buffer, POISON)
        return buffer

    def upload(self, array: Array) -> CudaBuffer:
        buffer = self.allocate(array.nbytes)
        self.write(buffer, array)
        return buffer

    def write(self, buffer: Buffer, array: Array, offset: int = 0) -> None:
        assert isinstance(buffer, CudaBuffer)
        data = flat(array)
        if offset + data.nbytes > buffer.nbytes:
            raise ValueError(f"{data.nbytes} bytes at {offset} do not fit in {buffer.nbytes}")
        pointer = buffer.pointer

        def start(piece: Piece, size: int, at: int) -> Wait:
            self._account.copy(size)
            (pointer + (offset + at)).copy_from_host_async(self._address(piece), size, self.stream)
            return self._wait()

        self._ring.send(data, start)

    def download(self, buffer: Buffer, array: A, offset: int = 0) -> A:
        assert isinstance(buffer, CudaBuffer)
        if not array.flags.c_contiguous or offset + array.nbytes > buffer.nbytes:
            raise ValueError(f"{array.nbytes} bytes at {offset} are not in {buffer.nbytes}")
        pointer = buffer.pointer

        def start(piece: Piece, size: int, at: int) -> Wait:
            self._account.copy(size)
            (pointer + (offset + at)).copy_to_host_async(self._address(piece), size, self.stream)
            return self._wait()

        self._ring.receive(flat(array), start)
        self.wait()
        return array

    def _wait(self) -> Wait:
        """What waits for all that the stream was asked for until now."""
        event = self.stream.record()
        return self._account.waiter(lambda: bool(event.done), event)

    def _piece(self) -> Piece:
        memory = self._cuda.alloc_pinned_memory(PIECE)
        return Piece(np.frombuffer(memory, np.uint8, PIECE), memory)

    @staticmethod
    def _address(piece: Piece) -> Any:
        import ctypes

        return ctypes.c_void_p(piece.host.ctypes.data)

    def fill(self, buffer: Buffer, byte: int) -> None:
        assert isinstance(buffer, CudaBuffer)
        if buffer.nbytes:
            buffer.pointer.memset_async(byte, buffer.nbytes, self.stream)

    def free(self, buffer: Buffer) -> None:
        self._live.pop(id(buffer), None)

    def keep(self, buffer: Buffer) -> None:
        self._live.pop(id(buffer), None)

    # ---- work ----
    def launch(self, module: Module, kernel: str, groups: int, *args: Buffer | np.uint32, slots: int = 0) -> None:
        assert isinstance(module, CudaModule)
        if not groups:
            return
        shared = 4 * slots * module.limbs * module.block
        function = module.functions.get(kernel)
        if function is None:
            function = module.module.get_function(kernel)
            if self.device.scratch > STATIC_SHARED:
                self._cuda.driver.funcSetAttribute(function.ptr, _MAX_DYNAMIC_SHARED, self.device.scratch)
            module.functions[kernel] = function
        self._account.launch(groups)
        values = tuple(arg.pointer if isinstance(arg, CudaBuffer) else np.uint32(arg) for arg in args)  # type: ignore[arg-type]
        function((groups, 1, 1), (module.block, 1, 1), values, shared_mem=shared, stream=self.stream)

    def wait(self) -> None:
        self._wait()()

    def end(self) -> None:
        """Waits, and gives back what was allocated."""
        self.wait()
        self._live.clear()

    def drop(self) -> None:
        """Forgets what was asked for; the stream is not used again."""
        self._account.close()
