"""When strangers have their turn, and how the server's thread asks for the processor."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable
from random import Random
from typing import TypeVar

import pytest

from coproc.cluster.server import scheduler
from coproc.cluster.server.turns import AFTER, LONGEST, QUIET, REST, TURN, Turns

Found = TypeVar("Found")


def test_without_clients_one_turn_follows_another() -> None:
    turns, now = Turns(), 100.0
    for _ in range(10):
        turns.wanted(now)
        assert turns.pause(now) == 0
        turns.ended(now, now + TURN)
        now += TURN
    turns.answered(now)
    turns.wanted(now + QUIET)
    assert turns.pause(now + QUIET) == 0


def test_no_turn_begins_right_after_an_answer() -> None:
    turns = Turns()
    turns.answered(100.0)
    turns.wanted(100.0)
    assert turns.pause(100.0) == pytest.approx(AFTER)
    assert turns.pause(100.0 + AFTER) == pytest.approx(0)


def test_while_clients_ask_the_server_rests_after_a_turn_in_proportion_to_it() -> None:
    turns = Turns()
    turns.answered(100.0)
    turns.wanted(100.0)
    turns.ended(100.001, 100.001 + TURN)
    turns.wanted(100.001 + TURN)
    assert turns.pause(100.001 + TURN) == pytest.approx(REST * TURN)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_clients_ask_a_turn_is_put_off_for_so_long_and_no_longer(seed: int) -> None:
    turns, rng, now = Turns(), Random(seed), 100.0
    for _ in range(300):
        since = now
        turns.wanted(now)
        while (pause := turns.pause(now)) > 0:
            assert now + pause <= since + LONGEST + 1e-9
            now += min(pause, rng.random() * 0.000_2)
            turns.answered(now)
            turns.wanted(now)  # again: it is the first time that counts
        assert now - since <= LONGEST + 1e-9
        begin, now = now, now + rng.random() * TURN
        turns.ended(begin, now)


def test_a_turn_that_was_put_off_for_long_is_whole() -> None:
    turns = Turns()
    turns.answered(100.0)
    turns.wanted(100.0)
    assert not turns.whole(100.0 + LONGEST / 2)
    assert turns.whole(100.0 + 1.01 * LONGEST)
    turns.ended(100.0 + 1.01 * LONGEST, 100.0 + 1.01 * LONGEST + TURN)
    turns.wanted(101.0)
    assert not turns.whole(101.0)


def in_a_thread(run: Callable[[], Found]) -> Found:
    found: list[Found] = []
    thread = threading.Thread(target=lambda: found.append(run()))
    thread.start()
    thread.join()
    return found[0]


def test_a_short_slice_is_of_the_thread_that_asked_and_of_none_that_it_starts() -> None:
    before = scheduler.slice_of_this_thread()

    def ask() -> tuple[bool, int | None, object]:
        return scheduler.short_slice(), scheduler.slice_of_this_thread(), in_a_thread(scheduler.slice_of_this_thread)

    found = in_a_thread(ask)
    if found[0] and before:  # a system that has slices for each thread
        assert found == (True, scheduler.SLICE, before)
    assert scheduler.slice_of_this_thread() == before


@pytest.mark.parametrize("why", ["another processor", "no such call", "refused"])
def test_where_a_short_slice_is_refused_nothing_changes_and_nothing_is_raised(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    before = scheduler.slice_of_this_thread()
    if why == "another processor":
        monkeypatch.setattr(platform, "machine", lambda: "abacus")
    elif why == "no such call":
        monkeypatch.setattr(scheduler, "_CALLS", {platform.machine(): (100_000, 100_001)})
    else:
        monkeypatch.setattr(scheduler, "_attributes", lambda: None)
    assert in_a_thread(scheduler.short_slice) is False
    monkeypatch.undo()
    assert scheduler.slice_of_this_thread() == before
