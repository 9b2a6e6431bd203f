"""Fixtures for every test: the engines that this machine has, and how much of a suite each of them is asked.

The executable specification is slow: it answers a fixed sample of the slow suites in `make test` and all of them in `make test-all`
(the engine "spec-in-full", marked slow).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from coproc.engine.cpu import CpuEngine
from coproc.engine.library import ISAS, unavailable
from coproc.engine.protocol import Engine
from coproc.engine.spec import SpecEngine

ABSENT = {isa: reason for isa in ISAS if (reason := unavailable(isa)) is not None}
NATIVE = [isa for isa in ISAS if isa not in ABSENT]

settings.register_profile("coproc", derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("coproc")


def pytest_report_header() -> list[str]:
    """Which engines are tested, and which instruction sets are not, and why."""
    lines = [f"coproc engines: spec, {', '.join(f'cpu:{isa}' for isa in NATIVE) or 'no kernels'}"]
    return lines + [f"coproc engine NOT tested here: cpu:{isa} ({reason})" for isa, reason in ABSENT.items()]


@cache
def engine_named(name: str) -> Engine:
    """ "spec", or "cpu:" and an instruction set."""
    return SpecEngine() if name == "spec" else CpuEngine(name.removeprefix("cpu:"))


@pytest.fixture(
    scope="session",
    params=["spec", pytest.param("spec-in-full", marks=pytest.mark.slow), *(f"cpu:{isa}" for isa in NATIVE)],
)
def setting(request: pytest.FixtureRequest) -> str:
    """The engine of a test and how much it is asked."""
    return str(request.param)


@pytest.fixture(scope="session")
def engine(setting: str) -> Engine:
    return engine_named(setting.removesuffix("-in-full"))


@pytest.fixture(scope="session")
def thorough(setting: str) -> bool:
    """Whether the engine is asked everything."""
    return setting != "spec"


@pytest.fixture(scope="session")
def sample(thorough: bool) -> Callable[[Sequence[Any], int], Sequence[Any]]:
    """sample(cases, n): all cases, or n of them at even distances where the engine is slow."""

    def choose(cases: Sequence[Any], count: int) -> Sequence[Any]:
        if thorough or count >= len(cases):
            return cases
        return [cases[i * len(cases) // count] for i in range(count)]

    return choose
