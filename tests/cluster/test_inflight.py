"""What is known or in flight already is verified once: the memo, duplicates, and batches that come packed."""

from __future__ import annotations

import pytest

from coproc.cluster.limits import Limits
from coproc.cluster.pools.protocol import PackedBatch
from coproc.cluster.ticket import KINDS, Busy, Kind, Ticket

from .scripted import Bench, answers, submit
from .simulation import truth


# ---- once ----
def test_duplicates_in_flight_are_verified_once_and_answered_each() -> None:
    bench = Bench()
    request = bench.request()
    waiting = submit(bench, [request] * 3, tenant="a")
    waiting += submit(bench, [request], "bulk", tenant="b")
    waiting.append(bench.batcher.submit(Ticket(request, "mempool")))
    assert not any(future.done() for future in waiting)
    bench.pool.finish()
    assert len(bench.pool.ran) == 1
    assert len(bench.pool.ran[0]) == 1
    assert {future.result() for future in waiting} == {truth.expected(request)._replace(engine="cpu:scripted")}
    assert bench.batcher.stats().duplicates == 4


def test_what_was_answered_is_not_verified_again() -> None:
    bench = Bench()
    requests = bench.requests(20)
    first = submit(bench, requests)
    bench.pool.finish_all()
    again = submit(bench, requests[::-1], "bulk", tenant="other")
    assert [future.result() for future in again] == [future.result() for future in first][::-1]
    assert sum(map(len, bench.pool.ran)) == 20


def test_packed_requests_of_a_block_meet_the_memo_and_those_in_flight() -> None:
    bench = Bench()
    requests = bench.requests(30)
    submit(bench, requests[:10])
    bench.pool.finish_all()
    submit(bench, requests[10:20])
    packed = bench.batcher.submit_packed(PackedBatch.of(requests), "block")
    bench.pool.finish_all()
    assert sum(map(len, bench.pool.ran)) == 30
    assert packed.result().value.tolist() == [1] * 30


@pytest.mark.parametrize("kind", KINDS)
def test_packed_requests_run_together_and_are_answered_in_their_order(kind: Kind) -> None:
    bench = Bench()
    requests = [bench.request(outcome=outcome) for outcome in (truth.TRUE, truth.FALSE, truth.TRUE, truth.MALFORMED, truth.PANIC) * 4]
    packed = bench.batcher.submit_packed(PackedBatch.of(requests), kind)
    bench.pool.finish_all()
    assert [len(batch) for batch in bench.pool.ran] == [20]
    assert answers(packed) == [truth.expected(request) for request in requests]
    again = bench.batcher.submit_packed(PackedBatch.of(requests[::-1]), kind)
    assert again.done() == (kind != "bulk")
    bench.pool.finish_all()
    assert answers(again) == [truth.expected(request) for request in requests[::-1]]


def test_of_a_packed_batch_only_what_is_not_known_runs_and_all_is_answered_in_order() -> None:
    bench = Bench()
    requests = [bench.request(outcome=outcome) for outcome in (truth.TRUE, truth.FALSE, truth.PANIC) * 10]
    submit(bench, requests[3:20:4])
    bench.pool.finish_all()
    packed = bench.batcher.submit_packed(PackedBatch.of(requests), "mempool")
    bench.pool.finish_all()
    assert sum(map(len, bench.pool.ran)) == 30
    assert answers(packed) == [truth.expected(request) for request in requests]


def test_a_request_that_comes_twice_in_a_packed_batch_is_verified_once() -> None:
    bench = Bench()
    some = [bench.request(outcome=outcome) for outcome in (truth.TRUE, truth.FALSE)]
    packed = bench.batcher.submit_packed(PackedBatch.of(some * 5), "block")
    bench.pool.finish_all()
    assert [len(batch) for batch in bench.pool.ran] == [2]
    assert answers(packed) == [truth.expected(request) for request in some * 5]
    assert bench.batcher.stats().held == 0


def test_whoever_asks_for_what_runs_in_a_packed_batch_waits_for_it() -> None:
    bench = Bench()
    requests = bench.requests(40)
    first = bench.batcher.submit_packed(PackedBatch.of(requests), "mempool", tenant="a")
    second = bench.batcher.submit_packed(PackedBatch.of(requests[10:50][::-1]), "block", tenant="b")
    (third,) = submit(bench, requests[5:6], tenant="c")
    bench.pool.finish_all()
    assert [len(batch) for batch in bench.pool.ran] == [40]
    assert answers(first) == [truth.expected(request) for request in requests]
    assert answers(second) == [truth.expected(request) for request in requests[10:][::-1]]
    assert third.result().value is True
    stats = bench.batcher.stats()
    assert (stats.duplicates, stats.held, stats.answered) == (31, 0, 71)


def test_what_waits_in_a_packed_batch_is_not_held_back_by_it_where_a_block_wants_it_too() -> None:
    bench = Bench(limits=Limits(batch_requests=16))
    bench.busy()
    requests = [bench.request(outcome=outcome) for outcome in (truth.TRUE, truth.FALSE, truth.TRUE, truth.PANIC) * 25]
    packed = bench.batcher.submit_packed(PackedBatch.of(requests), "mempool", tenant="a")
    bench.pool.finish()  # the first 16 run now
    (urgent,) = submit(bench, requests[92:93], tenant="b")
    held = bench.batcher._waiting.held
    assert (held.requests, held.nbytes) == (101, sum(len(request.args) for request in requests))
    bench.pool.finish()
    bench.pool.finish()
    assert urgent.result(0).value is True
    bench.pool.finish_all()
    bench.advance(1.0)
    bench.pool.finish_all()
    assert answers(packed) == [truth.expected(request) for request in requests]
    assert sum(map(len, bench.pool.ran)) == 101
    assert (held.requests, held.nbytes) == (0, 0)


def test_packed_requests_that_expire_leave_nothing_behind_and_those_who_wait_longer_are_served() -> None:
    bench = Bench()
    bench.busy()
    requests = bench.requests(20)
    packed = bench.batcher.submit_packed(PackedBatch.of(requests), "mempool", 1.0, "a")
    same = bench.batcher.submit_packed(PackedBatch.of(requests[:2]), "mempool", 1.0, "a")
    (patient,) = submit(bench, requests[3:4], "mempool", tenant="a")
    bench.advance(1.5)
    assert packed.result(0).status.tolist() == same.result().status.tolist() * 10 == [3] * 20
    bench.pool.finish_all()
    assert patient.result().value is True
    assert sum(map(len, bench.pool.ran)) == 2
    assert bench.batcher.stats().held == 0
    assert not len(bench.batcher._waiting._in_flight)


def test_of_several_batches_all_or_none_are_taken() -> None:
    bench = Bench(limits=Limits(max_requests=100, tenant_part=1.0))
    bench.busy()
    batches = [PackedBatch.of(bench.requests(50, op)) for op in ("verify_plonk", "sha256")]
    with pytest.raises(Busy):
        bench.batcher.submit_batches(batches, "block")
    assert bench.batcher.stats().held == 1
    futures = bench.batcher.submit_batches([batch.slice(0, 40) for batch in batches], "block")
    bench.pool.finish_all()
    assert [len(future.result()) for future in futures] == [40, 40]


def test_a_duplicate_of_a_more_urgent_class_is_not_held_back_by_the_first() -> None:
    bench = Bench()
    bench.busy()
    request = bench.request()
    submit(bench, [*bench.requests(2000), request], "bulk")
    submit(bench, [*bench.requests(1), request], "block")
    bench.pool.finish()
    assert bench.pool.ran[1].slice(1, 2).args(0) == request.args


def test_a_duplicate_in_the_queue_of_a_flood_does_not_wait_behind_the_flood() -> None:
    bench = Bench(limits=Limits(batch_requests=16))
    bench.busy()
    request = bench.request()
    submit(bench, [*bench.requests(1000), request], tenant="flood")
    (future,) = submit(bench, [request], tenant="quiet")
    for _ in range(3):
        bench.pool.finish()
    assert future.done()
    bench.pool.finish_all()
    assert sum(map(len, bench.pool.ran)) == 1002
