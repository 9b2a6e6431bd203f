"""A device that fails gives no wrong answer; and the device that fails on purpose does what it says."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benches.soak import faults
from coproc.engine.device.faults import KINDS, Event, Fault, FaultyDevice, _torn
from coproc.engine.device.opencl import OpenClDevice
from coproc.errors import EngineLost
from tests.device.test_opencl import BLOCK, TEXT

COUNT = 240
"""Faults in `make test`; 50,000 are `python -m benches.soak.faults`."""


def _campaign(count: int, ops: str, tmp_path: Path) -> dict[str, Any]:
    args = faults.parse(["--count", str(count), "--ops", ops, "--out", str(tmp_path / "faults.json"), "--seed", "7"])
    return faults.campaign(args, threading.Event())


def test_no_fault_of_a_few_hundred_gives_a_wrong_answer(tmp_path: Path) -> None:
    found = _campaign(COUNT, "verify_kzg_proof,verify_schnorr,poseidon_hash,verify_groth16_bn254", tmp_path)
    assert found["wrong"] == []
    assert found["faults"] >= COUNT * 9 // 10
    assert set(found["kinds"]) >= {what for whats in KINDS.values() for what in whats}
    assert {"up", "down", "schnorr.schnorr", "poseidon.poseidon", "miller.miller"} <= set(found["stages"])
    assert COUNT // 3 < found["tampered"] < COUNT * 2 // 3


@pytest.mark.slow
def test_no_fault_of_some_thousand_gives_a_wrong_answer(tmp_path: Path) -> None:
    assert _campaign(4000, ",".join(faults.OPS), tmp_path)["wrong"] == []


# ---- the device itself ----
A, B = np.arange(2 * BLOCK, dtype=np.uint32), np.full(2 * BLOCK, 5, np.uint32)
EVENTS = [Event("up", "up"), Event("up", "up"), Event("kernel", ".add"), Event("down", "down")]


def _sum(device: FaultyDevice, a: Any = A, fault: Fault | None = None, keep: int | None = None) -> Any:
    device.begin(fault, keep)
    inner = device._device
    assert isinstance(inner, OpenClDevice)
    module = inner.build(TEXT, BLOCK)
    with device.stream() as stream:
        x, y = stream.upload(a), stream.upload(B)
        stream.launch(module, "add", 2, x, y, np.uint32(len(a)))
        return stream.download(x, np.zeros_like(a))


@pytest.fixture(scope="module")
def device() -> FaultyDevice:
    return FaultyDevice(OpenClDevice(0))


def test_a_device_without_a_fault_is_as_the_one_within(device: FaultyDevice) -> None:
    assert np.array_equal(_sum(device), A + B)
    assert device.events == EVENTS
    assert not device.struck


CASES = [(at, what) for at, event in enumerate(EVENTS) for what in KINDS[event.kind]]


@pytest.mark.parametrize(("at", "what"), CASES, ids=[f"{EVENTS[at].name} {at} {what}" for at, what in CASES])
@pytest.mark.parametrize("seed", [1, 2])
def test_each_fault_falls_where_it_is_said(device: FaultyDevice, at: int, what: str, seed: int) -> None:
    old = _sum(device, A + np.uint32(100), keep=at)
    assert np.array_equal(old, A + B + 100)
    fault = Fault(at, what, seed)
    if what == "loss":
        with pytest.raises(EngineLost, match="gone"):
            _sum(device, fault=fault)
        assert device.struck
        with pytest.raises(EngineLost, match="gone"), device.stream() as stream:
            stream.upload(A)
        return
    got = _sum(device, fault=fault)
    assert device.struck
    if at == 1 and what == "stale":  # the second operand is the same in both batches
        assert np.array_equal(got, A + B)
    elif EVENTS[at].kind == "kernel" and what == "flip" and np.array_equal(got, A + B):
        pass  # the bit was in the operand, after it was read
    else:
        assert not np.array_equal(got, A + B)
    if at == 0 and what == "stale":
        assert np.array_equal(got, old)
    if at == 2 and what == "lost":
        assert np.array_equal(got, A)
    if at == 2 and what == "stale":
        assert np.array_equal(got, old)
    if at == 3 and what == "flip":
        assert sum(int(x).bit_count() for x in got ^ (A + B)) == 1
    if at == 3 and what in ("zeros", "lost"):
        assert not got.any()


def test_a_torn_buffer_is_new_but_for_a_stretch() -> None:
    import random

    before, after = np.zeros(64, np.uint8), np.arange(64, dtype=np.uint8)
    for seed in range(20):
        torn = _torn(before, after, random.Random(seed))
        changed = np.flatnonzero(torn != after)
        assert len(changed)
        assert not torn[changed].any()
        assert changed[-1] - changed[0] + 1 <= 64


def test_half_of_what_is_tampered_with_is_changed_and_the_lengths_are_kept() -> None:
    import random

    from coproc.operation import Request

    requests = [Request("poseidon_hash", bytes([i]) * 160) for i in range(40)]
    changed = faults.tampered(random.Random(3), requests, requests)
    assert [len(r.args) for r in changed] == [160] * 40
    assert 8 < sum(a != b for a, b in zip(requests, changed, strict=True)) < 32
