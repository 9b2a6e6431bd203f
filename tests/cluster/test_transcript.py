"""One transcript: 2,000 requests have one digest of (verdict, returned bytes, gas) whichever way they go through the service."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from coproc.cluster.batcher import Batcher
from coproc.cluster.client import Client
from coproc.cluster.memo import Memo
from coproc.cluster.pools.processes import ProcessPool
from coproc.cluster.pools.protocol import PackedBatch, Pool
from coproc.cluster.pools.threads import ThreadPool
from coproc.cluster.ticket import KINDS, Ticket
from coproc.coprocessor import Coprocessor
from coproc.operation import Answer, Request
from tests.cluster.serving import serving
from tests.cluster.transcript import MOST, digest, requests, truth
from tests.conftest import NATIVE

SOME = 300
POOLS: dict[str, Callable[[], Any]] = {"threads": lambda: ThreadPool("cpu", 2), "processes": lambda: ProcessPool(2, "cpu")}


@pytest.fixture(scope="module", params=POOLS)
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    with POOLS[request.param]() as made:
        yield made


def memos() -> dict[str, Memo]:
    """Off, smaller than the requests, large."""
    return {"off": Memo(0), "tiny": Memo(64), "on": Memo()}


def through(batcher: Batcher, asked: Sequence[Request], seed: str) -> list[Answer]:
    """Every request as a ticket of its own, in another order, of all classes and a few tenants."""
    rng = random.Random(seed)
    order = rng.sample(range(len(asked)), len(asked))
    futures = {i: batcher.submit(Ticket(asked[i], rng.choice(KINDS), tenant=rng.choice(("", "a", "b")))) for i in order}
    return [futures[i].result(timeout=300) for i in range(len(asked))]


def packed(batcher: Batcher, asked: Sequence[Request]) -> list[Answer]:
    """By operation, in bulk."""
    from coproc.batch import answers_of
    from coproc.ops import OPERATIONS

    answers: list[Any] = [None] * len(asked)
    for op, operation in OPERATIONS.items():
        index = [i for i, request in enumerate(asked) if request.op == op]
        future = batcher.submit_packed(PackedBatch.of([asked[i] for i in index]), "bulk", tenant="c")
        for i, answer in zip(index, answers_of(operation, future.result(timeout=300).columns()), strict=True):
            answers[i] = answer
    return answers


def over(path: Path, asked: Sequence[Request], seed: str) -> list[Answer]:
    """Over three connections, in frames of 1 to 200 requests in another order, some of one operation in bulk."""
    rng = random.Random(seed)
    order = rng.sample(range(len(asked)), len(asked))
    chunks = []
    while order:
        size = rng.choice((1, 2, 7, 64, 200))
        chunks.append(order[:size])
        order = order[size:]
    answers: list[Any] = [None] * len(asked)
    with ThreadPoolExecutor(3) as threads, Client(path, 300.0) as a, Client(path, 300.0) as b, Client(path, 300.0) as c:
        clients = [a, b, c]

        def one(number: int) -> None:
            index = sorted(chunks[number], key=lambda i: asked[i].op)
            found = clients[number % 3].run([asked[i] for i in index], KINDS[number % 3], tenant=f"tenant {number % 2}")
            for i, answer in zip(index, found, strict=True):
                answers[i] = answer

        list(threads.map(one, range(len(chunks))))
    return answers


@contextmanager
def socket_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="coproc-") as folder:  # short: a socket's path has 107 bytes at most
        yield Path(folder) / "s"


@pytest.mark.parametrize("isa", NATIVE)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_coprocessor_has_the_transcript_on_every_instruction_set(isa: str, workers: int) -> None:
    with Coprocessor(f"cpu:{isa}", workers=workers) as coprocessor:
        assert digest(coprocessor.run(requests())) == truth()
    statuses = {answer.status for answer in Coprocessor("cpu", 1).run(requests()[:SOME])}
    assert statuses == {"ok", "malformed", "panic"}


@pytest.mark.parametrize("memo", memos())
def test_the_batcher_has_the_transcript(pool: Pool, memo: str) -> None:
    kept = memos()[memo]
    with Batcher(pool, memo=kept) as batcher:
        assert digest(through(batcher, requests(), memo)) == truth()
        assert digest(packed(batcher, requests())) == truth()
        if memo == "on":  # a second time, all from the memo
            ran = batcher.stats().batched
            assert digest(through(batcher, requests(), "again")) == truth()
            assert batcher.stats().batched == ran
    assert (len(kept) > 0) == (memo != "off")


@pytest.mark.parametrize("memo", memos())
def test_the_socket_has_the_transcript(pool: Pool, memo: str) -> None:
    with socket_path() as path, Batcher(pool, memo=memos()[memo]) as batcher, serving(path, batcher):
        assert digest(over(path, requests(), memo)) == truth()
        if memo == "on":
            assert digest(over(path, requests(), "again")) == truth()


def test_requests_are_as_many_and_as_different_as_is_said() -> None:
    asked = requests()
    assert len(asked) == MOST
    assert MOST * 0.8 < len(set(asked)) < MOST
    assert len({(request.op, request.rules) for request in asked}) > 50
