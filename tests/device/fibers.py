"""The device "host": each module compiled by g++, its work-items fibers of one thread, in an order that a seed decides.

Groups run one after another, in any order; scratch and new buffers are full of garbage. With ``sanitize`` a module is compiled with
UndefinedBehaviorSanitizer, and with AddressSanitizer where that is loaded already (LD_PRELOAD of libasan).
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coproc.codegen.device.source import source
from coproc.engine.device.protocol import A, Array, Buffer, Module
from coproc.errors import EngineLost, EngineUnavailable

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / "build" / "fibers"
CXX = os.environ.get("CXX", "g++")
OPTIONS = ("-std=c++20", "-O1", "-fPIC", "-shared", "-fno-strict-aliasing", "-Wall", "-Wextra", "-Werror", "-Wno-unused")
SANITIZERS = ("-g1", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all")
KERNEL = re.compile(r"^KERNEL\((\w+)\)\s*\(([^)]*)\)", re.MULTILINE)


@dataclass(frozen=True)
class HostModule:
    family: str
    curve: str
    block: int
    limbs: int
    library: ctypes.CDLL
    parameters: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class HostBuffer:
    memory: Array

    @property
    def nbytes(self) -> int:
        return self.memory.nbytes


def trampolines(text: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """C++ that calls each kernel with arguments from an array of pointers, and the types of the parameters; scratch is "u32 *"."""
    code, found = [], {}
    for name, parameters in KERNEL.findall(text):
        scratch = "SCRATCH_PARAM" in parameters
        types = [re.sub(r"\w+\s*$", "", p).strip() for p in parameters.replace("SCRATCH_PARAM", "").split(",")]
        passed = [f"*(std::remove_const_t<{t}> *)a[{i}]" for i, t in enumerate([*types, *(["u32 *"] if scratch else [])])]
        code.append(f'extern "C" void call_{name}(void **a) {{ {name}({", ".join(passed)}); }}')
        found[name] = (*types, *(["scratch"] if scratch else []))
    return "\n".join(["#include <type_traits>", *code, ""]), found


def build(text: str, options: tuple[str, ...]) -> Path:
    """A shared library of a module, made once. Raises EngineUnavailable with what the compiler said."""
    CACHE.mkdir(parents=True, exist_ok=True)
    runtime = [HERE / "fibers.cpp", HERE / "fibers.hpp"]
    digest = hashlib.blake2b("\0".join([text, CXX, *options, *(f.read_text() for f in runtime)]).encode(), digest_size=16).hexdigest()
    library = CACHE / f"{digest}.so"
    if not library.exists():
        draft, written = CACHE / f"{digest}.{os.getpid()}.cpp", CACHE / f"{digest}.{os.getpid()}.so"
        draft.write_text(text)
        command = [CXX, *options, "-I", str(HERE), str(draft), str(runtime[0]), "-o", str(written)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        draft.unlink()
        if done.returncode:
            raise EngineUnavailable(done.stderr[:4000])
        written.rename(library)
    return library


@dataclass(frozen=True)
class Launch:
    """One launch of a device that counts: how often each primitive was called, in the order of platform.h."""

    family: str
    curve: str
    kernel: str
    block: int
    groups: int
    slots: int
    counts: Array


class HostDevice:
    """See `coproc.engine.device.protocol.Device`. seed: decides orders and garbage. counted: primitives are counted."""

    backend = "host"
    name = "fibers"
    memory = 1 << 32
    scratch = 232448
    units = 1
    emulated = True

    def __init__(self, seed: int = 0, sanitize: tuple[str, ...] = (), counted: bool = False) -> None:
        self.seed, self.counted = seed, counted
        self.launches: list[Launch] = []
        self.options = (
            *OPTIONS,
            *(("-DCOUNTED",) if counted else ()),
            *((f"-fsanitize={','.join(sanitize)}", *SANITIZERS) if sanitize else ()),
        )
        self._modules: dict[tuple[str, str, int], HostModule] = {}

    def module(self, family: str, curve: str, block: int) -> HostModule:
        key = family, curve, block
        if key not in self._modules:
            text = source(family, curve, "host", block)
            calls, parameters = trampolines(text)
            library = ctypes.CDLL(str(build(f"{text}\n{calls}", self.options)))
            library.fibers_launch.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_int] + [ctypes.c_uint32] * 2 + [ctypes.c_uint64] * 2
            found = re.search(r"#define FP_LIMBS (\d+)", text)
            assert found is not None
            self._modules[key] = HostModule(family, curve, block, int(found[1]), library, parameters)
        return self._modules[key]

    @contextmanager
    def stream(self) -> Iterator[HostStream]:
        yield HostStream(self)


class HostStream:
    """See `coproc.engine.device.protocol.Stream`; everything happens at once."""

    def __init__(self, device: HostDevice) -> None:
        self.device = device

    def module(self, family: str, curve: str, block: int) -> HostModule:
        return self.device.module(family, curve, block)

    def allocate(self, nbytes: int) -> HostBuffer:
        """Exactly so many bytes, or one, so that AddressSanitizer sees the end."""
        return HostBuffer(np.full(max(nbytes, 1), 0xA5, np.uint8)[:nbytes])

    def upload(self, array: Array) -> HostBuffer:
        buffer = self.allocate(array.nbytes)
        self.write(buffer, array)
        return buffer

    def write(self, buffer: Buffer, array: Array, offset: int = 0) -> None:
        assert isinstance(buffer, HostBuffer)
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        buffer.memory[offset : offset + len(data)] = data

    def download(self, buffer: Buffer, array: A, offset: int = 0) -> A:
        assert isinstance(buffer, HostBuffer)
        array.reshape(-1).view(np.uint8)[:] = buffer.memory[offset : offset + array.nbytes]
        return array

    def fill(self, buffer: Buffer, byte: int) -> None:
        assert isinstance(buffer, HostBuffer)
        buffer.memory[:] = byte

    def free(self, buffer: Buffer) -> None:
        pass

    def keep(self, buffer: Buffer) -> None:
        pass

    def wait(self) -> None:
        pass

    def launch(self, module: Module, kernel: str, groups: int, *args: Buffer | np.uint32, slots: int = 0) -> None:
        """Raises EngineLost where a group's work-items do not reach the same barriers."""
        assert isinstance(module, HostModule)
        types = module.parameters[kernel]
        scratch = len(types) - 1 if types[-1] == "scratch" else -1
        if len(args) != len(types) - (scratch >= 0):
            raise EngineLost(f"{kernel} takes {len(types)} arguments, not {len(args)}")
        values: list[ctypes.c_uint32 | ctypes.c_void_p] = []
        for kind, arg in zip(types, args, strict=False):
            assert isinstance(arg, HostBuffer) == ("*" in kind), f"{kernel}: {kind}"
            values.append(ctypes.c_void_p(arg.memory.ctypes.data) if isinstance(arg, HostBuffer) else ctypes.c_uint32(int(arg)))
        pointers = (ctypes.c_void_p * len(types))(*(ctypes.addressof(v) for v in values))
        self.device.seed += 1
        body = ctypes.cast(module.library[f"call_{kernel}"], ctypes.c_void_p)
        counts = np.ctypeslib.as_array((ctypes.c_uint64 * 64).in_dll(module.library, "platform_counts"))
        counts[:] = 0
        words = max(1, slots * module.limbs * module.block)
        if groups and module.library.fibers_launch(body, pointers, scratch, groups, module.block, words, self.device.seed):
            raise EngineLost(f"{kernel}: some work-items of a group ended while others stood at a barrier")
        if self.device.counted:
            self.device.launches.append(Launch(module.family, module.curve, kernel, module.block, groups, slots, counts.copy()))
