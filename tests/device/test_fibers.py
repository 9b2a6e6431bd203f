"""The kernels compiled by g++, their work-items in any order; short forms here, all of them under sanitizers in the slow test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from coproc.codegen.device.families import FAMILIES
from coproc.codegen.device.source import source
from coproc.engine.device.trust import Mismatch
from coproc.errors import EngineLost
from tests.device import fibers
from tests.device.fibers import KERNEL, HostDevice, HostModule, trampolines
from tests.device.ghost import Ghost
from tests.device.small import CASES, COOPERATING, WIDE

HOME = Path(__file__).resolve().parents[2]
PLATFORM = (HOME / "kernels_cuda" / "platform.h").read_text()
TEXT = f"""#define BLOCK 4
#define FP_LIMBS 8
{PLATFORM}
KERNEL(rotate)(GLOBAL u32 *out SCRATCH_PARAM) {{
  SCRATCH_BEGIN;
  SLOT_WORD(0, 0) = ITEM;
  BARRIER();
  out[ITEM] = SLOT_WORD_OF((TID + 1) % BLOCK, 0, 0);
}}
KERNEL(order)(GLOBAL u32 *out) {{ out[out[0]++ + 1] = ITEM; }}
KERNEL(some_wait)(GLOBAL u32 *out) {{
  if (TID < 2) BARRIER();
  out[ITEM] = 1;
}}
KERNEL(beyond)(GLOBAL u32 *out, const u32 at SCRATCH_PARAM) {{
  SCRATCH_BEGIN;
  out[ITEM] = SLOT_WORD(at, 0);
}}
"""


def module(device: HostDevice, text: str = TEXT) -> HostModule:
    import ctypes

    calls, parameters = trampolines(text)
    library = ctypes.CDLL(str(fibers.build(f"{text}\n{calls}", device.options)))
    library.fibers_launch.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_int] + [ctypes.c_uint32] * 2 + [ctypes.c_uint64] * 2
    return HostModule("text", "bn254", 4, 8, library, parameters)


@pytest.fixture(scope="module")
def devices() -> list[HostDevice]:
    return [HostDevice(seed) for seed in (1, 2, 3)]


def launched(device: HostDevice, kernel: str, words: int, *sizes: int, slots: int = 1) -> list[int]:
    with device.stream() as stream:
        out = stream.upload(np.zeros(words, np.uint32))
        stream.launch(module(device), kernel, 2, out, *map(np.uint32, sizes), slots=slots)
        found: list[int] = stream.download(out, np.empty(words, np.uint32)).tolist()
    return found


def test_a_barrier_lets_work_items_read_what_others_wrote(devices: list[HostDevice]) -> None:
    for device in devices:
        assert launched(device, "rotate", 8) == [1, 2, 3, 0, 5, 6, 7, 4]


def test_the_seed_decides_the_order(devices: list[HostDevice]) -> None:
    orders = [launched(device, "order", 9)[1:] for device in devices]
    assert all(sorted(order) == list(range(8)) for order in orders)
    assert len({tuple(order) for order in orders}) > 1
    assert launched(HostDevice(1), "order", 9) == launched(HostDevice(1), "order", 9)


def test_a_barrier_that_some_do_not_reach_is_an_error(devices: list[HostDevice]) -> None:
    with pytest.raises(EngineLost, match="barrier"):
        launched(devices[0], "some_wait", 8)


def test_a_kernel_takes_its_own_number_of_arguments(devices: list[HostDevice]) -> None:
    with pytest.raises(EngineLost, match="arguments"):
        launched(devices[0], "order", 9, 1)


@pytest.mark.parametrize("name", COOPERATING)
def test_work_items_that_cooperate_are_right_in_any_order(name: str) -> None:
    for seed in (1, 2):
        with HostDevice(seed).stream() as stream:
            CASES[name](stream, 5, 4)


def launched_by(names: Sequence[str]) -> set[tuple[str, str, str]]:
    """Family, curve and kernel of what cases launch."""
    ghost = Ghost()
    for name in names:
        with suppress(AssertionError, ArithmeticError, Mismatch), ghost.stream() as stream:
            CASES[name](stream, 5, 4)  # type: ignore[arg-type]
    return ghost.launched


def test_the_cases_launch_every_kernel_of_every_family_on_both_curves() -> None:
    """Those of the leaf are for tests alone."""
    families = [f for f in FAMILIES.values() if not f.name.startswith("leaf")]
    every = {(f.name, curve, k) for f in families for curve in f.curves for k, _ in KERNEL.findall(source(f.name, curve, "host", 64))}
    assert len(every) > 75
    assert every - launched_by(list(CASES)) == set()
    assert {(family[:-1], k) for family, _, k in every} - {(family[:-1], k) for family, _, k in launched_by(WIDE)} == set()


def preloaded() -> dict[str, str]:
    """The environment of a process in which AddressSanitizer watches."""
    found = subprocess.run([fibers.CXX, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
    return os.environ | {"LD_PRELOAD": found, "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


BEYOND = """
import sys
from tests.device.fibers import HostDevice
from tests.device.test_fibers import launched
launched(HostDevice(1, sanitize=("address", "undefined")), "beyond", 8, int(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_slot_beyond_the_scratch_is_seen() -> None:
    inside, outside = (
        subprocess.run([sys.executable, "-c", BEYOND, at], cwd=HOME, env=preloaded(), capture_output=True, text=True, check=False)
        for at in ("0", "1")
    )
    assert inside.returncode == 0, inside.stderr
    assert "heap-buffer-overflow" in outside.stderr


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", CASES)
def test_no_kernel_has_undefined_behaviour_or_reads_out_of_bounds(name: str) -> None:
    command = [sys.executable, "-m", "tests.device.sanitized", "5", name]
    done = subprocess.run(command, cwd=HOME, env=preloaded(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
