"""Which accelerators this machine has."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from typing import Final, NamedTuple

from coproc.engine.device.protocol import Device
from coproc.errors import EngineUnavailable

_DRIVERS: Final = ("/dev/nvidiactl", "/dev/kfd", "/dev/dri", "/dev/dxg")
"""Files that a machine with a GPU has; without one of them nobody is asked, and nothing is imported."""


class DeviceInfo(NamedTuple):
    """engine: its name, "cuda:0". name: what the hardware calls itself. memory: bytes. emulated: the CPU does the work."""

    engine: str
    name: str
    memory: int
    emulated: bool


def opened(kind: str, number: int) -> Device:
    """Raises EngineUnavailable, which says why."""
    if kind == "cuda":
        from coproc.engine.device.cuda import CudaDevice

        return CudaDevice(number)
    from coproc.engine.device.opencl import OpenClDevice

    return OpenClDevice(number)


@cache
def found(kind: str) -> tuple[DeviceInfo, ...]:
    """Those of a kind, by number. Raises EngineUnavailable, which says why there is none."""
    if kind == "cuda":
        from coproc.engine.device.cuda import devices

        count = len(devices())
    else:
        from coproc.engine.device.opencl import devices as opencl_devices

        count = len(opencl_devices())
    return tuple(_info(kind, number) for number in range(count))


def _info(kind: str, number: int) -> DeviceInfo:
    device = opened(kind, number)
    return DeviceInfo(f"{kind}:{number}", device.name, device.memory, device.emulated)


@cache
def gpu() -> DeviceInfo | None:
    """The first device that is not the CPU, of CUDA where it can be had, else of OpenCL."""
    if not any(os.path.exists(path) for path in _DRIVERS):
        return None
    for kind, module in (("cuda", "cupy"), ("opencl", "pyopencl")):
        if find_spec(module) is None:
            continue
        try:
            return next(info for info in found(kind) if not info.emulated)
        except (EngineUnavailable, StopIteration):
            continue
    return None
