"""Pools of threads and processes answer as the coprocessor does, and a worker that dies takes no answer along."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import coproc
from benches.soak.kill_workers import light_command, storm
from coproc.batch import answers_of
from coproc.cluster.answerer import Answerer
from coproc.cluster.batcher import Batcher
from coproc.cluster.dispatch import Dispatcher, Stage
from coproc.cluster.limits import Limits
from coproc.cluster.memo import Memo
from coproc.cluster.pools.process import alive
from coproc.cluster.pools.processes import STARTS, ProcessPool
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch, Pool, Run
from coproc.cluster.pools.threads import ThreadPool
from coproc.cluster.ticket import Ticket
from coproc.engine.select import select
from coproc.errors import EngineError, EngineLost, EngineUnavailable
from coproc.operation import Answer, Request, Rules
from coproc.ops import OPERATIONS
from tests.samples.requests import mixed, request_of

from . import faulty_worker

FAULTY = (sys.executable, "-m", "tests.cluster.faulty_worker")


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPool]:
    with ProcessPool(2, "cpu") as pool:
        yield pool


@pytest.fixture(scope="module")
def pools(processes: ProcessPool) -> Iterator[dict[str, Pool]]:
    with ThreadPool("cpu", 2) as threads:
        yield {"threads": threads, "processes": processes}


def archived(data: bytes) -> bytes:
    """An argument buffer of a hash: the bytes, then where they are and how many."""
    body = data + bytes(-len(data) % 4)
    return body + (-len(body)).to_bytes(4, "little", signed=True) + len(data).to_bytes(4, "little")


@cache
def real() -> tuple[list[Request], list[Answer]]:
    """Real requests of every host function, good and bad, and their answers."""
    requests = [request_of(case) for case in mixed(6)]
    with coproc.open("cpu", 1) as cp:
        return requests, cp.run(requests)


def answers(batch: PackedBatch, packed: PackedAnswers) -> list[Answer]:
    return answers_of(OPERATIONS[batch.op], packed.columns())


# ---- the same answers ----
@pytest.mark.parametrize("name", ["threads", "processes"])
def test_a_pool_answers_as_the_coprocessor_does(pools: dict[str, Pool], name: str) -> None:
    requests, wanted = real()
    for op in OPERATIONS:
        some = [request for request in requests if request.op == op]
        batch = PackedBatch.of(some)
        found = answers(batch, pools[name].run(batch).result())
        assert found == [answer for request, answer in zip(requests, wanted, strict=True) if request.op == op]
        assert found


@pytest.mark.parametrize("name", ["threads", "processes"])
@pytest.mark.parametrize("size", [1, 7, 1024])
def test_verdicts_do_not_depend_on_how_requests_are_batched(pools: dict[str, Pool], name: str, size: int) -> None:
    requests, wanted = real()
    rng = np.random.default_rng(size)
    order = rng.permutation(len(requests)).tolist()
    with Batcher(pools[name], memo=Memo(0), limits=Limits(batch_requests=size)) as batcher:
        futures = {i: batcher.submit(Ticket(requests[i], "block", tenant=f"tenant {i % 3}")) for i in order}
        assert [futures[i].result() for i in range(len(requests))] == wanted


def test_tenants_of_a_batch_have_keys_of_their_own_and_the_same_answers() -> None:
    requests, wanted = real()
    answer = Answerer(select("cpu"))
    for op in OPERATIONS:
        some = [i for i, request in enumerate(requests) if request.op == op] * 3
        batch = PackedBatch.of([requests[i] for i in some])
        n = len(batch)
        batch.tenants = (Run("a", 5), Run("b", n - 12), Run("a", 5), Run("few", 2))
        assert answers(batch, answer(batch)) == [wanted[i] for i in some]


def test_rules_of_requests_may_be_mixed_in_a_packed_batch(pools: dict[str, Pool]) -> None:
    requests, _ = real()
    mixed_rules = [request._replace(rules=rules) for request in requests[:40] for rules in (Rules(), Rules(fork="Boreas"))]
    with coproc.open("cpu", 1) as cp:
        wanted = cp.run(mixed_rules)
    with Batcher(pools["threads"]) as batcher:
        for op in OPERATIONS:
            index = [i for i, request in enumerate(mixed_rules) if request.op == op]
            if index:
                batch = PackedBatch.of([mixed_rules[i] for i in index])
                assert answers(batch, batcher.submit_packed(batch, "bulk").result()) == [wanted[i] for i in index]


# ---- workers that die ----
def digests(numbers: range) -> list[Request]:
    return [Request("sha256", archived(number.to_bytes(8, "little"))) for number in numbers]


@cache
def hashed(start: int, stop: int) -> list[Answer]:
    with coproc.open("cpu", 1) as cp:
        return cp.run(digests(range(start, stop)))


def test_a_killed_worker_loses_its_batch_only_and_another_one_comes_up() -> None:
    with ProcessPool(2, "cpu", FAULTY) as pool:
        assert pool.wait_until_up(60)
        good = PackedBatch.of(digests(range(10)))
        deadly = PackedBatch.of([Request("sha256", faulty_worker.KILL), *digests(range(2))])
        futures = [pool.run(batch) for batch in (good, deadly, good, good)]
        with pytest.raises(EngineLost, match=r"SIGKILL|hung up|reset"):
            futures[1].result()
        for i in (0, 2, 3):
            assert answers(good, futures[i].result()) == hashed(0, 10)
        assert answers(good, pool.run(good).result()) == hashed(0, 10)
        assert pool.deaths == 1


@pytest.mark.parametrize("mark", ["SEGV", "ABRT", "EXIT", "RAISE", "LIE"])
def test_a_request_that_kills_workers_changes_no_other_verdict(mark: str) -> None:
    """It ends with the specification in a process of its own."""
    requests = digests(range(11))
    deadly = Request("sha256", archived(bytes(4) + getattr(faulty_worker, mark))[:-8] + getattr(faulty_worker, mark))
    requests.insert(7, deadly)
    with coproc.open("cpu", 1) as cp:
        wanted = cp.run([deadly])[0]
    slow = ProcessPool(1, "spec", eager=False)
    with slow, ProcessPool(2, "cpu", FAULTY) as pool, Batcher(pool, last=[Stage(slow, 64)]) as batcher:
        found = [future.result() for future in batcher.submit_many([Ticket(request) for request in requests])]
    assert [answer[:4] for answer in found[:7] + found[8:]] == [answer[:4] for answer in hashed(0, 11)]
    assert found[7][:4] == wanted[:4]
    assert slow.starts == 1


def test_a_worker_that_hangs_is_killed_and_its_requests_run_elsewhere() -> None:
    hang = Request("sha256", archived(bytes(4))[:-8] + faulty_worker.HANG)
    with ProcessPool(1, "cpu", FAULTY, batch_seconds=0.5) as pool, ThreadPool("spec", 1) as last:
        dispatcher = Dispatcher([pool, last])
        batch = PackedBatch.of([hang])
        found = dispatcher.run(batch).result()
        assert found.engine == "spec"
        assert dispatcher.lost == 2


def test_an_exception_of_an_engine_is_told_and_the_worker_lives_on() -> None:
    with ProcessPool(1, "cpu", FAULTY) as pool:
        assert pool.wait_until_up(60)
        (pid,) = pool.pids()
        with pytest.raises(EngineError, match="a kernel that raises"):
            pool.run(PackedBatch.of([Request("sha256", faulty_worker.RAISE)])).result()
        assert pool.pids() == [pid]


def test_kill_9_of_workers_again_and_again_loses_nothing_and_repeats_nothing() -> None:
    """Workers that have an engine; the long form is the script itself."""
    found = storm(kills=24, requests=20_000, every=0.15, workers=2)
    assert found.kills == 24
    assert found.lost > 4
    assert found.held


def test_300_kills_of_light_workers_in_200_000_requests_lose_nothing_and_repeat_nothing() -> None:
    """R5: workers that import nothing are up again before the next kill."""
    found = storm(kills=300, requests=200_000, every=0.05, workers=2, light=True)
    assert found.kills == 300
    assert found.lost > 60
    assert found.requests >= 200_000
    assert found.held


DIES_AT_FIRST = """
import os, runpy, sys
with open(sys.argv[1], "ab") as file:
    file.write(b"x")
if os.path.getsize(sys.argv[1]) <= int(sys.argv[2]):
    os.kill(os.getpid(), 9)
sys.argv = sys.argv[3:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize(("dies", "comes"), [(STARTS - 1, True), (1000, False)])
def test_a_worker_that_is_killed_while_it_starts_is_started_again_for_a_while(dies: int, comes: bool, tmp_path: Path) -> None:
    light = light_command()
    command = (*light[:3], "-c", DIES_AT_FIRST, str(tmp_path / "starts"), str(dies), *light[3:])
    batch = PackedBatch.of(digests(range(5)))
    with ProcessPool(1, None, command) as pool:
        future = pool.run(batch)
        if comes:
            assert future.result(60).retbuf.tolist() == Answerer(select("cpu"))(batch).retbuf.tolist()
            assert (pool.starts, (tmp_path / "starts").stat().st_size) == (1, STARTS)
        else:
            with pytest.raises(EngineUnavailable, match="SIGKILL"):
                future.result(60)
            assert (tmp_path / "starts").stat().st_size >= STARTS


def test_where_no_worker_can_start_requests_are_unserved_and_the_reason_is_told() -> None:
    with ProcessPool(2, "cuda:99", start_seconds=60) as pool:
        batch = PackedBatch.of(digests(range(5)))
        with pytest.raises(EngineUnavailable, match="cuda"):
            pool.run(batch).result()
        assert Dispatcher([pool]).run(batch).result().status.tolist() == [3] * 5


def test_workers_end_with_the_pool_and_with_its_process() -> None:
    pool = ProcessPool(1, "cpu")
    assert pool.wait_until_up(60)
    (pid,) = pool.pids()
    pool.close()
    assert not alive(pid)
    code = "import os; from coproc.cluster.pools.processes import ProcessPool; p = ProcessPool(1, 'cpu'); p.wait_until_up(60)"
    code += "; print(p.pids()[0], flush=True); os._exit(1)"
    pid = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60).stdout)
    until = time.monotonic() + 30
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(pid)


def test_a_closed_pool_is_unavailable(pools: dict[str, Pool]) -> None:
    for pool in (ThreadPool("cpu", 1), ProcessPool(1, "cpu", eager=False)):
        pool.close()
        with pytest.raises(EngineUnavailable):
            pool.run(PackedBatch.of(digests(range(1)))).result()
