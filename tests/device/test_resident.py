"""Constants that stay on a device: one upload, the same buffer afterwards, and another one when something was wrong."""

from __future__ import annotations

import random
from threading import Thread
from typing import Any

import numpy as np
import pytest

from coproc.engine.device import jubjub, resident
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.faults import FaultyDevice
from coproc.engine.device.opencl import OpenClDevice
from tests.engine import kit
from tests.engine.test_schnorr import secret, signed

TABLE = np.arange(3000, dtype=np.uint32)


@pytest.fixture
def device() -> FaultyDevice:
    return FaultyDevice(OpenClDevice(0))


def _ups(device: FaultyDevice) -> int:
    return sum(event.kind == "up" for event in device.events)


def _held(device: FaultyDevice) -> Any:
    with device.stream() as stream:
        return stream.download(resident.table(stream, "table", lambda: TABLE), np.empty_like(TABLE))


def test_a_constant_is_uploaded_once_and_outlives_its_stream(device: FaultyDevice) -> None:
    for _ in range(3):
        assert np.array_equal(_held(device), TABLE)
        with device.stream() as stream:
            for _ in range(4):
                stream.upload(np.zeros_like(TABLE))
    assert _ups(device) == 1 + 3 * 4


def test_what_was_forgotten_is_uploaded_anew_and_who_still_uses_the_old_one_may(device: FaultyDevice) -> None:
    with device.stream() as stream:
        old = resident.table(stream, "table", lambda: TABLE)
        resident.forget(device)
        assert np.array_equal(_held(device), TABLE)
        assert np.array_equal(stream.download(old, np.empty_like(TABLE)), TABLE)
    assert _ups(device) == 2


def test_threads_that_want_a_constant_at_once_get_one(device: FaultyDevice) -> None:
    found: list[Any] = []

    def want() -> None:
        with device.stream() as stream:
            found.append(resident.table(stream, "table", lambda: TABLE))

    threads = [Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(buffer) for buffer in found}) == 1


def test_a_spoiled_constant_makes_no_answer_wrong_and_is_replaced() -> None:
    engine = DeviceEngine(OpenClDevice(0), "opencl:0")
    rng = random.Random(1)
    made = signed(engine.host, [secret(rng) for _ in range(8)], rng)
    made[3] = made[3]._replace(message=made[4].message)
    columns = [kit.addresses_of_bytes([s[k] for s in made]) for k in range(3)]
    at = [where for where, _ in columns]
    right = engine.host.schnorr(*at)
    assert right[0].tolist() == [1, 1, 1, 0, 1, 1, 1, 1]

    def ask() -> int:
        for got, wanted in zip(engine.schnorr(*at), right, strict=True):
            assert np.array_equal(got, wanted)
        return engine.suspicions

    assert ask() == 0
    with engine.device.stream() as stream:  # a bit of every entry
        table = jubjub.generator_buffer(stream)
        stream.write(table, jubjub.generator_table() ^ np.uint64(1 << 40))
    assert ask() == 1
    for _ in range(3):
        assert ask() == 1
    assert engine.lost is None
