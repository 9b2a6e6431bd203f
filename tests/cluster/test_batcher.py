"""The laws of the batcher: when a batch closes, who goes first, what is refused, and that a failure is never an answer."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from coproc.cluster.limits import Limits
from coproc.cluster.pools.protocol import PackedBatch
from coproc.cluster.ticket import KINDS, Busy, Kind, Ticket
from coproc.errors import CoprocError, EngineBug, EngineError, EngineLost, EngineUnavailable, InvalidInput
from coproc.operation import Rules

from .scripted import Bench, submit
from .simulation import truth


def tenants(batch: PackedBatch) -> Counter[str]:
    found: Counter[str] = Counter()
    for run in batch.tenants:
        found[run.tenant] += run.requests
    return found


# ---- when a batch closes ----
def test_a_block_request_runs_at_once_on_an_idle_pool() -> None:
    bench = Bench()
    submit(bench, bench.requests(1))
    assert [len(batch) for batch in bench.pool.ran] == [1]


def test_a_batch_waits_for_company_no_longer_than_its_class_lingers() -> None:
    bench = Bench()
    submit(bench, bench.requests(3), "bulk")
    bench.advance(0.015)
    assert not bench.pool.ran
    submit(bench, bench.requests(2), "bulk")
    bench.advance(0.0049)
    assert not bench.pool.ran
    bench.advance(0.0002)
    assert [len(batch) for batch in bench.pool.ran] == [5]


def test_the_earliest_deadline_closes_a_batch_in_time_for_its_work() -> None:
    limits = replace(Limits(), linger=dict.fromkeys(KINDS, 100.0))
    bench = Bench(limits=limits)
    submit(bench, bench.requests(3), "mempool", deadline=50.0)
    submit(bench, bench.requests(1), "mempool", deadline=1.0)
    bench.advance(0.98)
    assert not bench.pool.ran
    bench.advance(0.0199)
    assert [len(batch) for batch in bench.pool.ran] == [4]
    assert bench.clock.now() < 1.0


def test_the_cost_model_learns_how_early_a_batch_must_close() -> None:
    limits = replace(Limits(), linger=dict.fromkeys(KINDS, 100.0))
    bench = Bench(limits=limits)
    for _ in range(60):
        submit(bench, bench.requests(16))
        bench.pool.finish(seconds=0.5)
    submit(bench, bench.requests(10), deadline=bench.clock.now() + 1.0)
    bench.advance(0.5)
    assert not bench.pool.waiting
    bench.advance(0.2)
    assert bench.pool.waiting


def test_a_full_batch_waits_for_nobody_and_no_batch_is_larger() -> None:
    bench = Bench(limits=Limits(batch_requests=8))
    submit(bench, bench.requests(24), "bulk")
    bench.pool.finish_all()
    assert [len(batch) for batch in bench.pool.ran] == [8, 8, 8]


def test_a_batch_is_bounded_in_bytes_and_in_seconds_of_work() -> None:
    bench = Bench(limits=Limits(batch_bytes=4096))
    submit(bench, [bench.request(size=1000) for _ in range(40)])
    bench.advance(1.0)
    while bench.pool.waiting:
        bench.pool.finish()
        bench.advance(1.0)
    assert max(batch.nbytes for batch in bench.pool.ran) <= 4096
    bench = Bench()
    submit(bench, bench.requests(1024), "bulk")
    bench.pool.finish_all()
    assert max(len(batch) for batch in bench.pool.ran) <= 100  # 0.1 s of PLONK at 1.1 ms each


def test_batches_grow_while_the_pool_is_busy() -> None:
    bench = Bench()
    bench.busy()
    for _ in range(50):
        submit(bench, bench.requests(1))
    bench.pool.finish()
    assert [len(batch) for batch in bench.pool.ran] == [1, 50]


def test_what_waits_is_spread_over_the_places_that_are_free() -> None:
    bench = Bench(capacity=4)
    submit(bench, bench.requests(100))
    assert [len(batch) for batch in bench.pool.ran] == [25, 25, 25, 25]


def test_a_batch_has_one_operation_and_one_set_of_rules() -> None:
    bench = Bench()
    bench.busy()
    some = [request._replace(rules=rules) for rules in (Rules(), Rules(fork="Boreas")) for request in bench.requests(5)]
    submit(bench, some + bench.requests(5, "verify_bls"))
    while bench.pool.waiting:
        bench.pool.finish()
    assert sorted(len(batch) for batch in bench.pool.ran) == [1, 5, 5, 5]
    assert all(len(set(batch.rules.tolist())) == 1 for batch in bench.pool.ran)


# ---- who goes first ----
def test_block_goes_before_mempool_before_bulk() -> None:
    bench = Bench()
    bench.busy()
    for kind in ("bulk", "mempool", "block"):
        submit(bench, bench.requests(16), kind, tenant=kind)  # type: ignore[arg-type]
    bench.pool.finish_all()
    assert [next(iter(tenants(batch))) for batch in bench.pool.ran[1:]] == ["block", "mempool", "bulk"]


@pytest.mark.parametrize("kind", ["mempool", "bulk"])
def test_no_class_starves_beside_endless_blocks(kind: Kind) -> None:
    bench = Bench()
    limits = bench.batcher.limits
    bench.busy()
    submit(bench, bench.requests(4000), kind, tenant="patient")
    work: Counter[str] = Counter()
    while work["patient"] < 3000:
        submit(bench, bench.requests(100), "block", tenant="urgent")
        work.update(tenants(bench.pool.finish()))
    share = work["patient"] / work.total()
    assert limits.shares[kind] * 0.9 <= share <= limits.shares[kind] * 1.1


def test_a_flood_of_one_tenant_leaves_the_others_their_share() -> None:
    bench = Bench()
    bench.busy()
    submit(bench, bench.requests(16_000), tenant="flood")
    for i in range(4):
        submit(bench, bench.requests(500), tenant=f"honest {i}")
    work: Counter[str] = Counter()
    while sum(work[f"honest {i}"] for i in range(4)) < 1900:
        work.update(tenants(bench.pool.finish()))
    assert work["flood"] <= 1.15 * 500


def test_shares_are_of_work_not_of_requests() -> None:
    bench = Bench(limits=Limits(batch_seconds=dict.fromkeys(KINDS, 0.02)))
    bench.busy()
    submit(bench, bench.requests(4000, "verify_plonk"), tenant="dear")
    submit(bench, bench.requests(12_000, "verify_schnorr"), tenant="cheap")
    work: Counter[str] = Counter()
    for _ in range(40):
        work.update(tenants(bench.pool.finish()))
    assert 0.8 < work["cheap"] * 50e-6 / (work["dear"] * 1.1e-3) < 1.25


def test_whoever_comes_later_saves_nothing_up() -> None:
    bench = Bench()
    bench.busy()
    submit(bench, bench.requests(8000), tenant="first")
    for _ in range(10):
        bench.pool.finish()
    submit(bench, bench.requests(3000), tenant="second")
    work: Counter[str] = Counter()
    bench.pool.finish()
    for _ in range(12):
        work.update(tenants(bench.pool.finish()))
    assert 0.8 < work["first"] / work["second"] < 1.25


def test_tenants_that_are_mostly_refused_run_among_themselves_and_get_less() -> None:
    bench = Bench()
    for _ in range(4):
        submit(bench, bench.requests(20, outcome=truth.FALSE), tenant="liar")
        bench.pool.finish_all()
    bench.busy()
    submit(bench, bench.requests(3000, outcome=truth.FALSE), tenant="liar")
    submit(bench, bench.requests(3000), tenant="honest")
    work: Counter[str] = Counter()
    while work["liar"] < 300:
        batch = bench.pool.finish()
        assert len(tenants(batch)) == 1
        work.update(tenants(batch))
    assert 2.5 < work["honest"] / work["liar"] < 8  # four in work; small batches cost more a request


def test_a_tenant_that_sends_true_requests_again_is_trusted_again() -> None:
    bench = Bench()
    submit(bench, bench.requests(100, outcome=truth.FALSE), tenant="mended")
    bench.pool.finish_all()
    past = bench.batcher._waiting._past
    assert past.doubtful("mended")
    submit(bench, bench.requests(200), tenant="mended")
    bench.pool.finish_all()
    assert not past.doubtful("mended")


# ---- what is refused ----
def test_busy_is_raised_at_the_limits_and_nothing_of_the_submission_is_taken() -> None:
    bench = Bench(limits=Limits(max_requests=100, tenant_part=1.0))
    bench.busy()
    submit(bench, bench.requests(90))
    with pytest.raises(Busy) as caught:
        submit(bench, bench.requests(20))
    assert caught.value.retry_after > 0
    assert bench.batcher.stats().held == 91
    submit(bench, bench.requests(9))
    bench.pool.finish_all()
    assert bench.batcher.stats().held == 0
    submit(bench, bench.requests(90))


@pytest.mark.parametrize("limits", [Limits(max_requests=400), Limits(max_bytes=400 * 110), Limits(max_seconds=400 * 1.1e-3)])
def test_requests_bytes_and_work_are_bounded_for_each_tenant_and_in_all(limits: Limits) -> None:
    bench = Bench(limits=limits)
    bench.busy()
    taken: Counter[str] = Counter()
    for i in range(2000):
        tenant = f"tenant {i % 3}" if i >= 1000 else "flood"
        try:
            submit(bench, [bench.request(size=100)], tenant=tenant)
        except Busy:
            continue
        taken[tenant] += 1
    assert 195 <= taken["flood"] <= 201
    assert 395 <= taken.total() <= 401
    assert min(taken[f"tenant {i}"] for i in range(3)) >= 60


def test_bulk_leaves_room_for_blocks() -> None:
    bench = Bench(limits=Limits(max_requests=1000, tenant_part=1.0))
    bench.busy()
    for kind, room in (("bulk", 500), ("mempool", 250)):
        for _ in range(room):
            submit(bench, bench.requests(1), kind, tenant="t")  # type: ignore[arg-type]
        with pytest.raises(Busy):
            submit(bench, bench.requests(1), kind, tenant="t")  # type: ignore[arg-type]
    submit(bench, bench.requests(240), "block")


def test_a_submission_that_can_never_be_held_is_an_error_not_a_delay() -> None:
    bench = Bench(limits=Limits(max_requests=100))
    with pytest.raises(InvalidInput):
        submit(bench, bench.requests(51))


def test_expired_requests_are_unserved_with_their_gas_and_make_room() -> None:
    bench = Bench()
    bench.busy()
    requests = [request._replace(rules=Rules(fork="Boreas")) for request in bench.requests(5)]
    late = submit(bench, requests, deadline=1.0)
    patient = submit(bench, requests[:1], tenant="other")
    packed = bench.batcher.submit_packed(PackedBatch.of(bench.requests(7, "sha256")), "bulk", deadline=1.0)
    bench.advance(0.999)
    assert not late[0].done()
    bench.advance(0.002)
    assert {future.result().status for future in late} == {"unserved"}
    assert all(future.result().gas > 0 for future in late)
    assert packed.result().status.tolist() == [3] * 7
    assert not patient[0].done()
    bench.pool.finish_all()
    assert patient[0].result().value is True
    stats = bench.batcher.stats()
    assert (stats.expired, stats.held) == (12, 0)
    assert sum(map(len, bench.pool.ran)) == 2


def test_answers_that_are_late_are_answers() -> None:
    bench = Bench()
    (future,) = submit(bench, bench.requests(1), deadline=0.5)
    bench.advance(2.0)
    bench.pool.finish()
    assert future.result().value is True
    assert bench.batcher.stats().late == 1


def test_what_is_no_request_is_refused_and_leaves_nothing_behind() -> None:
    bench = Bench()
    good = bench.request()
    for bad in (good._replace(op="verify_nothing"), good._replace(align=3), good._replace(args="text")):  # type: ignore[arg-type]
        with pytest.raises(InvalidInput):
            bench.batcher.submit_many([Ticket(good), Ticket(bad)])
    with pytest.raises(InvalidInput):
        bench.batcher.submit(Ticket(good, "soon"))  # type: ignore[arg-type]
    packed = PackedBatch.of([good])
    packed.offsets = np.array([0, 1 << 40])
    with pytest.raises(InvalidInput):
        bench.batcher.submit_packed(packed, "bulk")
    assert bench.batcher.stats().accepted == 0
    assert not bench.pool.ran


def test_queues_of_requests_that_only_expire_do_not_grow() -> None:
    bench = Bench()
    bench.busy()
    submit(bench, bench.requests(1), "bulk", tenant="t")
    for _ in range(200):
        submit(bench, bench.requests(50), "bulk", tenant="t", deadline=bench.clock.now() + 0.01)
        submit(bench, bench.requests(1), deadline=bench.clock.now() + 1e9)
        bench.advance(0.02)
    waiting = bench.batcher._waiting
    (lane,) = waiting._classes["bulk"].lanes.values()
    assert len(lane.queues["t"]._entries) < 200
    assert len(waiting._deadlines) < 2000


# ---- failures ----
@pytest.mark.parametrize("error", [EngineLost("gone"), EngineError("no"), EngineBug("two answers"), EngineUnavailable("none"), OSError()])
def test_a_failure_of_the_pool_is_never_an_answer(error: Exception) -> None:
    bench = Bench()
    futures = submit(bench, bench.requests(3))
    while bench.pool.waiting:
        bench.pool.fail(error)
    assert [future.result()[:3] for future in futures] == [(None, "unserved", None)] * 3
    assert bench.batcher.memo.get(bench.request()) is None
    assert len(bench.batcher.memo) == 0
    again = submit(bench, [bench.request()])
    bench.pool.finish()
    assert again[0].result().value is True


def test_a_lost_batch_runs_again_and_its_answers_are_whole() -> None:
    bench = Bench()
    futures = submit(bench, bench.requests(5))
    bench.pool.fail(EngineLost("gone"))
    bench.pool.finish()
    assert all(future.result().value is True for future in futures)
    assert bench.batcher.stats().retries == 1


def test_a_client_that_gave_up_disturbs_nobody() -> None:
    bench = Bench()
    futures = submit(bench, bench.requests(5))
    assert futures[2].cancel()
    bench.pool.finish()
    assert [future.result().value for future in futures if not future.cancelled()] == [True] * 4
    assert bench.batcher.stats().held == 0


# ---- the end ----
def test_a_drained_batcher_answers_what_it_took_and_takes_no_more() -> None:
    bench = Bench()
    futures = submit(bench, bench.requests(3), "bulk")
    assert not bench.batcher.drain(0.0)
    assert bench.pool.waiting  # nothing lingers any more
    with pytest.raises(CoprocError):
        submit(bench, bench.requests(1))
    bench.pool.finish_all()
    assert bench.batcher.drain(0.0)
    assert all(future.result().value is True for future in futures)


def test_a_request_can_be_warmed_ahead() -> None:
    bench = Bench()
    requests = bench.requests(20)
    assert bench.batcher.warm([PackedBatch.of(requests)]) == 20
    bench.pool.finish_all()
    assert bench.batcher.warm([PackedBatch.of(requests)]) == 0
    answer = bench.batcher.peek(requests[3])
    assert answer is not None
    assert answer.value is True


def test_a_pool_that_answers_at_once_does_not_grow_the_stack() -> None:
    bench = Bench(limits=Limits(batch_requests=1))
    run = bench.pool.run

    def at_once(batch: PackedBatch) -> Future[object]:
        future = run(batch)
        bench.pool.finish()
        return future  # type: ignore[return-value]

    bench.pool.run = at_once  # type: ignore[method-assign, assignment]
    futures = submit(bench, bench.requests(3000))
    assert all(future.result().value is True for future in futures)
