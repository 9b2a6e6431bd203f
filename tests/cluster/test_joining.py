"""Batches that wait for workers go in larger questions: which ones, and that one that is lost takes none along."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from coproc.cluster.audit import Audited
from coproc.cluster.canaries import Canaries, parsed_of
from coproc.cluster.clock import VirtualClock
from coproc.cluster.folding import KEPT_CLAIMS, LEAST_KEPT, FoldWorker
from coproc.cluster.joining import SOBER_SECONDS, Joining, Task
from coproc.cluster.pools.protocol import PackedBatch
from coproc.cluster.pools.threads import ThreadPool
from coproc.cluster.sealed import Partial, Question
from coproc.cluster.sealing import canaries_for, seal
from coproc.engine.select import select
from coproc.errors import EngineLost, EngineUnavailable, InvalidInput

from .liars import FakeRemote
from .test_audit import batch, expected, same

ENGINE = select()


def task(n: int, op: str = "verify_kzg_proof") -> Task:
    code, align = np.full(n, 35, np.uint8), np.full(n, 8, np.uint8)
    return Task(PackedBatch(op, code, align, np.zeros(n, np.uint8), np.arange(n + 1)))


def sizes(tasks: list[Task]) -> list[int]:
    return [len(one.batch) for one in tasks]


def ask(joining: Joining, places: int) -> list[Task]:
    """What is asked next, [] where there is no place."""
    return joining.take(places) if joining.reserve(places) else []


def busy(joining: Joining) -> Joining:
    """Idle workers have had theirs."""
    for _ in range(2):
        joining.add(task(1))
    while ask(joining, 2):
        pass
    joining.out = 1
    return joining


def test_a_batch_goes_at_once_while_there_are_places() -> None:
    joining = Joining(VirtualClock())
    for n in (5, 6):
        joining.add(task(n))
        assert sizes(ask(joining, 2)) == [n]
    joining.add(task(7))
    assert ask(joining, 2) == []
    joining.out -= 1
    assert sizes(ask(joining, 2)) == [7]


def test_idle_workers_have_one_batch_each_at_once_and_their_second_places_a_share() -> None:
    joining = Joining(VirtualClock())
    for _ in range(12):
        joining.add(task(10))
    assert [joining.reserve(4) for _ in range(5)] == [True] * 4 + [False]
    assert [len(joining.take(4)) for _ in range(4)] == [1, 1, 3, 2]


def test_what_waits_goes_together_and_each_place_has_its_share() -> None:
    joining = busy(Joining(VirtualClock(), most_requests=50))
    for _ in range(20):
        joining.add(task(10))
    asked = []
    while len(joining):
        asked.append(len(ask(joining, 2)))
        joining.out = 1
    assert asked == [5, 5, 5, 3, 1, 1]


def test_a_place_that_finds_nothing_is_free_again() -> None:
    joining = busy(Joining(VirtualClock()))
    for n in (5, 6):
        joining.add(task(n))
    assert joining.reserve(4)
    assert joining.reserve(4)
    assert not joining.reserve(4)
    assert sizes(joining.take(1)) == [5, 6]
    assert joining.take(1) == []
    assert joining.out == 2


def test_a_question_has_one_operation_and_is_bounded_in_requests_and_work() -> None:
    joining = busy(Joining(VirtualClock(), most_requests=100, most_units=0.05))  # of verify_kzg_proof: 0.5 ms each
    for one in (task(40), task(40, "verify_bls"), task(40), task(40)):
        joining.add(one)
    assert [one.batch.op for one in ask(joining, 2)] == ["verify_kzg_proof"] * 2
    joining.out = 1
    assert [one.batch.op for one in ask(joining, 2)] == ["verify_bls"]
    joining.out = 1
    assert sizes(ask(joining, 2)) == [40]
    assert not len(joining)


def test_batches_of_a_question_that_was_lost_go_by_themselves_and_for_a_while_so_do_all() -> None:
    clock = VirtualClock()
    joining = busy(Joining(clock))
    lost = [task(1), task(2), task(3)]
    for one in lost:
        joining.add(one)
    assert len(lost) == sum(len(ask(joining, 2)) for joining.out in (1, 1))
    for n in (4, 5, 6, 7):
        joining.add(task(n))
    joining.again(lost)
    asked = []
    for _ in range(4):
        joining.out = 1
        asked.append(sizes(ask(joining, 2)))
    assert asked == [[1], [2], [3], [4]]
    clock.advance(SOBER_SECONDS + 1)
    joining.out = 1
    assert sizes(ask(joining, 2)) == [5, 6]


@pytest.mark.parametrize(("n", "count"), [(1, 2), (511, 2), (512, 3), (1024, 4), (2048, 5), (8192, 8), (1 << 20, 8)])
def test_larger_questions_have_more_canaries(n: int, count: int) -> None:
    assert canaries_for(n) == count


class Held(FoldWorker):
    """A worker that waits before its first question is answered; what each was of, and whether it dies of one."""

    def __init__(self, dies_above: int = 1 << 30) -> None:
        super().__init__(ENGINE)
        self.go, self.dies_above = threading.Event(), dies_above
        self.asked: list[int] = []

    def fold(self, question: Question) -> Partial:
        self.asked.append(len(question))
        self.go.wait(60)
        if len(question) > self.dies_above:
            raise EngineLost("too much for it")
        return super().fold(question)


@pytest.fixture(scope="module")
def local() -> Iterator[ThreadPool]:
    with ThreadPool(ENGINE, 1) as pool:
        yield pool


JOBS = [("verify_kzg_proof", 0), ("verify_kzg_proof", 2), ("verify_kzg_proof", 0), ("verify_kzg_proof", 1), ("verify_kzg_proof", 3)]


@pytest.mark.parametrize("malformed", [False, True])
@pytest.mark.parametrize("op", ["verify_kzg_proof", "verify_groth16_bn254", "verify_plonk"])
def test_batches_that_went_together_have_each_its_own_answers(op: str, malformed: bool, local: ThreadPool) -> None:
    worker = Held()
    with Audited(FakeRemote(worker), local, least=1) as pool:
        futures = [(false, pool.run(batch(op, false, 1, malformed))) for false in (0, 2, 0, 1, 3, 0)]
        worker.go.set()
        for false, future in futures:
            assert same(future.result(60), expected(op, false, 1, malformed))
        counts = pool.counts()
    assert counts.batches == 6
    assert 3 <= counts.questions == len(worker.asked) <= 5
    assert counts.mismatches == 0


def test_a_question_that_is_lost_takes_no_batch_along(local: ThreadPool) -> None:
    alone = len(batch("verify_kzg_proof", 0)) + 2
    worker = Held(dies_above=alone)
    with Audited(FakeRemote(worker), local, least=1) as pool:
        futures = [pool.run(batch(*job)) for job in JOBS]
        worker.go.set()
        for job, future in zip(JOBS, futures, strict=True):
            assert same(future.result(60), expected(*job))
    assert max(worker.asked) > alone


def test_a_batch_that_is_none_spoils_no_other(local: ThreadPool) -> None:
    worker = Held()
    with Audited(FakeRemote(worker), local, least=1) as pool:
        first = [pool.run(batch("verify_kzg_proof", 0)) for _ in range(2)]
        good, bad = batch("verify_kzg_proof", 1), batch("verify_kzg_proof", 0).slice(0, 24)
        bad.aligns = np.full(24, 3, np.uint8)
        futures = [pool.run(one) for one in (good, bad, good)]
        worker.go.set()
        with pytest.raises(InvalidInput):
            futures[1].result(60)
        for future in (futures[0], futures[2]):
            assert same(future.result(60), expected("verify_kzg_proof", 1))
        assert all(same(future.result(60), expected("verify_kzg_proof", 0)) for future in first)


def test_a_pool_that_closes_leaves_no_batch_without_an_end(local: ThreadPool) -> None:
    worker = Held()
    pool = Audited(FakeRemote(worker), local, least=1)
    futures = [pool.run(batch("verify_kzg_proof", 0)) for _ in range(12)]
    closing = threading.Thread(target=pool.close)
    closing.start()
    worker.go.set()
    closing.join(60)
    for future in futures:
        error = future.exception(60)
        assert error is None or isinstance(error, EngineUnavailable)


def test_folds_of_many_claims_are_kept_within_bounds() -> None:
    worker = FoldWorker(ENGINE)
    kept = worker._folds
    packed = batch("verify_kzg_proof", 0).slice(0, 3)
    question = seal(ENGINE, Canaries(ENGINE), packed, parsed_of(ENGINE, packed)[1]).question
    for i in range(40):
        number = i.to_bytes(16, "big")
        question.number = number
        worker.fold(question)
        next(reversed(kept.values())).fold.n = KEPT_CLAIMS // 8
    assert LEAST_KEPT <= len(kept) <= 9
    assert number in kept
