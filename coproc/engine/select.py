"""Which engine: names to engines, and why one cannot be had.

Names: `auto`, `spec`, `cpu`, `cpu:portable`, `cpu:adx`, `cpu:ifma`, `cuda[:N]`, `opencl[:N]`. `COPROC_ISA` forces the instruction set
behind `cpu` and `auto`; `COPROC_ENGINE` is the name where the caller gives none. Both may stand in the file of `COPROC_CONFIG`.
"""

from __future__ import annotations

import logging
from typing import Final, NamedTuple

from coproc.engine import library
from coproc.engine.protocol import Engine
from coproc.errors import EngineUnavailable, InvalidInput
from coproc.settings import setting

_log: Final = logging.getLogger("coproc")
_DEVICES: Final = ("cuda", "opencl")
NAMES: Final = ("spec", *(f"cpu:{isa}" for isa in library.ISAS), *_DEVICES)


class EngineInfo(NamedTuple):
    """An engine by name, and why it cannot be used here (None if it can)."""

    name: str
    unavailable: str | None
    best: bool  # what `auto` takes


def select(name: str | None = None) -> Engine:
    """The engine of a name; None: `COPROC_ENGINE`, else `auto`.

    `auto` is the best instruction set of the CPU, or `spec` where the kernels are not built, which is logged as a warning. Raises
    EngineUnavailable, which says why, and InvalidInput for a name that is none.
    """
    name = name or setting("engine") or "auto"
    kind, _, detail = name.partition(":")
    if kind in _DEVICES and (not detail or detail.isdecimal()):
        raise EngineUnavailable(f"{name}: {kind} is not in this build")
    if name == "auto":
        try:
            return _cpu(setting("isa"))
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
    infos = [EngineInfo("spec", None, best == "spec")]
    for isa in library.ISAS:
        infos.append(EngineInfo(f"cpu:{isa}", library.unavailable(isa), best == f"cpu:{isa}"))
    infos += [EngineInfo(kind, f"{kind} is not in this build", False) for kind in _DEVICES]
    return infos


def _cpu(isa: str | None) -> Engine:
    from coproc.engine.cpu import CpuEngine

    return CpuEngine(isa)


def _spec() -> Engine:
    from coproc.engine.spec import SpecEngine

    return SpecEngine()
