"""Coprocessors for the tests of host functions, one an engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import coproc
from coproc.coprocessor import Coprocessor
from tests.conftest import FULL, assert_believed


@pytest.fixture(scope="session")
def cp(setting: str) -> Iterator[Coprocessor]:
    """Closed at the end of the session; two workers."""
    with coproc.open(engine=setting.removesuffix(FULL), workers=2) as opened:
        yield opened
        assert_believed(opened.engine)
