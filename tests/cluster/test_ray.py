"""Two Ray nodes on one machine: what they answer is right, and stays right when actors are killed, lie, stall or cannot be had."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import wait
from functools import cache
from typing import Any

import numpy as np
import pytest

from coproc.batch import answer_batch
from coproc.cluster.audit import Audited
from coproc.cluster.dispatch import Dispatcher
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.cluster.pools.ray import Place, RayPool, _Slot
from coproc.cluster.pools.threads import ThreadPool
from coproc.engine.select import select
from coproc.errors import EngineUnavailable
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.measure.requests import make
from coproc.operation import Request
from coproc.ops import OPERATIONS

from .ray_liars import LyingActor, StallingActor

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own: files and sockets that it leaves to the collector
ENGINE = select()
TRIES = 3


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head with a CPU, and a node with two CPUs that says that it has a GPU. On a loaded machine Ray takes several tries to start."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    made: Any = None
    for left in reversed(range(TRIES)):
        try:
            made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
            made.add_node(num_cpus=2, num_gpus=1)
            break
        except Exception:
            if made is not None:
                made.shutdown()
            if not left:
                raise
    yield made
    import ray

    ray.shutdown()
    made.shutdown()


@pytest.fixture(scope="module")
def local() -> Iterator[ThreadPool]:
    with ThreadPool(ENGINE, 1) as pool:
        yield pool


@cache
def batch(op: str, n: int, seed: int) -> PackedBatch:
    """n requests, of which each eleventh has the inputs of the next."""
    requests = make(ENGINE, op, n, seed=seed).requests
    tail = 8 + 32  # the bytes before the archive's root: something of the last field
    mixed = [
        r if i % 11 else Request(r.op, r.args[:-tail] + requests[(i + 1) % n].args[-tail:], r.rules, r.align)
        for i, r in enumerate(requests)
    ]
    return PackedBatch.of(mixed)


@cache
def expected(op: str, n: int, seed: int) -> PackedAnswers:
    columns = answer_batch(OPERATIONS[op], ENGINE, KeyRegistry(ENGINE), Combiner(), batch(op, n, seed).batch())
    return PackedAnswers.of(columns)


def right(answers: PackedAnswers, op: str, n: int, seed: int) -> bool:
    wanted = expected(op, n, seed)
    return all(np.array_equal(getattr(answers, name), getattr(wanted, name)) for name in ("status", "value", "gas"))


def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        RayPool("127.0.0.1:1")
    with pytest.raises(EngineUnavailable, match="HOST:PORT"):
        RayPool("nowhere")


def test_answers_of_a_cluster_are_right_though_actors_are_killed(cluster: Any, local: ThreadPool) -> None:
    remote = RayPool(cluster.address, local=ENGINE)
    with Audited(remote, local, ENGINE) as audited:
        assert remote.wait_until_up(2, 90)
        assert len(remote.workers()) == 2, "an actor a CPU, and none on a GPU that no engine here can use"
        chain = Dispatcher([audited, local])
        jobs = [(op, 64, seed) for seed in range(6) for op in ("verify_groth16_bn254", "verify_kzg_proof", "verify_plonk")]
        for job in jobs:
            expected(*job)
        futures = []
        for turn in range(2):
            futures += [chain.run(batch(*job)) for job in jobs]
            os.kill(next(iter(remote.pids().values())), signal.SIGKILL)
            time.sleep(0.3 * (1 + turn))
        assert not wait(futures, 60).not_done
        for future, job in zip(futures, [*jobs, *jobs], strict=True):
            assert right(future.result(), *job)
        assert remote.wait_until_up(2, 60), "actors are started again"
        assert right(audited.run(batch(*jobs[0])).result(30), *jobs[0])
        assert remote.deaths >= 1
        assert audited.counts().mismatches == 0
        assert audited.counts().requests >= 64
        _no_actor_comes_up_on_a_node_that_is_not_there(remote)


def _no_actor_comes_up_on_a_node_that_is_not_there(remote: RayPool) -> None:
    """Ray would wait for it for ever; this side does not."""
    slot = _Slot(Place("f" * 56, "gpu", 0), "nowhere")
    slot.pause, remote._start = 0.0, 2.0
    started = time.monotonic()
    assert remote._started(slot) is None
    assert time.monotonic() - started < 30
    assert slot.reason


def test_actors_that_lie_are_quarantined_and_nothing_they_say_gets_out(cluster: Any, local: ThreadPool) -> None:
    remote = RayPool(cluster.address, local=ENGINE, actor=LyingActor)
    with Audited(remote, local, ENGINE) as audited:
        assert remote.wait_until_up(2, 60)
        chain = Dispatcher([audited, local])
        jobs = [("verify_groth16_bn254", 64, seed) for seed in range(6)]
        for future, job in zip([chain.run(batch(*job)) for job in jobs], jobs, strict=True):
            assert right(future.result(60), *job)
        assert len(remote.quarantined()) == audited.counts().quarantined == 2
        assert remote.capacity == 0
        assert audited.counts().requests == 0


def test_actors_that_stall_are_given_up_by_our_own_clock(cluster: Any, local: ThreadPool) -> None:
    remote = RayPool(cluster.address, local=ENGINE, actor=StallingActor, answer_seconds=0.5)
    with Audited(remote, local, ENGINE) as audited:
        assert remote.wait_until_up(1, 60)
        job = ("verify_groth16_bn254", 64, 0)
        assert right(Dispatcher([audited, local]).run(batch(*job)).result(60), *job)
        assert remote.deaths >= 1
