"""A coprocessor of one thread for the tests of a module, and a VM in memory on it for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import coproc
from coproc.coprocessor import Coprocessor
from coproc.vm import VM


@pytest.fixture(scope="module")
def coprocessor() -> Iterator[Coprocessor]:
    with coproc.open("cpu", workers=1) as opened:
        yield opened


@pytest.fixture
def vm(coprocessor: Coprocessor) -> Iterator[VM]:
    with VM(coprocessor=coprocessor) as opened:
        yield opened
