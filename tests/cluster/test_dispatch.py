"""The dispatcher: retries, halves, the next pool, and "unserved" at the end of all."""

from __future__ import annotations

from concurrent.futures import Future
from random import Random

import numpy as np
import pytest

from coproc.cluster.clock import VirtualClock
from coproc.cluster.dispatch import FAILURES, Dispatcher, Stage
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch, Run
from coproc.errors import EngineBug, EngineError, EngineLost, EngineUnavailable
from coproc.operation import Rules

from .scripted import ScriptedPool
from .simulation import truth


class DeadlyPool(ScriptedPool):
    """Answers at once; batches with a poisoned request fail."""

    def __init__(self, error: Exception | None = None, deadly: bool = True) -> None:
        super().__init__()
        self.error, self.deadly = error or EngineLost("died"), deadly

    def run(self, batch: PackedBatch) -> Future[PackedAnswers]:
        future = super().run(batch)
        if self.deadly and truth.poisoned(batch):
            self.fail(self.error)
        else:
            self.finish()
        return future


def batch(size: int, poisoned: set[int]) -> PackedBatch:
    return PackedBatch.of([truth.make(Random(0), "verify_schnorr", i, truth.TRUE, i in poisoned) for i in range(size)])


@pytest.mark.parametrize("error", [EngineLost("died"), EngineError("raised"), OSError("any")])
@pytest.mark.parametrize("place", [0, 511, 1023])
def test_one_deadly_request_among_1024_takes_13_runs_and_only_itself(error: Exception, place: int) -> None:
    pool = DeadlyPool(error)
    found = Dispatcher([pool]).run(batch(1024, {place})).result()
    assert np.flatnonzero(found.status).tolist() == [place]
    assert found.status[place] == 3
    assert sum(truth.poisoned(ran) for ran in pool.ran) <= 13


def test_what_one_pool_cannot_do_goes_to_the_next() -> None:
    first, second = DeadlyPool(), DeadlyPool(deadly=False)
    found = Dispatcher([first, second]).run(batch(100, {3, 50, 51})).result()
    assert found.value.tolist() == [1] * 100
    assert sum(map(len, second.ran)) == 3
    assert found.engine == "cpu:scripted"


@pytest.mark.parametrize("error", [EngineUnavailable("none"), EngineBug("two answers")])
def test_a_pool_that_cannot_be_used_hands_the_batch_on_whole(error: Exception) -> None:
    first, second = DeadlyPool(error), DeadlyPool(deadly=False)
    found = Dispatcher([first, second]).run(batch(100, {3})).result()
    assert found.value.tolist() == [1] * 100
    assert [len(ran) for ran in first.ran] == [100]
    assert [len(ran) for ran in second.ran] == [100]


def test_a_slow_pool_takes_no_more_than_it_may() -> None:
    first, second = DeadlyPool(), ScriptedPool()
    dispatcher = Dispatcher([first, Stage(second, 2)])
    futures = [dispatcher.run(batch(1, {0})) for _ in range(5)]
    assert len(second.ran) == 2
    second.finish_all()
    assert [int(future.result().status[0]) for future in futures] == [0, 0, 3, 3, 3]
    assert dispatcher._inside == [0, 0]


def test_a_batch_that_only_kills_ends_after_a_bounded_number_of_workers() -> None:
    pool = DeadlyPool()
    found = Dispatcher([pool]).run(batch(1024, set(range(1024)))).result()
    assert found.status.tolist() == [3] * 1024
    assert len(pool.ran) <= FAILURES + 2 * 11


def test_whoever_sends_deadly_requests_uses_up_the_runs_of_nobody_else() -> None:
    pool = DeadlyPool()
    packed = batch(1024, {*range(300, 500), 700})
    names = [Run("a", 200), Run("b/1", 100), Run("bad/1", 100), Run("bad/2", 100), Run("b", 124), Run("c", 400)]
    packed.tenants = tuple(names)
    found = Dispatcher([pool]).run(packed).result()
    assert np.flatnonzero(found.status).tolist() == [*range(300, 500), 700]
    assert len(pool.ran) <= 2 * FAILURES + 60


def test_requests_that_come_back_unserved_run_again_and_the_others_do_not() -> None:
    pool = ScriptedPool()
    future = Dispatcher([pool]).run(batch(10, set()))
    some = truth.answers(pool.ran[0], "half")
    some.status[[2, 5]], some.retbuf[[2, 5]] = 3, 0
    pool.waiting.pop(0).set_result(some)
    assert truth.numbers(pool.ran[1]) == [2, 5]
    pool.finish()
    found = future.result()
    assert found.value.tolist() == [1] * 10
    assert found.engine == "cpu:scripted+half"


def test_what_has_not_the_shape_of_answers_is_none() -> None:
    good = truth.answers(batch(4, set()), "e")
    shapes = [
        PackedAnswers(good.status[:-1], good.value, good.retbuf, good.gas, "e"),
        PackedAnswers(good.status, good.value, good.retbuf[:, :0], good.gas, "e"),
        PackedAnswers(good.status + 4, good.value, good.retbuf, good.gas, "e"),
        PackedAnswers(good.status, good.value + 2, good.retbuf, good.gas, "e"),
        PackedAnswers(good.status, good.value, good.retbuf * 0, good.gas, "e"),
        PackedAnswers(good.status, good.value, good.retbuf, good.gas.astype(np.int32), "e"),  # type: ignore[arg-type]
    ]
    for shape in shapes:
        pool = ScriptedPool()
        future = Dispatcher([pool, DeadlyPool()]).run(batch(4, set()))
        pool.waiting.pop(0).set_result(shape)
        assert future.result().value.tolist() == [1] * 4


def test_a_stalled_batch_runs_again_and_nobody_listens_to_the_first_run() -> None:
    clock, pool = VirtualClock(), ScriptedPool()
    dispatcher = Dispatcher([pool], clock, stall_seconds=10.0)
    future = dispatcher.run(batch(3, set()))
    clock.advance(9.0)
    assert dispatcher.expire() == 10.0
    assert len(pool.ran) == 1
    clock.advance(1.5)
    assert dispatcher.expire() == 20.5
    lie = truth.answers(pool.ran[0], "late")
    lie.retbuf[:] = 0
    pool.waiting.pop(0).set_result(lie)
    assert not future.done()
    pool.finish()
    assert future.result().value.tolist() == [1, 1, 1]
    assert dispatcher.expire() is None


def test_unserved_requests_tell_their_gas() -> None:
    requests = [truth.make(Random(0), "sha256", i)._replace(rules=Rules(fork="Boreas")) for i in range(3)]
    pool = ScriptedPool()
    future = Dispatcher([pool]).run(PackedBatch.of(requests))
    pool.fail(EngineUnavailable("none"))
    assert future.result().status.tolist() == [3, 3, 3]
    assert (future.result().gas > 0).all()


def test_no_requests_have_no_answers_at_once() -> None:
    pool = ScriptedPool()
    assert len(Dispatcher([pool]).run(batch(1, set()).slice(0, 0)).result()) == 0
    assert not pool.ran
