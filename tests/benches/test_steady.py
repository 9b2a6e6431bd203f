"""What the soak of a steady load is measured with."""

from __future__ import annotations

import math
import os
from random import Random
from typing import Any

import pytest

from benches.soak import held, steady
from benches.soak.held import Held, Look
from benches.soak.steady_clients import Waits


def test_percentiles_of_waits_are_right_within_a_percent_and_by_quarters() -> None:
    rng, waits = Random("waits"), Waits(100.0, 40.0)
    known: list[list[float]] = [[], [], [], []]
    for quarter in range(4):
        for _ in range(5000):
            seconds = math.exp(rng.uniform(-11, 4))
            known[quarter].append(seconds)
            waits.add(100.0 + 10 * quarter + rng.uniform(0.001, 9.999), seconds)
    assert len(waits) == 20_000
    for quarter, some in enumerate(known):
        some.sort()
        for part in (0.5, 0.9, 0.99):
            assert waits.percentile(quarter, part) == pytest.approx(some[math.ceil(part * len(some)) - 1], rel=0.01)
    assert math.isnan(Waits(0.0, 1.0).percentile(0, 0.99))
    late = Waits(0.0, 4.0)
    late.add(9.0, 1e9)  # beyond all classes, behind the last quarter
    assert late.percentile(3, 0.99) > 100


def test_memory_that_grows_has_a_slope_and_memory_that_stays_has_none() -> None:
    watched = Held(None, 1.0)
    watched.looks = [Look(float(i), (100 << 20) + (i << 20), 0, 5, 3) for i in range(40)]
    figures = watched.figures()
    assert figures["resident_slope_mib_per_hour"] == pytest.approx(3600)
    assert figures["resident_last_mib"] - figures["resident_first_mib"] == pytest.approx(30)
    watched.looks = [look._replace(resident=100 << 20) for look in watched.looks]
    assert watched.figures()["resident_slope_mib_per_hour"] == pytest.approx(0, abs=1e-6)


def test_a_process_is_seen_as_it_is() -> None:
    before = held.look(os.getpid(), [])
    descriptor = os.open(os.devnull, os.O_RDONLY)
    try:
        assert held.look(os.getpid(), []).descriptors == before.descriptors + 1
    finally:
        os.close(descriptor)
    assert before.resident > 1 << 20
    assert before.threads >= 1
    assert held.processor_seconds(os.getpid()) > 0
    busy, had = held.machine_busy()
    assert 0 < busy <= had


GOOD: dict[str, Any] = {
    "before": {"descriptors": 5, "threads": 3, "workers": 2, "resident": 100 << 20},
    "after": {"descriptors": 5, "threads": 3, "workers": 2, "resident": 110 << 20},
    "unserved": 0, "wrong": [], "unexplained": [], "drift": 0.04,
}  # fmt: skip


def test_what_must_hold_of_a_soak_is_asked_of_it() -> None:
    assert steady.met(GOOD, 0.05, 32)
    assert steady.met(GOOD | {"drift": 9.0}, None, 32)
    for bad in (
        GOOD | {"drift": 0.06}, GOOD | {"unserved": 1}, GOOD | {"wrong": ["x"]}, GOOD | {"unexplained": [{}]},
        GOOD | {"after": GOOD["before"] | {"threads": 4}}, GOOD | {"after": GOOD["before"] | {"descriptors": 6}},
        GOOD | {"after": GOOD["before"] | {"resident": 140 << 20}},
    ):  # fmt: skip
        assert not steady.met(bad, 0.05, 32)
    assert not steady.met(GOOD | {"drift": math.nan}, 0.05, 32)


def test_the_log_may_say_what_kills_bring_about_and_nothing_else() -> None:
    for event in ("serving", "drained", "a batch of 16 verify_schnorr was lost: worker 7 is gone (SIGKILL): the other end hung up"):
        assert steady.EXPLAINED.search(event)
    for event in ("serving badly", "worker 7 is gone (SIGSEGV)", "a batch failed"):
        assert not steady.EXPLAINED.search(event)
