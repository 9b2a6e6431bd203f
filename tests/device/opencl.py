"""Runs one kernel of one module on the first CPU device of OpenCL, without the engine: the leaf's tests stand below it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyopencl as cl

from coproc.codegen.device.families import FAMILIES
from coproc.codegen.device.source import source
from coproc.engine.device import pocl

Words = npt.NDArray[np.uint32]


@cache
def context() -> tuple[cl.Context, cl.CommandQueue]:
    """A context and queue on the first device that is a CPU, else the first device."""
    devices = [d for p in cl.get_platforms() for d in p.get_devices()]
    devices.sort(key=lambda d: not d.type & cl.device_type.CPU)
    if "Portable" in devices[0].platform.name:
        pocl.name_cpu(devices[0].int_ptr)
    made = cl.Context(devices[:1])
    return made, cl.CommandQueue(made)


@cache
def program(family: str, curve: str, block: int) -> cl.Program:
    return cl.Program(context()[0], source(family, curve, "opencl", block)).build(options=["-cl-std=CL1.2"])


def run(family: str, curve: str, block: int, kernel: str, groups: int, out: Words, *arguments: Words | int) -> Words:
    """Launches ``kernel(*arguments, scratch)`` on groups of ``block``; the array that ``out`` is comes back filled."""
    made, queue = context()
    buffers: list[tuple[Any, Words]] = []
    given: list[Any] = []
    for argument in arguments:
        if isinstance(argument, int):
            given.append(np.uint32(argument))
            continue
        flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
        buffers.append(
            (cl.Buffer(made, flags, hostbuf=np.ascontiguousarray(argument) if argument.size else np.zeros(1, np.uint32)), argument)
        )
        given.append(buffers[-1][0])
    words = source(family, curve, "opencl", block).split("#define FP_LIMBS ", 1)[1].split("\n", 1)[0]
    scratch = cl.LocalMemory(FAMILIES[family].slots * int(words) * 4 * block)
    cl.Kernel(program(family, curve, block), kernel)(queue, (groups * block,), (block,), *given, scratch)
    for buffer, argument in buffers:
        if argument is out:
            cl.enqueue_copy(queue, out, buffer)
    queue.finish()
    return out
