"""Questions as one array: what comes out is what went in, whatever keys the requests have."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
import pytest

from coproc.cluster.canaries import parsed_of
from coproc.cluster.pools.protocol import PackedBatch
from coproc.cluster.pools.slim import Names, pack, unpack
from coproc.cluster.sealed import Question
from coproc.engine.select import select
from coproc.errors import InvalidInput
from coproc.measure.requests import make
from coproc.operation import Request, Rules

ENGINE = select()


def question(buffers: list[bytes], keys: list[tuple[int, int]], cuts: list[int]) -> Question:
    rules = [Rules(fork=("PreFork", "Boreas")[i % 2]) for i in range(len(buffers))]
    whole = PackedBatch.of(
        [
            Request("verify_groth16_bn254", data, rule, (1, 2, 4, 8)[i % 4])
            for i, (data, rule) in enumerate(zip(buffers, rules, strict=True))
        ]
    )
    edges = [0, *cuts, len(buffers)]
    parts = [whole.slice(a, b) for a, b in pairwise(edges) if b > a]
    return Question(bytes(16), parts, bytes(32), np.array(keys, np.int64).reshape(-1, 2))


def same(a: PackedBatch, b: PackedBatch) -> bool:
    return [a.args(i) for i in range(len(a))] == [b.args(i) for i in range(len(b))] and all(
        np.array_equal(x, y) for x, y in ((a.rules, b.rules), (a.aligns, b.aligns))
    )


def test_any_requests_come_out_as_they_went_in() -> None:
    random = Random(1)
    fields = [random.randbytes(size) for size in (1024, 1500, 1500, 4000)]
    names, known = Names(max_bytes=3000), {}
    for _ in range(60):
        n = random.randrange(1, 30)
        chosen = [random.choice([b"", *fields]) for _ in range(n)]
        heads = [random.randbytes(random.randrange(40)) for _ in range(n)]
        buffers = [head + key + random.randbytes(random.randrange(40)) for head, key in zip(heads, chosen, strict=True)]
        keys = [(len(head), len(key)) for head, key in zip(heads, chosen, strict=True)]
        asked = question(buffers, keys, sorted(random.sample(range(n + 1), min(n, 3))))
        array, table = pack(asked, ENGINE, names)
        known |= table
        assert same(unpack(asked.op, n, array, {name: known[name] for name in table}), asked.joined())


def test_a_key_that_many_requests_have_is_sent_once() -> None:
    requests = make(ENGINE, "verify_groth16_bn254", 64).requests
    buffers = [request.args for request in requests]
    args, parsed = parsed_of(ENGINE, PackedBatch.of(requests))
    asked = question(buffers, [(int(parsed.fields[0, 0] - args.addresses[0]), int(parsed.counts[0, 0]))] * 64, [7])
    array, table = pack(asked, ENGINE, Names())
    assert [len(data) for data in table.values()] == parsed.counts[:1, 0].tolist()
    assert len(array) < 64 * 512
    assert same(unpack(asked.op, 64, array, table), asked.joined())


def test_what_is_no_question_is_refused() -> None:
    array, table = pack(question([b"abc", b"d"], [(0, 0)] * 2, []), ENGINE, Names())
    for wrong in (array[:10], array[:-1], array.astype(np.int64), np.full_like(array, 255)):
        with pytest.raises(InvalidInput):
            unpack("verify_groth16_bn254", 2, wrong, table)
    with pytest.raises(InvalidInput):
        unpack("nothing", 2, array, table)
