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

    def copy_from_host_async(self, source: ctypes.c_void_p, size: int, stream: Any) -> None:
        ctypes.memmove(self._view(size).ctypes.data, source, size)

    def copy_to_host_async(self, target: ctypes.c_void_p, size: int, stream: Any) -> None:
        ctypes.memmove(target, self._view(size).ctypes.data, size)

    def memset_async(self, byte: int, size: int, stream: Any) -> None:
        self._view(size)[:] = byte


class _Context:
    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Stream(_Context):
    busy = False

    def record(self) -> Any:
        return SimpleNamespace(done=not self.busy)


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

    def __call__(self, grid: Any, block: Any, values: Any, shared_mem: int, stream: Any) -> None:
        stream.busy |= self._name in ENDLESS
        views = [value._view(len(value.memory)) if isinstance(value, Pointer) else value for value in values]
        KERNELS[self._name](grid[0], block[0], shared_mem, *views)


def fake(count: int = 1, memory: int = 1 << 20) -> Any:
    """A module `cupy` with so many devices. compiled: the texts that NVRTC was given; attributes: what kernels asked for."""
    compiled: list[tuple[str, tuple[str, ...]]] = []
    attributes: list[tuple[int, int, int]] = []

    def alloc(size: int) -> Pointer:
        if size > memory:
            raise OutOfMemory(f"{size} bytes")
        return Pointer(np.zeros(size, np.uint8))

    def count_devices() -> int:
        if not count:
            raise CudaError("no CUDA-capable device is detected")
        return count

    def compile_program(program: list[str], options: tuple[str, ...]) -> None:
        if "refuse" in program[0]:
            raise CudaError("compilation")
        compiled.append((program[0], options))

    properties = {
        "name": b"Fake H100", "totalGlobalMem": memory, "sharedMemPerBlockOptin": 232448, "multiProcessorCount": 132,
        "major": 9, "minor": 0,
    }  # fmt: skip
    cuda = SimpleNamespace(
        runtime=SimpleNamespace(CUDARuntimeError=CudaError, getDeviceCount=count_devices, getDeviceProperties=lambda number: properties),
        driver=SimpleNamespace(CUDADriverError=CudaError, funcSetAttribute=lambda *args: attributes.append(args)),
        nvrtc=SimpleNamespace(
            NVRTCError=CudaError, getVersion=lambda: (13, 0), createProgram=lambda text, *_: [text], compileProgram=compile_program,
            getCUBIN=lambda program: b"cubin of " + program[0].encode(), getProgramLog=lambda program: "error: refused",
            destroyProgram=lambda program: None,
        ),
        memory=SimpleNamespace(OutOfMemoryError=OutOfMemory),
        function=SimpleNamespace(Module=_Module),
        Device=_Context, Stream=_Stream, alloc=alloc, alloc_pinned_memory=bytearray,
    )  # fmt: skip
    return SimpleNamespace(cuda=cuda, compiled=compiled, attributes=attributes)
