"""Two Ray nodes on one machine: what they answer is right, also when actors are killed, lie, stall, cannot be had, or all of Ray goes."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from coproc.batch import answer_batch
from coproc.cli import main
from coproc.cluster import laptop
from coproc.cluster.audit import Audited
from coproc.cluster.dispatch import Dispatcher
from coproc.cluster.laptop import Laptop
from coproc.cluster.pools.gateway import Gateway
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.cluster.pools.ray_cluster import places
from coproc.cluster.pools.threads import ThreadPool
from coproc.cluster.server.serve import pools
from coproc.cluster.server.settings import Settings
from coproc.engine.select import select
from coproc.errors import EngineUnavailable
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.measure.requests import make
from coproc.operation import Request
from coproc.ops import OPERATIONS

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
    assert [name for _, name in places(node)] == ["10.0.0.1/abababab/gpu0", "10.0.0.1/abababab/cpu0", "10.0.0.1/abababab/cpu1"]
    assert places(node | {"Resources": {"GPU": 1.0}}) == []


def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    with Gateway("127.0.0.1:1", local=ENGINE) as remote:
        assert "cannot be reached" in remote.wait_until_connected(30)
        assert remote.capacity == 0
    with pytest.raises(EngineUnavailable, match="HOST:PORT"):
        Gateway("nowhere")


def test_a_server_whose_cluster_is_not_there_serves_on_this_machine() -> None:
    with ExitStack() as stack:
        pool, last, figures = pools(Settings(uds="unused", cluster="127.0.0.1:1", engine=ENGINE.name, workers=1), stack)
        job = ("verify_kzg_proof", 64, 0)
        assert right(Dispatcher([pool, *last]).run(batch(*job)).result(60), *job)
        assert figures()["cluster_capacity"] == 0


KILLS = 10


def test_answers_of_a_cluster_are_right_though_actors_are_killed(cluster: Laptop, local: ThreadPool) -> None:
    remote = Gateway(cluster.address, local=ENGINE)
    with Audited(remote, local, ENGINE) as audited:
        assert remote.wait_until_up(2, 90)
        assert set(remote.workers().values()) == {ENGINE.name}
        chain = Dispatcher([audited, local])
        jobs = [(op, 64, seed) for seed in range(6) for op in ("verify_groth16_bn254", "verify_kzg_proof", "verify_plonk")]
        for job in jobs:
            expected(*job)
        futures, killed = [], set[int]()
        for turn in range(KILLS):
            futures += [chain.run(batch(*job)) for job in jobs[turn % 3 :: 3]]
            end = time.monotonic() + 60
            while not (up := set(remote.pids().values()) - killed) and time.monotonic() < end:
                time.sleep(0.02)
            os.kill(min(up), signal.SIGKILL)
            killed |= {min(up)}
        assert not wait(futures, 60).not_done
        for turn in range(KILLS):
            for job in jobs[turn % 3 :: 3]:
                assert right(futures.pop(0).result(), *job)
        assert remote.wait_until_up(2, 60), "actors are started again"
        assert right(audited.run(batch(*jobs[0])).result(30), *jobs[0])
        assert remote.deaths >= KILLS - 2, "of the last ones the cluster may not have told yet"
        assert audited.counts().mismatches == 0
        assert audited.counts().requests >= 64


def test_no_actor_comes_up_where_there_is_no_gpu_or_no_node_and_nothing_waits_for_it(cluster: Laptop) -> None:
    """Ray would wait for ever. In a process of its own, as everything that is connected to Ray."""
    words = [sys.executable, "-m", "tests.cluster.ray_nowhere", cluster.address]
    run = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert [bool(reason) for reason in json.loads(run.stdout)] == [True, True]


def test_a_cluster_is_told_apart_from_none(cluster: Laptop, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", "status", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["address"] == cluster.address
    assert [(node["alive"], node["cpus"], node["gpus"]) for node in shown["nodes"]] == [(True, 1, 0)] * 2
    assert main(["cluster", "up"]) == 2
    assert "runs already" in capsys.readouterr().err
    assert stat.S_IMODE(os.stat(laptop.token()["RAY_AUTH_TOKEN_PATH"]).st_mode) == 0o600


def test_actors_that_lie_are_quarantined_and_nothing_they_say_gets_out(cluster: Laptop, local: ThreadPool) -> None:
    remote = Gateway(cluster.address, local=ENGINE, actor="tests.cluster.ray_liars:LyingActor")
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
    remote = Gateway(cluster.address, local=ENGINE, actor="tests.cluster.ray_liars:StallingActor", answer_seconds=0.5)
    with Audited(remote, local, ENGINE) as audited:
        assert remote.wait_until_up(1, 60)
        job = ("verify_groth16_bn254", 64, 0)
        assert right(Dispatcher([audited, local]).run(batch(*job)).result(60), *job)
        assert remote.deaths >= 1


def test_a_gateway_that_dies_loses_nothing_and_comes_back(cluster: Laptop, local: ThreadPool) -> None:
    remote = Gateway(cluster.address, local=ENGINE)
    with Audited(remote, local, ENGINE) as audited:
        assert remote.wait_until_up(2, 60)
        chain = Dispatcher([audited, local])
        jobs = [("verify_groth16_bn254", 64, seed) for seed in range(6)]
        for number in (signal.SIGKILL, signal.SIGSEGV):
            lives = remote.lives
            futures = [chain.run(batch(*job)) for job in jobs]
            assert remote.pid is not None
            os.kill(remote.pid, number)
            for future, job in zip(futures, jobs, strict=True):
                assert right(future.result(60), *job)
            assert came_back(remote, lives)
        before = audited.counts().batches
        assert right(audited.run(batch(*jobs[0])).result(60), *jobs[0])
        assert audited.counts().batches == before + 1, "a key is sent anew to a new gateway"
        assert remote.lives == 3


def came_back(remote: Gateway, lives: int, seconds: float = 90) -> bool:
    """Whether another gateway came up than that number, with its workers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if remote.lives > lives and remote.wait_until_up(2, end - time.monotonic()):
            return True
        time.sleep(0.05)
    return False


def test_whoever_asks_survives_the_end_of_ray_and_finds_the_cluster_that_comes_later(
    local: ThreadPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray ends every process that is connected to it with its raylet: here that is the gateway. And it starts without a cluster."""
    monkeypatch.setenv("COPROC_CACHE_DIR", str(tmp_path))
    address = f"127.0.0.1:{free_port()}"
    job = ("verify_groth16_bn254", 64, 0)
    remote = Gateway(address, local=ENGINE)
    with Audited(remote, local, ENGINE) as audited:
        chain = Dispatcher([audited, local])
        assert right(chain.run(batch(*job)).result(60), *job)
        assert audited.counts().batches == 0
        up = laptop.up(1, 2, int(address.rpartition(":")[2]))
        try:
            assert came_back(remote, 0)
            assert right(audited.run(batch(*job)).result(60), *job)
            assert audited.counts().batches == 1
            futures = [chain.run(batch(*job)) for _ in range(8)]
            os.kill(raylet(up.pids[0]), signal.SIGKILL)
            for future in futures:
                assert right(future.result(60), *job)
        finally:
            os.kill(up.pids[0], signal.SIGKILL)  # it waits for what it lost, and its reaper does not
            laptop.down()
        assert right(chain.run(batch(*job)).result(60), *job)
        assert remote.capacity == 0


def raylet(head: int) -> int:
    """The raylet that a node's process started."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError, IndexError):
            if entry.name.isdecimal() and (entry / "cmdline").read_bytes().split(b"\0")[0].endswith(b"/raylet"):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == head:
                    return int(entry.name)
    raise AssertionError("no raylet")
