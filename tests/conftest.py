"""Fixtures for every test: the engines that this machine has, and how much of a suite each of them is asked.

The executable specification is slow, and a device that a processor emulates is not fast: they answer a fixed sample of the slow suites in
`make test` and all of them in `make test-all` (the engines "spec-in-full" and "opencl:0-in-full", marked slow).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from coproc.engine.cpu import CpuEngine
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.opencl import OpenClDevice
from coproc.engine.library import ISAS, unavailable
from coproc.engine.protocol import Engine
from coproc.engine.spec import SpecEngine

ABSENT = {isa: reason for isa in ISAS if (reason := unavailable(isa)) is not None}
NATIVE = [isa for isa in ISAS if isa not in ABSENT]
DEVICE = "opencl:0"
SAMPLED = ("spec", DEVICE)
FULL = "-in-full"

settings.register_profile("coproc", derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("coproc")


def pytest_report_header() -> list[str]:
    """Which engines are tested, and which instruction sets are not, and why."""
    lines = [f"coproc engines: spec, {DEVICE}, {', '.join(f'cpu:{isa}' for isa in NATIVE) or 'no kernels'}"]
    return lines + [f"coproc engine NOT tested here: cpu:{isa} ({reason})" for isa, reason in ABSENT.items()]


@cache
def engine_named(name: str) -> Engine:
    """ "spec", "opencl:0", or "cpu:" and an instruction set."""
    if name == DEVICE:
        return DeviceEngine(OpenClDevice(0), name)
    return SpecEngine() if name == "spec" else CpuEngine(name.removeprefix("cpu:"))


def assert_believed(engine: object) -> None:
    """The host had to correct nothing that a device said, and compute nothing in its place: else its answers would prove nothing."""
    if isinstance(engine, DeviceEngine):
        assert (engine.suspicions, engine.lost, engine.refused) == (0, None, frozenset())


@pytest.fixture(
    scope="session",
    params=[
        *SAMPLED,
        *(pytest.param(f"{name}{FULL}", marks=pytest.mark.slow) for name in SAMPLED),
        *(f"cpu:{isa}" for isa in NATIVE),
    ],
)
def setting(request: pytest.FixtureRequest) -> str:
    """The engine of a test and how much it is asked."""
    return str(request.param)


@pytest.fixture(scope="session")
def engine(setting: str) -> Iterator[Engine]:
    engine = engine_named(setting.removesuffix(FULL))
    yield engine
    assert_believed(engine)


@pytest.fixture(scope="session")
def thorough(setting: str) -> bool:
    """Whether the engine is asked everything."""
    return setting not in SAMPLED


@pytest.fixture(scope="session")
def sample(thorough: bool) -> Callable[[Sequence[Any], int], Sequence[Any]]:
    """sample(cases, n): all cases, or n of them at even distances where the engine is slow."""

    def choose(cases: Sequence[Any], count: int) -> Sequence[Any]:
        if thorough or count >= len(cases):
            return cases
        return [cases[i * len(cases) // count] for i in range(count)]

    return choose
