"""Which engine: names to engines, and why one cannot be had.

Names: `auto`, `spec`, `cpu`, `cpu:portable`, `cpu:adx`, `cpu:ifma`, `cuda[:N]`, `opencl[:N]` (device N, 0 where none is named).
`COPROC_ISA` forces the instruction set of the CPU, of an accelerator's host, too; `COPROC_ENGINE` is the name where the caller gives none.
Both may stand in the file of `COPROC_CONFIG`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from coproc.engine import library
from coproc.engine.protocol import Engine
from coproc.errors import EngineLost, EngineUnavailable, InvalidInput
from coproc.settings import setting

if TYPE_CHECKING:
    from coproc.engine.device.found import DeviceInfo

_log: Final = logging.getLogger("coproc")
_DEVICES: Final = ("cuda", "opencl")
NAMES: Final = ("spec", *(f"cpu:{isa}" for isa in library.ISAS), *_DEVICES)


class EngineInfo(NamedTuple):
    """An engine by name, and why it cannot be used here (None if it can). device: what an accelerator is."""

    name: str
    unavailable: str | None
    best: bool  # what `auto` takes
    device: DeviceInfo | None = None


def select(name: str | None = None) -> Engine:
    """The engine of a name; None: `COPROC_ENGINE`, else `auto`.

    `auto` is the first GPU there is, for what pays there, with the best instruction set of the CPU for the rest; the CPU alone where
    there is none; `spec` where the kernels are not built, which is logged as a warning. Raises EngineUnavailable, which says why, and
    InvalidInput for a name that is none.
    """
    name = name or setting("engine") or "auto"
    kind, _, detail = name.partition(":")
    if kind in _DEVICES and (not detail or detail.isdecimal()):
        return _on_device(kind, int(detail or 0))
    if name == "auto":
        try:
            return _best_device() or _cpu(setting("isa"))
        except EngineUnavailable as error:
            if setting("isa"):
                raise
            _log.warning("%s; taking the engine spec, which is slow", error)
            return _spec()
    if name == "spec":
        return _spec()
    if kind == "cpu" and (not detail or detail in library.ISAS) and name != "cpu:":
        return _cpu(detail or setting("isa"))
    raise InvalidInput(f"unknown engine {name!r}: auto, spec, cpu, {', '.join(NAMES[1:])} are known")


def engines() -> list[EngineInfo]:
    """Every engine and instruction set, usable or why not."""
    try:
        best = f"cpu:{library.kernels().isa}"
    except EngineUnavailable:
        best = "spec"
    accelerators = _accelerators()
    if any(info.best for info in accelerators):
        best = ""
    infos = [EngineInfo("spec", None, best == "spec")]
    for isa in library.ISAS:
        infos.append(EngineInfo(f"cpu:{isa}", library.unavailable(isa), best == f"cpu:{isa}"))
    return infos + accelerators


def _accelerators() -> list[EngineInfo]:
    """Every device of each kind, or why there is none."""
    from coproc.engine.device.found import found, gpu

    infos = []
    taken = gpu()
    for kind in _DEVICES:
        try:
            devices = found(kind)
        except EngineUnavailable as error:
            infos.append(EngineInfo(kind, str(error), False))
            continue
        infos += [EngineInfo(device.engine, None, taken is not None and device.engine == taken.engine, device) for device in devices]
    return infos


def _on_device(kind: str, number: int) -> Engine:
    from coproc.engine.device.engine import DeviceEngine
    from coproc.engine.device.found import opened

    name = f"{kind}:{number}"
    try:
        return DeviceEngine(opened(kind, number), name, setting("isa"))
    except EngineUnavailable as error:
        raise EngineUnavailable(f"{name}: {error}") from None


def _best_device() -> Engine | None:
    """The first GPU with what was measured on it; None where there is none, or nothing pays on it."""
    from coproc.engine.device.found import gpu, opened

    info = gpu()
    if info is None:
        return None
    from coproc.engine.device.breakeven import BreakEven, measured
    from coproc.engine.device.engine import DeviceEngine

    kind, _, number = info.engine.partition(":")
    try:
        engine = DeviceEngine(opened(kind, int(number)), info.engine, setting("isa"))
        engine.policy = BreakEven(measured(engine))
    except (EngineUnavailable, EngineLost) as error:
        _log.warning("%s cannot be used: %s; taking the CPU", info.engine, error)
        return None
    return engine


def _cpu(isa: str | None) -> Engine:
    from coproc.engine.cpu import CpuEngine

    return CpuEngine(isa)


def _spec() -> Engine:
    from coproc.engine.spec import SpecEngine

    return SpecEngine()
