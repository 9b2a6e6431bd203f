"""Two Ray nodes on one machine: what they answer is right, and stays right when actors are killed, lie, stall or cannot be had."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from concurrent.futures import wait
from functools import cache

import numpy as np
import pytest

from coproc.batch import answer_batch
from coproc.cli import main
from coproc.cluster import laptop
from coproc.cluster.audit import Audited
from coproc.cluster.dispatch import Dispatcher
from coproc.cluster.laptop import Laptop
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.cluster.pools.ray import Place, RayPool, _places, _Slot
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


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """Two nodes of one CPU each, started as `coproc cluster up --nodes 2 --cpus 1` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COPROC_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH"):
            patch.setenv(name, "")
            patch.delenv(name)
        up = laptop.up(2, 1, free_port())
        try:
            yield up
        finally:
            assert laptop.down() == up
            assert not up.alive()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


def test_each_processor_of_a_node_is_a_slot_and_a_gpu_takes_one_along() -> None:
    node = {"NodeID": "ab" * 28, "NodeManagerAddress": "10.0.0.1", "Resources": {"CPU": 3.0, "GPU": 1.0}}
    assert [name for _, name in _places(node)] == ["10.0.0.1/abababab/gpu0", "10.0.0.1/abababab/cpu0", "10.0.0.1/abababab/cpu1"]
    assert _places(node | {"Resources": {"GPU": 1.0}}) == []


def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        RayPool("127.0.0.1:1")
    with pytest.raises(EngineUnavailable, match="HOST:PORT"):
        RayPool("nowhere")


def test_answers_of_a_cluster_are_right_though_actors_are_killed(cluster: Laptop, local: ThreadPool) -> None:
    remote = RayPool(cluster.address, local=ENGINE)
    with Audited(remote, local, ENGINE) as audited:
        assert remote.wait_until_up(2, 90)
        assert set(remote.workers().values()) == {ENGINE.name}
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
        _no_actor_comes_up_where_there_is_no_gpu_or_no_node(remote)


def _no_actor_comes_up_where_there_is_no_gpu_or_no_node(remote: RayPool) -> None:
    """Ray would wait for them for ever; this side does not."""
    node = next(iter(remote._slots)).node
    for place in (Place(node, "gpu", 0), Place("f" * 56, "cpu", 0)):
        slot = _Slot(place, "nowhere")
        slot.pause, remote._start = 0.0, 2.0
        started = time.monotonic()
        assert remote._started(slot) is None
        assert time.monotonic() - started < 30
        assert slot.reason


def test_a_cluster_is_told_apart_from_none(cluster: Laptop, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", "status", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["address"] == cluster.address
    assert [(node["alive"], node["cpus"], node["gpus"]) for node in shown["nodes"]] == [(True, 1, 0)] * 2
    assert main(["cluster", "up"]) == 2
    assert "runs already" in capsys.readouterr().err
    assert stat.S_IMODE(os.stat(laptop.token()["RAY_AUTH_TOKEN_PATH"]).st_mode) == 0o600


def test_actors_that_lie_are_quarantined_and_nothing_they_say_gets_out(cluster: Laptop, local: ThreadPool) -> None:
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


def test_actors_that_stall_are_given_up_by_our_own_clock(cluster: Laptop, local: ThreadPool) -> None:
    remote = RayPool(cluster.address, local=ENGINE, actor=StallingActor, answer_seconds=0.5)
    with Audited(remote, local, ENGINE) as audited:
        assert remote.wait_until_up(1, 60)
        job = ("verify_groth16_bn254", 64, 0)
        assert right(Dispatcher([audited, local]).run(batch(*job)).result(60), *job)
        assert remote.deaths >= 1
