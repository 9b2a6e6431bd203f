"""A device that fails gives no wrong answer; and the device that fails on purpose does what it says."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benches.soak.faults import campaign, log
from benches.soak.faults.__main__ import main, parse
from benches.soak.faults.card import Card
from benches.soak.faults.scenes import PLAYS, tampered
from benches.soak.faults.small import JOINED, LADDER, made
from benches.soak.faults.theatre import Outcome
from coproc.engine.device import msm
from coproc.engine.device.faults import KINDS, Event, Fault, FaultyDevice, _torn
from coproc.engine.device.opencl import OpenClDevice
from coproc.errors import EngineLost
from tests.device.test_opencl import BLOCK, TEXT

COUNT = 240
"""Faults in `make test`; 60,000 are `python -m benches.soak.faults`."""
OPS = "verify_kzg_proof,verify_schnorr,poseidon_hash"


def _campaign(count: int, ops: str | None, folder: Path, device: str = "card") -> dict[str, Any]:
    words = ["--count", str(count), "--log", str(folder / "faults.jsonl"), "--seed", "7", "--device", device]
    return campaign.campaign(parse([*words, *(["--ops", ops] if ops else [])]), threading.Event())


def test_no_fault_of_a_few_hundred_gives_a_wrong_answer_and_each_stage_has_its_share(tmp_path: Path) -> None:
    found = _campaign(COUNT, OPS, tmp_path)
    assert found["wrong"] == []
    assert found["faults"] == COUNT
    assert {kind for kind, _ in (name.split(" ", 1) for name in found["kinds"])} == set(KINDS)
    assert {"schnorr.schnorr bls12_381", "poseidon.poseidon bls12_381", "miller.miller_stored bls12_381"} <= set(found["kernels"])
    assert "up miller.miller_stored bls12_381 2" in found["copies"]
    assert found["fewest of a copy"] >= 1
    assert COUNT // 3 < found["tampered"] < COUNT * 2 // 3


def test_a_campaign_on_opencl_judges_faults_that_kill_the_process_too(tmp_path: Path) -> None:
    found = _campaign(60, "poseidon_hash", tmp_path, "opencl")
    assert found["wrong"] == []
    assert found["faults"] == 60


@pytest.mark.slow
def test_no_fault_of_some_thousand_gives_a_wrong_answer(tmp_path: Path) -> None:
    assert _campaign(4000, None, tmp_path)["wrong"] == []


def test_a_campaign_goes_on_where_its_log_ends_and_writes_its_figures_from_it(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    _campaign(30, "poseidon_hash", tmp_path)
    path.write_text(path.read_text()[:-10])  # cut short while it was written
    assert log.begun(path, log.read(path)[0]) == 29
    found = _campaign(40, "poseidon_hash", tmp_path)
    assert found["faults"] == 40
    out = tmp_path / "result.json"
    assert main(["--finish", str(path), "--out", str(out)]) == 0
    assert '"faults": 40' in out.read_text()
    with pytest.raises(ValueError, match="another campaign"):
        log.begun(path, log.read(path)[0] | {"seed": 8})


def test_faults_without_effect_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    log.begun(path, {"first": 0})
    outcome = Outcome("a", "a", "up", "up", "zeros", False, "none", False, False, 6)
    with path.open("a") as file:
        file.write(log.line(0, outcome) + log.line(1, outcome._replace(verdict="right", harmless=1)))
    found = log.figures([path])
    assert (found["faults"], found["drawn again"]) == (1, 7)


def test_the_ways_of_sums_last_no_longer_than_a_batch() -> None:
    before = msm.FEW, msm.MANY
    with made(JOINED):
        assert JOINED.many == msm.MANY
    assert before == (msm.FEW, msm.MANY)
    assert {play.way for play in PLAYS} > {LADDER, JOINED}
    assert {play.fork for play in PLAYS} == {"PreFork", "Boreas", "mixed"}


# ---- the card ----
def _launched(kernel: str, **numbers: int) -> None:
    device = Card()
    with device.stream() as stream:
        module = stream.module("sort", "bls12_381", 64)
        keys, counts = stream.upload(np.arange(64, dtype=np.uint32)), stream.upload(np.zeros(64, np.uint32))
        given = {"n": 64, "blocks": 1, "each": 64, "shift": 0} | numbers
        stream.launch(module, kernel, 1, keys, counts, *map(np.uint32, given.values()), slots=6)


def test_a_kernel_that_would_kill_a_process_loses_the_card_alone() -> None:
    _launched("count_digits")
    with pytest.raises(EngineLost, match="memory"):
        _launched("count_digits", n=1 << 31, each=1 << 25)
    with pytest.raises(EngineLost, match="division"):
        _launched("count_digits", blocks=0)
    _launched("count_digits")


def test_a_buffer_that_is_kept_outlives_its_stream_and_its_room_is_used_again() -> None:
    device, places = Card(), set()
    for _ in range(3):
        with device.stream() as stream:
            kept = stream.upload(np.arange(8, dtype=np.uint32))
            stream.keep(kept)
        with device.stream() as stream:
            stream.allocate(1 << 12)
            assert np.array_equal(stream.download(kept, np.zeros(8, np.uint32)), np.arange(8))
        places.add(kept.memory.ctypes.data)
        del kept
    assert len(places) == 1


# ---- the device itself ----
A, B = np.arange(2 * BLOCK, dtype=np.uint32), np.full(2 * BLOCK, 5, np.uint32)
EVENTS = [Event("up", "up .add 0"), Event("up", "up .add 1"), Event("kernel", ".add"), Event("down", "down .add 0")]


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
    elif what == "argument":
        assert np.array_equal(got[: len(A) // 2], (A + B)[: len(A) // 2]) or np.array_equal(got, A) or np.array_equal(got, A + B)
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


def test_a_block_that_is_lost_leaves_what_the_others_wrote(device: FaultyDevice) -> None:
    seen = set()
    for seed in range(8):
        got = _sum(device, fault=Fault(2, "block", seed))
        assert device.struck
        assert not device.harmless
        first, second = (np.array_equal(got[part], (A + B)[part]) for part in (slice(BLOCK), slice(BLOCK, None)))
        assert first != second
        assert np.array_equal(got[:BLOCK] if second else got[BLOCK:], A[:BLOCK] if second else A[BLOCK:])
        seen.add(first)
    assert seen == {False, True}


def test_a_fault_that_changes_nothing_says_so(device: FaultyDevice) -> None:
    _sum(device, A + np.uint32(100), keep=1)
    _sum(device, fault=Fault(1, "stale"))
    assert device.struck
    assert device.harmless
    _sum(device, fault=Fault(0, "flip"))
    assert not device.harmless


def test_a_torn_buffer_is_new_but_for_a_stretch() -> None:
    before, after = np.zeros(64, np.uint8), np.arange(64, dtype=np.uint8)
    for seed in range(20):
        torn = _torn(before, after, random.Random(seed))
        changed = np.flatnonzero(torn != after)
        assert len(changed)
        assert not torn[changed].any()
        assert changed[-1] - changed[0] + 1 <= 64


def test_a_quarter_of_what_is_tampered_with_is_changed_and_the_lengths_are_kept() -> None:
    from coproc.operation import Request

    requests = [Request("poseidon_hash", bytes([i]) * 160) for i in range(40)]
    changed = tampered(random.Random(3), requests)
    assert [len(r.args) for r in changed] == [160] * 40
    assert 5 <= sum(a != b for a, b in zip(requests, changed, strict=True)) <= 10
