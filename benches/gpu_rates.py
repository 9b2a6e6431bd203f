"""How fast a device issues instructions and multiplies in a field: what the limit model takes for granted, measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from coproc.codegen.device.families import FAMILIES

_CHAINS: Final = 8
_STEPS: Final = 64
_BLOCK: Final = 256

# Per backend: the statement that a chain repeats. x is the chain's 64-bit (wide) or 32-bit value, a and b do not change.
_PTX: Final = {
    "imad_wide": ("u64", 'asm volatile("mad.wide.u32 %0, %1, %2, %0;" : "+l"(x{k}) : "r"(a), "r"(b));'),
    "imad_hi": ("u32", 'asm volatile("mad.hi.u32 %0, %0, %1, %2;" : "+r"(x{k}) : "r"(a), "r"(b));'),
    "imad": ("u32", 'asm volatile("mad.lo.u32 %0, %0, %1, %2;" : "+r"(x{k}) : "r"(a), "r"(b));'),
    "add": ("u32", 'asm volatile("add.u32 %0, %0, %1;" : "+r"(x{k}) : "r"(a));'),
    "logic": ("u32", 'asm volatile("lop3.b32 %0, %0, %1, %2, 0x96;" : "+r"(x{k}) : "r"(a), "r"(b));'),
}
_C: Final = {
    "imad_wide": ("u64", "x{k} += (u64)(u32)(x{k} >> 32) * a;"),
    "imad_hi": ("u32", "x{k} = mul_hi(x{k}, a) + b;"),
    "imad": ("u32", "x{k} = x{k} * a + b;"),
    "add": ("u32", "x{k} = (x{k} + a) ^ b;"),
    "logic": ("u32", "x{k} = (x{k} & a) ^ b;"),
}


def _text(backend: str) -> str:
    if backend == "cuda":
        head = "typedef unsigned int u32; typedef unsigned long long u64;\n#define ITEM (blockIdx.x * blockDim.x + threadIdx.x)\n"
        kernel, memory = 'extern "C" __global__ void', ""
    else:
        head = "typedef uint u32; typedef ulong u64;\n#define ITEM ((u32)get_global_id(0))\n"
        kernel, memory = "__kernel void", "__global "
    kernels = []
    for name, (kind, statement) in (_PTX if backend == "cuda" else _C).items():
        values = " ".join(f"{kind} x{k} = ITEM + {k};" for k in range(_CHAINS))
        step = " ".join(statement.format(k=k) for k in range(_CHAINS))
        total = " ^ ".join(f"(u32)x{k}" for k in range(_CHAINS))
        kernels.append(
            f"{kernel} {name}({memory}u32 *out, const u32 rounds, const u32 a, const u32 b) {{\n  {values}\n"
            f"  for (u32 r = 0; r < rounds; r++) {{ {step * _STEPS} }}\n  out[ITEM] = {total};\n}}"
        )
    return head + "\n".join(kernels)


def timed(run: Callable[[], object], seconds: float) -> float:
    """The shortest time of some runs, after one that is not counted."""
    run()
    best, end = float("inf"), time.monotonic() + seconds
    while True:
        started = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - started)
        if time.monotonic() > end:
            return best


def instructions(device: Any, seconds: float, rounds: int) -> dict[str, float]:
    """Instructions a second of each kind, all lanes together: the fastest of some runs over all multiprocessors."""
    module = device.build(_text(device.backend), _BLOCK)
    groups = device.units * (8 if not device.emulated else 1)
    found = {}
    with device.stream() as stream:
        out = stream.allocate(4 * groups * _BLOCK)
        for name in _PTX:

            def run(name: str = name) -> None:
                stream.launch(module, name, groups, out, np.uint32(rounds), np.uint32(0x12345679), np.uint32(0x89ABCDEF))
                stream.wait()

            found[name] = groups * _BLOCK * _CHAINS * _STEPS * rounds / timed(run, seconds)
    return found


def multiplications(device: Any, seconds: float, rounds: int) -> dict[str, float]:
    """Montgomery multiplications a second in the base fields, by the kernel `leaf_chain`."""
    found = {}
    with device.stream() as stream:
        for curve in ("bls12_381", "bn254"):
            block = FAMILIES["leaf"].blocks[0]
            module = stream.module("leaf", curve, block)
            groups = device.units * (32 if not device.emulated else 2)
            n = groups * block
            a = np.ones((n, module.limbs), np.uint32)
            x, y, out = stream.upload(a), stream.upload(a), stream.allocate(a.nbytes)

            def run(module: Any = module, groups: int = groups, args: Any = (x, y, out), n: int = n) -> None:
                stream.launch(module, "leaf_chain", groups, *args, np.uint32(n), np.uint32(rounds), slots=FAMILIES["leaf"].slots)
                stream.wait()

            found[curve] = n * rounds / timed(run, seconds)
    return found
