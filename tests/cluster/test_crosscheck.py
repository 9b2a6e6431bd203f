"""A sample of all answers is looked at again on another engine; the one that is wrong is stopped, and the batch kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from coproc.cluster.batcher import Batcher
from coproc.cluster.crosscheck import Crosschecked, other_than, steps_of, told_of
from coproc.cluster.kept import requests_of
from coproc.cluster.memo import Memo
from coproc.cluster.pools.processes import ProcessPool
from coproc.cluster.pools.protocol import PackedBatch, Pool
from coproc.cluster.pools.protocol import Run as Owned
from coproc.cluster.pools.threads import ThreadPool
from coproc.cluster.ticket import Ticket
from coproc.engine.select import select
from coproc.measure.requests import make as requests
from coproc.operation import Request
from coproc.replay import Kept, Run, load, replay
from tests.replay.made import Flip
from tests.samples.requests import mixed, request_of

from .test_pools import archived

REQUESTS = [Request("sha256", archived(bytes([i]) * i)) for i in range(40)]


def make(name: str, workers: int | None) -> Pool:
    """`cpu:flip` lies about SHA-256; so does what is asked for as `cpu:adx`, where `Lying` says so."""
    return ThreadPool(Flip() if name == "cpu:flip" else name, workers or 2)


def make_lying(name: str, workers: int | None) -> Pool:
    """The engine that looks again lies."""
    return ThreadPool(Flip() if name == other_than(["cpu:portable"]) else name, workers or 2)


def test_honest_engines_agree_on_every_operation_and_nothing_is_kept(tmp_path: Path) -> None:
    requests = [request_of(case) for case in mixed(6)]
    with Crosschecked("cpu:portable", make, every=1, folder=tmp_path) as pool:
        with Batcher(pool, memo=Memo(0)) as batcher:
            for future in batcher.submit_many([Ticket(request) for request in requests]):
                future.result(timeout=60)
        pool.settle()
        counts = pool.counts()
    assert (counts.mismatches, counts.stopped) == (0, 0)
    assert counts.checked >= len(set(requests)) * 0.9
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_lies_is_stopped_its_batch_kept_and_another_one_serves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stops: list[int] = []
    batch = PackedBatch.of(REQUESTS)
    with ThreadPool("cpu", 1) as honest, Crosschecked("cpu:flip", make, every=1, folder=tmp_path, on_stop=lambda: stops.append(1)) as pool:
        truth = honest.run(batch).result(timeout=60).retbuf
        assert (pool.run(batch).result(timeout=60).retbuf != truth).any(axis=1).all()  # it is found afterwards
        pool.settle()
        assert pool.counts().mismatches == len(REQUESTS)
        assert (pool.counts().stopped, stops) == (1, [1, 1])
        assert pool.engines == (other_than(["cpu:flip"]),)
        assert (pool.run(batch).result(timeout=60).retbuf == truth).all()
        pool.settle()
        assert pool.counts().mismatches == len(REQUESTS)
    (path,) = tmp_path.iterdir()
    kept = load(path)
    assert kept.disputed() == list(range(len(REQUESTS)))
    assert [run.engine for run in kept.runs] == ["cpu:flip", other_than(["cpu:flip"]), "spec"]
    assert "serves in place of cpu:flip" in caplog.text


def test_what_a_liar_told_is_remembered_no_longer_than_it_serves() -> None:
    memo = Memo()
    with (
        Crosschecked("cpu:flip", make, every=1, on_stop=memo.clear) as pool,
        Batcher(pool, memo=memo) as batcher,
        ThreadPool("cpu", 1) as honest,
    ):
        truth = honest.run(PackedBatch.of(REQUESTS)).result(timeout=60).retbuf
        for future in batcher.submit_many([Ticket(request) for request in REQUESTS]):
            future.result(timeout=60)
        pool.settle()
        assert pool.counts().stopped == 1
        later = [future.result(timeout=60).retbuf for future in batcher.submit_many([Ticket(request) for request in REQUESTS])]
        assert later == [row.tobytes() for row in truth]


def test_an_engine_that_lies_when_it_looks_again_stops_nobody_else(tmp_path: Path) -> None:
    batch = PackedBatch.of(REQUESTS)
    with Crosschecked("cpu:portable", make_lying, every=1, folder=tmp_path) as pool:
        serving = pool.serving
        pool.run(batch).result(timeout=60)
        pool.settle()
        assert pool.counts().stopped == 1
        assert pool.serving is serving
        before = pool.counts()
        pool.run(batch).result(timeout=60)
        pool.settle()
        after = pool.counts()
    assert after.mismatches == before.mismatches
    assert after.checked == before.checked + len(REQUESTS)  # by the next engine
    assert len(list(tmp_path.iterdir())) == 1


def test_the_sample_is_as_large_as_is_said_and_none_where_none_is_wanted() -> None:
    batch = PackedBatch.of(REQUESTS)
    with Crosschecked("cpu:portable", make, every=8) as pool:
        for _ in range(50):
            pool.run(batch).result(timeout=60)
            pool.settle()
        assert 250 * 0.6 < pool.counts().checked < 250 * 1.4  # of 2,000, six deviations of 15 each way
    with Crosschecked("cpu:portable", make, every=0) as pool:
        pool.run(batch).result(timeout=60)
        assert pool.counts().checked == 0


def test_what_cannot_be_looked_at_again_is_no_disagreement(caplog: pytest.LogCaptureFixture) -> None:
    def broken(name: str, workers: int | None) -> Pool:
        if name != "cpu:portable":
            raise RuntimeError("no such engine today")
        return ThreadPool(name, workers or 2)

    with Crosschecked("cpu:portable", broken, every=1) as pool:
        pool.run(PackedBatch.of(REQUESTS)).result(timeout=60)
        pool.settle()
        assert (pool.counts().mismatches, pool.counts().stopped) == (0, 0)
    assert "could not be looked at again" in caplog.text


@pytest.mark.parametrize("kind", [ThreadPool, ProcessPool])
def test_with_the_seeds_that_a_worker_says_its_folds_are_made_again(kind: type[ThreadPool] | type[ProcessPool]) -> None:
    engine = select("cpu")
    made = requests(engine, "verify_kzg_proof", 600).requests * 2
    batch = PackedBatch.of(made)
    batch.tenants = (Owned("alice", 500), Owned("bob", 3), Owned("alice", 97), Owned("", 600))
    with kind(workers=1, engine="cpu") as pool:
        answers = pool.run(batch).result(timeout=120)
    assert [one.requests for one in answers.seeds] == [1024, 176]
    steps = steps_of(batch, answers.seeds)
    assert [part.tenant for part in steps[0].parts] == ["alice", "*", ""]
    kept = Kept(tuple(requests_of(batch)), (Run(answers.engine, steps, tuple(told_of(answers))),), "by the way")
    for again in replay(kept, engine, 1):
        assert again.told == kept.runs[0].told
        assert (again.folds, again.same) == (2, 2)
    assert [step.folds for step in steps_of(batch, ())] == [(), ()]
