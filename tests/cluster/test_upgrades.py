"""A rolling upgrade: pools of different kernels together, and servers replaced under their clients, have one transcript."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from coproc.cluster.batcher import Batcher
from coproc.cluster.client import Client, Disconnected
from coproc.cluster.frames import DRAINING, WireError
from coproc.cluster.memo import Memo
from coproc.cluster.pools.processes import ProcessPool
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch, Pool
from coproc.cluster.ticket import Busy, Ticket
from coproc.operation import Answer, Request
from tests.cluster.transcript import digest, requests, truth
from tests.conftest import NATIVE

OLD, NEW = ("--engine", "cpu:portable", "--threads"), ("--engine", "cpu", "--processes")
JOB = 300


class Mixed:
    """A `Pool` whose batches go to several pools in turn. ran: batches by engine."""

    def __init__(self, pools: list[Pool]) -> None:
        self._pools, self._turn = pools, cycle(pools)
        self.capacity = sum(pool.capacity for pool in pools)
        self.ran: dict[str, int] = {}

    @property
    def engines(self) -> tuple[str, ...]:
        return tuple({engine for pool in self._pools for engine in pool.engines})

    def run(self, batch: PackedBatch) -> Future[PackedAnswers]:
        future = next(self._turn).run(batch)
        future.add_done_callback(lambda f: self.ran.update({f.result().engine: self.ran.get(f.result().engine, 0) + 1}))
        return future

    def close(self) -> None:
        pass


def test_workers_of_different_kernels_have_one_transcript() -> None:
    with ProcessPool(1, f"cpu:{NATIVE[0]}") as old, ProcessPool(1, f"cpu:{NATIVE[-1]}") as new:
        pool = Mixed([old, new])
        with Batcher(pool, memo=Memo(0)) as batcher:
            futures = batcher.submit_many([Ticket(request, "bulk") for request in requests()])
            assert digest([future.result(timeout=300) for future in futures]) == truth()
    assert set(pool.ran) == {f"cpu:{NATIVE[0]}", f"cpu:{NATIVE[-1]}"}


# ---- servers ----
@contextmanager
def server(path: Path, journal: Path, options: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    """`coproc serve`; at the end it is told to drain."""
    command = [sys.executable, "-m", "coproc", "serve", "--uds", str(path), "--journal", str(journal), "--workers", "2", *options]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | {"COPROC_CONFIG": ""})
    try:
        with Client(path) as client:
            client.wait(60)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()


class Node(threading.Thread):
    """Asks for everything in frames of 20, and asks again where a server went away: it has no code of its own to fall back to."""

    def __init__(self, path: Path, asked: list[Request]) -> None:
        super().__init__(daemon=True)
        self._path, self._asked = path, asked
        self.answers: list[Answer] = []
        self.asked_again = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with Client(self._path) as client:
                for start in range(0, len(self._asked), 20):
                    self.answers += self._sure(client, self._asked[start : start + 20])
        except BaseException as error:
            self.error = error

    def _sure(self, client: Client, frame: list[Request]) -> list[Answer]:
        while True:
            try:
                return client.run(frame, "block")
            except Busy as busy:
                time.sleep(busy.retry_after)
            except Disconnected:
                time.sleep(0.01)
            except WireError as error:
                if error.code != DRAINING:
                    raise
                client.close()
                time.sleep(0.01)
            self.asked_again += 1


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short name: a socket's path has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="coproc-") as folder:
        yield Path(folder)


def test_servers_are_replaced_under_a_node_and_its_transcript_is_whole(place: Path) -> None:
    """Old, new, old again: every frame is answered, and a job that one server took is finished by another."""
    path, journal, job = place / "s", place / "jobs", list(requests()[:JOB])
    nodes = [Node(path, list(requests())) for _ in range(2)]
    told: list[dict[str, Any]] = []
    for number, options in enumerate((OLD, NEW, OLD, NEW)):
        with server(path, journal, options), Client(path) as client:
            told.append(client.describe())
            if number == 0:
                assert client.submit("upgrade", job) == JOB
                for node in nodes:
                    node.start()
            progress = [len(node.answers) for node in nodes]
            while number < 3 and any(
                node.is_alive() and len(node.answers) < start + 200 for node, start in zip(nodes, progress, strict=True)
            ):
                time.sleep(0.005)
            if number == 3:
                for node in nodes:
                    node.join(timeout=300)
                answers: list[Answer] = []
                while len(answers) < JOB:
                    answers += client.results("upgrade", [request.op for request in job[len(answers) :]], len(answers))[0]
                    time.sleep(0.01)
    assert [node.error for node in nodes] == [None, None]
    assert [digest(node.answers) for node in nodes] == [truth(), truth()]
    assert digest(answers) == digest(nodes[0].answers[:JOB])
    assert [describe["engines"] for describe in told[::2]] == [["cpu:portable"]] * 2
    assert sum(node.asked_again for node in nodes) > 0
