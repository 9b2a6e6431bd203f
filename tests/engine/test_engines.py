"""The engines of this machine: portable runs everywhere, what is absent says why."""

from __future__ import annotations

import subprocess
import sys

import pytest

from coproc.engine.library import ISAS, unavailable
from coproc.errors import EngineUnavailable
from tests.conftest import ABSENT, NATIVE, engine_named


def test_the_portable_kernels_run_on_every_machine() -> None:
    assert NATIVE[0] == "portable"
    assert set(NATIVE) | set(ABSENT) == set(ISAS)


@pytest.mark.parametrize("isa", ISAS)
def test_an_instruction_set_runs_under_its_name_or_says_why_not(isa: str) -> None:
    reason = unavailable(isa)
    if reason is None:
        assert engine_named(f"cpu:{isa}").name == f"cpu:{isa}"
        return
    assert len(reason) > 10
    with pytest.raises(EngineUnavailable, match=r"cpu|CPU|built|instruction"):
        engine_named(f"cpu:{isa}")


def test_the_command_line_lists_every_engine_with_its_reason() -> None:
    """`coproc engines` names each instruction set, and repeats the reason of an absent one."""
    done = subprocess.run([sys.executable, "-m", "coproc", "engines"], capture_output=True, text=True, check=False, timeout=120)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    assert "spec" in text
    for isa in ISAS:
        assert isa in text, f"cpu:{isa} is not named in:\n{text}"
