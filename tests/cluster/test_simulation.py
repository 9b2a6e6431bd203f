"""Whatever fails, each accepted request gets one answer, the true one or "unserved"; a seed replays; what is broken is found."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from coproc.cluster import dispatch, fair, memo, waiting
from coproc.cluster.dispatch import Dispatcher
from coproc.cluster.entry import Entry
from coproc.cluster.limits import Limits
from coproc.cluster.listener import Listener
from coproc.cluster.memo import Memo
from coproc.cluster.pools.protocol import PackedAnswers
from coproc.cluster.room import Room
from coproc.cluster.telling import Telling
from coproc.operation import Answer

from .simulation.pool import EVERYTHING, Faults
from .simulation.simulation import each, everything

SEEDS = range(6)
HOURS = 6.0


@pytest.mark.parametrize("seed", SEEDS)
def test_each_accepted_request_has_one_true_answer_whatever_fails(seed: int) -> None:
    report = everything(seed).run(HOURS)
    assert report.served > 1000
    assert report.lost
    assert report.retries


@pytest.mark.parametrize("seed", [101, 102])
def test_nothing_is_lost_while_most_batches_fail(seed: int) -> None:
    report = everything(seed, EVERYTHING.scaled(8.0), poison=0.02).run(HOURS / 2)
    assert report.lost > 100


def test_a_seed_replays_to_the_last_answer() -> None:
    first, again, other = (everything(seed).run(2.0) for seed in (7, 7, 8))
    assert first == again
    assert first.digest != other.digest


def test_without_faults_every_request_is_served_unless_its_deadline_came_first() -> None:
    report = everything(11, Faults(), poison=0.0, crash=0.0).run(HOURS)
    assert report.retries == report.lost == 0
    assert report.unserved == report.expired
    assert report.served > 100 * report.expired


def test_without_faults_nothing_that_the_memo_can_hold_runs_twice() -> None:
    simulation = everything(12, Faults(), poison=0.0, crash=0.0)
    simulation.memo._max_entries = 1 << 20
    simulation.bounded = lambda: None  # type: ignore[method-assign]
    simulation.pool.counting = True
    simulation.run(HOURS)
    stats = simulation.batcher.stats()
    assert stats.memo_hits > 50
    assert stats.duplicates > 0
    assert set(simulation.pool.runs.values()) == {1}


def test_no_request_waits_for_ever_beside_floods() -> None:
    simulation = everything(13, Faults(dies=0.02), poison=0.0, crash=0.0)
    simulation.run(HOURS)
    assert simulation.ledger.longest < 30.0


# ---- the simulation finds batchers that are wrong in one thing ----
OFTEN = EVERYTHING.scaled(3.0)


def found(hours: float = 4.0, faults: Faults = OFTEN) -> None:
    """One of a few seeds finds it."""
    with pytest.raises(AssertionError):
        each(range(1, 5), hours, faults)


def test_a_batcher_that_listens_to_late_workers_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def done(self: Dispatcher, piece: dispatch._Piece, turn: int, future: Future[PackedAnswers]) -> None:
        piece.turn = turn
        self._running.setdefault(piece)
        original(self, piece, turn, future)

    original = Dispatcher._done
    monkeypatch.setattr(Dispatcher, "_done", done)
    found(faults=Faults(stalls=0.5))


def test_a_batcher_that_loses_what_a_pool_refuses_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dispatcher, "_next", lambda self, piece: None)
    found()


def test_a_batcher_that_takes_a_failure_for_a_no_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def again(self: Dispatcher, piece: dispatch._Piece) -> None:
        none = piece.job.answers.slice(0, len(piece.index))
        none.status = none.status * 0
        self._count(piece.job, piece.index, none)

    monkeypatch.setattr(Dispatcher, "_again", again)
    found()


def test_a_memo_that_forgets_a_part_of_its_key_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "Offer", _ShortKey)
    monkeypatch.setattr("coproc.cluster.batcher.Offer", _ShortKey)
    found()


class _ShortKey(waiting.Offer):
    """The digest is left out of the key."""

    def __new__(cls, *args: object) -> _ShortKey:
        fields = [*args]
        assert isinstance(fields[4], bytes)
        fields[4] = fields[4][: memo._HEAD.size]
        return super().__new__(cls, *fields)  # type: ignore[arg-type]


def test_a_memo_that_keeps_failures_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def store(self: Memo, keys: Sequence[bytes], answers: Sequence[Answer]) -> None:
        original(self, keys, [answer._replace(status="ok") if answer.status == "unserved" else answer for answer in answers])

    original = Memo.store
    monkeypatch.setattr(Memo, "store", store)
    found(hours=12.0, faults=EVERYTHING.scaled(8.0))


def test_a_batcher_that_gives_no_room_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Room, "give", lambda self, tenant, kind, load: None)
    found()


def test_a_batcher_that_takes_all_that_comes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Room, "take", Room.hold)
    with pytest.raises(AssertionError):
        everything(1, limits=Limits(max_requests=128)).run(6.0)


def test_a_batcher_that_answers_only_the_first_of_equal_requests_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(self: Telling, listener: Listener, *rest: object) -> None:
        if listener.load.nbytes:
            original(self, listener, *rest)  # type: ignore[arg-type]

    original = Telling.one
    monkeypatch.setattr(Telling, "one", answer)
    found()


def test_a_batcher_that_forgets_who_follows_a_packed_request_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def some(self: Telling, entry: Entry, *rest: object) -> None:
        entry.followers = None
        original(self, entry, *rest)  # type: ignore[arg-type]

    original = Telling.some
    monkeypatch.setattr(Telling, "some", some)
    found()


def test_a_batcher_that_leaves_the_rest_of_a_packed_batch_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def take(self: fair.FairQueue, cut: fair.Cut, entry: fair.Entry, rows: int, tenant: str) -> None:
        original(self, cut, entry, rows, tenant)
        if entry.left:
            fair.leave(entry, entry.left)

    original = fair.FairQueue._take
    monkeypatch.setattr(fair.FairQueue, "_take", take)
    with pytest.raises(AssertionError):
        everything(1, crash=0.0).run(4.0)
