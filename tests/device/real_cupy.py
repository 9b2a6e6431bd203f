"""``python -m tests.device.real_cupy [ARCHITECTURE...]``: what the engine `cuda` asks of CuPy, held against CuPy itself, without a GPU.

Every name that `coproc.engine.device.cuda` takes from CuPy is there; the fake of the tests (`fake_cupy`) has the parameters of CuPy's own
functions; the NVRTC that CuPy finds compiles every module, without stack and spills; a machine without a driver is told so. Runs in any
environment that has CuPy and NVRTC, as `make check-gpu` makes one. Exit status: 0, or 1 and what is wrong.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cupy
from cupy_backends.cuda.api import runtime

from coproc.codegen.device.families import FAMILIES
from coproc.codegen.device.source import source
from coproc.engine.device import cuda
from coproc.engine.device.cuda import OPTIONS, CudaDevice
from coproc.errors import EngineUnavailable
from tests.device import fake_cupy

ROOTS = {
    "cupy": cupy, "self.cupy": cupy, "self._cuda": cupy.cuda, "cuda": cupy.cuda, "runtime": cupy.cuda.runtime, "nvrtc": cupy.cuda.nvrtc,
}  # fmt: skip
"""What an expression of cuda.py begins with, and what that is."""
CLASSES: dict[type, type] = {
    fake_cupy.Pointer: cupy.cuda.MemoryPointer,
    fake_cupy._Stream: cupy.cuda.Stream,
    fake_cupy._Module: cupy.cuda.function.Module,
    fake_cupy._Function: cupy.cuda.function.Function,
}
FUNCTIONS = (
    *("alloc", "alloc_pinned_memory", "driver.funcSetAttribute", "runtime.getDeviceCount", "runtime.getDeviceProperties"),
    *("runtime.driverGetVersion", "runtime.runtimeGetVersion", "nvrtc.getVersion", "nvrtc.createProgram", "nvrtc.compileProgram"),
    *("nvrtc.getCUBIN", "nvrtc.getProgramLog", "nvrtc.destroyProgram"),
)
PROPERTIES = ("name", "totalGlobalMem", "sharedMemPerBlock", "sharedMemPerBlockOptin", "multiProcessorCount", "major", "minor")
_LOCAL = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")


def parameters(function: Any) -> list[str]:
    """Names of parameters, without self; of compiled functions as the first line of their documentation has them."""
    try:
        found = list(inspect.signature(function).parameters)
    except ValueError:
        found = []
    if not found or found == ["self", "args", "kwargs"]:
        line = (function.__doc__ or "").split("\n")[0]
        inner = re.search(r"\((.*)\)", line)
        found = [re.split(r"[=\s]+", re.sub(r"=.*", "", p.strip()))[-1] for p in inner[1].split(",")] if inner and inner[1] else []
    return [p for p in found if p not in ("self", "/")]


def of(root: Any, path: str) -> Any:
    for name in path.split("."):
        root = getattr(root, name)
    return root


def chains() -> Iterator[tuple[str, str]]:
    """(root, rest) of every attribute that cuda.py takes of CuPy."""
    for node in ast.walk(ast.parse(Path(cuda.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            root = max((r for r in ROOTS if text.startswith(f"{r}.")), key=len, default="")
            if root and re.fullmatch(r"[\w.]+", text):
                yield root, text[len(root) + 1 :]


def names() -> list[str]:
    found = set(chains())
    assert len(found) > 20, found
    wrong = []
    for root, rest in sorted(found):
        try:
            of(ROOTS[root], rest)
        except AttributeError:
            wrong.append(f"CuPy has no {root}.{rest}")
    library = Path(runtime.__file__).read_bytes()
    return wrong + [f"a card has no property {name}" for name in PROPERTIES if name.encode() not in library]


def signatures() -> list[str]:
    """Where the fake takes what CuPy does not, or calls it otherwise."""
    fake = fake_cupy.fake().cuda
    pairs = [(name, of(fake, name), of(cupy.cuda, name)) for name in FUNCTIONS]
    pairs.append(("Stream", fake_cupy._Stream, cupy.cuda.Stream))
    for mine, real in CLASSES.items():
        public = [name for name, value in vars(mine).items() if callable(value) and not name.startswith("_")]
        pairs += [(f"{real.__name__}.{name}", getattr(mine, name), getattr(real, name)) for name in public]
    wrong = []
    for name, mine, theirs in pairs:
        taken, there = parameters(mine), parameters(theirs)
        if taken != there[: len(taken)]:
            wrong.append(f"{name}({', '.join(there)}) is faked as ({', '.join(taken)})")
    for real, name in ((cupy.cuda.MemoryPointer, "__add__"), (cupy.cuda.Event, "done"), (cupy.cuda.function.Function, "ptr")):
        if not hasattr(real, name):
            wrong.append(f"{real.__name__} has no {name}")
    errors = [
        of(cupy.cuda, n) for n in ("memory.OutOfMemoryError", "runtime.CUDARuntimeError", "driver.CUDADriverError", "nvrtc.NVRTCError")
    ]
    if any(issubclass(a, b) for a in errors for b in errors if a is not b):
        wrong.append("an error of CuPy is a kind of another")
    return wrong + call()


def call() -> list[str]:
    """A function that is none is called with arguments of the wrong types: CuPy names the first that it dislikes before it uses any."""
    function = cupy.cuda.function.Function.__new__(cupy.cuda.function.Function)
    said = {}
    for name, value in (("shared_mem", "no number"), ("nothing", 0)):
        try:
            function((1, 1, 1), (64, 1, 1), (), stream=None, **{name: value})
        except TypeError as error:
            said[name] = str(error)
    return [] if "unexpected" in said["nothing"] and "unexpected" not in said["shared_mem"] else [f"a kernel cannot be called: {said}"]


def modules(architectures: list[str]) -> list[str]:
    """What NVRTC, called as the engine calls it, makes of every module."""
    wrong, device = [], CudaDevice.__new__(CudaDevice)
    device.cupy = cupy
    for architecture in architectures:
        device.architecture, began, count = architecture, time.monotonic(), 0
        options = (f"--gpu-architecture={architecture}", *OPTIONS)
        for family in FAMILIES.values():
            for curve in family.curves:
                what, text = f"{family.name} {curve} {architecture}", source(family.name, curve, "cuda", family.blocks[0])
                try:
                    cubin, log = compiled(text, options)
                    if family.name.startswith("leaf") and device._compiled(text, options, what)[:4] != cubin[:4]:
                        wrong.append(f"{what}: the engine makes no machine code of it")
                except (EngineUnavailable, cupy.cuda.nvrtc.NVRTCError) as error:
                    wrong.append(f"{what}: {error}")
                    continue
                kernels = re.findall(r"^KERNEL\((\w+)\)", text, re.MULTILINE)
                wrong += [f"{what}: no {k} in the machine code" for k in kernels if f".text.{k}\0".encode() not in cubin]
                frames = [frame for frame in _LOCAL.findall(log) if frame != ("0", "0", "0")]
                wrong += [f"{what}: {a} bytes of stack, {b} and {c} spilled" for a, b, c in frames]
                count += len(kernels)
        made = f"CuPy {cupy.__version__}, NVRTC {'.'.join(map(str, cupy.cuda.nvrtc.getVersion()))}"
        print(f"{made}: {count} kernels for {architecture} in {time.monotonic() - began:.0f} s", flush=True)
    return wrong


def compiled(text: str, options: tuple[str, ...]) -> tuple[bytes, str]:
    """The machine code, and what ptxas reports."""
    nvrtc = cupy.cuda.nvrtc
    program = nvrtc.createProgram(text, "text.cu", [], [])
    try:
        nvrtc.compileProgram(program, (*options, "--ptxas-options=-v"))
        return nvrtc.getCUBIN(program) + b"\0", nvrtc.getProgramLog(program)
    finally:
        nvrtc.destroyProgram(program)


def driver() -> list[str]:
    """What a machine without a driver is told."""
    if cupy.cuda.runtime.driverGetVersion():
        return []
    try:
        return [f"devices without a driver: {cuda.devices()}"]
    except EngineUnavailable as error:
        return [] if str(error) == "CUDA finds no device: there is no driver" else [f"without a driver one is told: {error}"]


def main(arguments: list[str]) -> int:
    checks: list[Callable[[], list[str]]] = [names, signatures, driver, lambda: modules(arguments or ["sm_90"])]
    wrong = [what for check in checks for what in check()]
    for what in wrong:
        print(f"wrong: {what}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
