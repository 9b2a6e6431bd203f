"""The few calls of CuPy that `coproc.engine.device.cuda` makes, on memory of the host: kernels are Python functions of it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

KERNELS: dict[str, Callable[..., None]] = {}
"""name -> f(groups, block, shared bytes, *values): memory as uint8 arrays."""
ENDLESS: set[str] = set()
"""Those that, once launched, end no more; nor does what the stream is asked for afterwards."""


class CudaError(Exception):
    pass


class OutOfMemory(Exception):
    pass


class Pointer:
    def __init__(self, memory: Any, offset: int = 0) -> None:
        self.memory, self.offset = memory, offset

    def __add__(self, offset: int) -> Pointer:
        return Pointer(self.memory, self.offset + offset)

    def _view(self, size: int) -> Any:
        return self.memory[self.offset : self.offset + size]

    def copy_from_host_async(self, mem: ctypes.c_void_p, size: int, stream: Any = None) -> None:
        ctypes.memmove(self._view(size).ctypes.data, mem, size)

    def copy_to_host_async(self, mem: ctypes.c_void_p, size: int, stream: Any = None) -> None:
        ctypes.memmove(mem, self._view(size).ctypes.data, size)

    def memset_async(self, value: int, size: int, stream: Any = None) -> None:
        self._view(size)[:] = value


class _Context:
    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Device(_Context):
    def __init__(self, device: int | None = None) -> None:
        pass


class _Event:
    def __init__(self, done: bool) -> None:
        self.done = done


class _Stream(_Context):
    busy = False

    def __init__(self, null: bool = False, non_blocking: bool = False) -> None:
        pass

    def record(self, event: Any = None) -> Any:
        return _Event(not self.busy)


class _Module:
    def load(self, cubin: bytes) -> None:
        if not cubin.startswith(b"cubin of "):
            raise CudaError("no image")

    def get_function(self, name: str) -> Any:
        if name not in KERNELS:
            raise CudaError("named symbol not found")
        return _Function(name)


class _Function:
    ptr = 77

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, grid: Any, block: Any, args: Any, shared_mem: int = 0, stream: Any = None) -> None:
        stream.busy |= self._name in ENDLESS
        views = [value._view(len(value.memory)) if isinstance(value, Pointer) else value for value in args]
        KERNELS[self._name](grid[0], block[0], shared_mem, *views)


class LibraryNotFound(RuntimeError):
    """As of what CuPy looks for libraries with."""


def fake(count: int = 1, memory: int = 1 << 20, driver: int = 12080, nvrtc: bool = True) -> Any:
    """A module `cupy` with so many devices, a driver for that version of CUDA or none (0), with or without NVRTC.

    Parameters are called as CuPy calls them. compiled: the texts that NVRTC was given; attributes: what kernels asked for.
    """
    compiled: list[tuple[str, tuple[str, ...]]] = []
    attributes: list[tuple[int, int, int]] = []

    def alloc(size: int) -> Pointer:
        if size > memory:
            raise OutOfMemory(f"{size} bytes")
        return Pointer(np.zeros(size, np.uint8))

    def count_devices() -> int:
        if driver < 12000:
            raise CudaError("CUDA driver version is insufficient for CUDA runtime version")
        if not count:
            raise CudaError("no CUDA-capable device is detected")
        return count

    def version() -> tuple[int, int]:
        if not nvrtc:
            raise LibraryNotFound("no libnvrtc.so.12")
        return 12, 9

    def create(src: str, name: str, headers: object, include_names: object) -> list[str]:
        return [src]

    def compile_program(prog: list[str], options: tuple[str, ...]) -> None:
        if "refuse" in prog[0]:
            raise CudaError("compilation")
        compiled.append((prog[0], options))

    def set_attribute(f: int, attribute: int, value: int) -> None:
        attributes.append((f, attribute, value))

    def pinned(size: int) -> bytearray:
        return bytearray(size)

    properties = {
        "name": b"Fake H100", "totalGlobalMem": memory, "sharedMemPerBlockOptin": 232448, "multiProcessorCount": 132,
        "major": 9, "minor": 0,
    }  # fmt: skip
    cuda = SimpleNamespace(
        runtime=SimpleNamespace(
            CUDARuntimeError=CudaError, getDeviceCount=count_devices, getDeviceProperties=lambda device: properties,
            driverGetVersion=lambda: driver, runtimeGetVersion=lambda: 12090,
        ),
        driver=SimpleNamespace(CUDADriverError=CudaError, funcSetAttribute=set_attribute),
        nvrtc=SimpleNamespace(
            NVRTCError=CudaError, getVersion=version, createProgram=create, compileProgram=compile_program,
            getCUBIN=lambda prog: b"cubin of " + prog[0].encode(), getProgramLog=lambda prog: "error: refused",
            destroyProgram=lambda prog: None,
        ),
        memory=SimpleNamespace(OutOfMemoryError=OutOfMemory),
        function=SimpleNamespace(Module=_Module),
        Device=_Device, Stream=_Stream, alloc=alloc, alloc_pinned_memory=pinned,
    )  # fmt: skip
    return SimpleNamespace(cuda=cuda, compiled=compiled, attributes=attributes)
