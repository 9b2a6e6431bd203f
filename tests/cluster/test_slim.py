"""Questions as one array: what comes out is what went in, whatever keys the requests have."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from coproc.cluster.canaries import parsed_of
from coproc.cluster.folding import FoldWorker
from coproc.cluster.pools.protocol import PackedBatch
from coproc.cluster.pools.slim import Names, pack, unpack
from coproc.cluster.sealed import CURVE_OF, Question
from coproc.engine.protocol import Parsed
from coproc.engine.select import select
from coproc.errors import InvalidInput
from coproc.measure.mutations import fields_of
from coproc.measure.requests import make
from coproc.operation import Request
from coproc.ops import OPERATIONS
from coproc.wire import rkyv

ENGINE = select()


def question(requests: list[Request]) -> Question:
    packed = PackedBatch.of(requests)
    _, parsed = parsed_of(ENGINE, packed)
    assert not parsed.status.any()
    return Question(bytes(16), packed.op, packed.rules, parsed, bytes(32), [packed])


def contents(op: str, parsed: Parsed) -> list[list[bytes]]:
    from ctypes import string_at

    sizes = [field.size if isinstance(field, rkyv.Vec) else 1 for field in rkyv.ROOTS[OPERATIONS[op].layout].fields]
    return [
        [string_at(int(at), int(count) * size) for at, count, size in zip(fields, counts, sizes, strict=False)]
        for fields, counts in zip(parsed.fields, parsed.counts, strict=True)
    ]


@pytest.mark.parametrize("op", CURVE_OF)
def test_the_fields_of_requests_come_out_as_they_went_in(op: str) -> None:
    requests = make(ENGINE, op, 40).requests
    asked = question(requests)
    array, table = pack(asked, ENGINE, Names())
    rules, parsed, hold = unpack(op, 40, array, table)
    assert np.array_equal(rules, asked.rules)
    wanted = [fields_of(OPERATIONS[op].layout, r.args) for r in requests]
    assert contents(op, parsed) == contents(op, asked.parsed) == wanted
    # and what an operation reads beyond a field, because it lies there
    here, there = FoldWorker(ENGINE), FoldWorker(ENGINE)
    there_asked = Question(bytes(16), op, rules, parsed, bytes(32), hold)
    for _ in range(2):
        a, b = here.fold(asked), there.fold(there_asked)
        assert np.array_equal(a.gt, b.gt)
        assert np.array_equal(a.folded, b.folded)
    assert not len(there.blame(bytes(16)))


def test_any_keys_come_out_as_they_went_in() -> None:
    random = Random(1)
    layout = OPERATIONS["verify_groth16_bn254"].layout
    keys = [random.randbytes(size) for size in (0, 3, 1024, 1500, 1500, 4000)]
    names, known = Names(max_bytes=3000), {}
    for _ in range(60):
        n = random.randrange(1, 30)
        made = [rkyv.write(layout, [random.choice(keys), *(random.randbytes(random.randrange(40)) for _ in range(2))]) for _ in range(n)]
        asked = question([Request("verify_groth16_bn254", data) for data in made])
        array, table = pack(asked, ENGINE, names)
        known |= table
        _, parsed, hold = unpack(asked.op, n, array, known)
        assert contents(asked.op, parsed) == contents(asked.op, asked.parsed)
        assert hold


def test_a_key_that_many_requests_have_is_sent_once() -> None:
    asked = question(make(ENGINE, "verify_groth16_bn254", 64).requests)
    names = Names()
    array, table = pack(asked, ENGINE, names)
    assert [len(data) for data in table.values()] == asked.parsed.counts[:1, 0].tolist()
    assert len(array) < 64 * 256
    assert pack(asked, ENGINE, names)[1].keys() == table.keys()


def test_what_is_no_question_is_refused() -> None:
    asked = question(make(ENGINE, "verify_groth16_bn254", 4).requests)
    array, table = pack(asked, ENGINE, Names())
    for wrong in (array[:10], array[:-1], array.astype(np.int64), np.full_like(array, 255), np.append(array, array[:1])):
        with pytest.raises(InvalidInput):
            unpack(asked.op, 4, wrong, table)
    with pytest.raises(InvalidInput):
        unpack("nothing", 4, array, table)
    with pytest.raises(InvalidInput):
        unpack(asked.op, 4, array, {name: data + b"x" for name, data in table.items()})
    with pytest.raises(KeyError):
        unpack(asked.op, 4, array, {})
