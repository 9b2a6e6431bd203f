"""A test of this folder that waits for what never comes ends soon, with the stacks of all threads."""

from __future__ import annotations

from pathlib import Path

import pytest

SECONDS = 180


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and not any(item.iter_markers("timeout")) and not any(item.iter_markers("slow")):
            item.add_marker(pytest.mark.timeout(SECONDS))
