"""The memo is exact and bounded, and a failure is not kept."""

from __future__ import annotations

from itertools import combinations

import pytest

from coproc.cluster.memo import ENTRY_BYTES, Memo, memo_key, memo_keys
from coproc.cluster.pools.protocol import PackedBatch
from coproc.operation import Answer, Request, Rules
from coproc.ops import OPERATIONS

ANSWER = Answer(True, "ok", b"\1", 5, "cpu")
RULES = [Rules(plonk, fork) for plonk in ("V1", "V2", "V3") for fork in ("PreFork", "Aegis", "Boreas")]


def test_requests_that_differ_in_anything_have_different_keys() -> None:
    """Every operation, rules, alignment, and buffers that differ in a bit, in length or in where a field ends."""
    base = bytes(range(64))
    buffers = [
        base,
        base[:-1],
        base + b"\0",
        b"",
        b"\0",
        b"\0\0",
        bytes(64),
        *(bytes((*base[:i], base[i] ^ 1, *base[i + 1 :])) for i in range(64)),
    ]
    requests = [Request(op, base, rules, align) for op in OPERATIONS for rules in RULES for align in (1, 2, 4, 8)]
    requests += [Request("sha256", buffer, RULES[4], 8) for buffer in buffers if buffer != base]
    keys = {memo_key(request) for request in requests}
    assert len(keys) == len(requests) == len(set(requests))


def test_answers_are_found_by_equal_requests_only() -> None:
    memo = Memo()
    requests = [Request("sha256", bytes((i,)), rules, align) for i in range(3) for rules in RULES for align in (1, 8)]
    for i, request in enumerate(requests):
        memo.put(request, ANSWER._replace(gas=i))
    for i, request in enumerate(requests):
        assert memo.get(request) == ANSWER._replace(gas=i)
    for a, b in combinations(requests, 2):
        assert memo_key(a) != memo_key(b)


def test_a_row_of_a_packed_batch_has_the_key_of_its_request() -> None:
    requests = [Request("hash", b"some bytes" * i, rules, align) for i, rules in enumerate(RULES) for align in (1, 4)]
    batch = PackedBatch.of(requests)
    assert memo_keys(batch) == [memo_key(request) for request in requests]
    assert memo_keys(batch.slice(3, 9)) == memo_keys(batch)[3:9]


def test_unserved_is_never_kept() -> None:
    memo = Memo()
    request = Request("sha256", b"")
    memo.put(request, Answer(None, "unserved", None, 0, ""))
    assert memo.get(request) is None
    for status in ("ok", "malformed", "panic"):
        memo.put(request._replace(args=status.encode()), ANSWER._replace(status=status))
    assert len(memo) == 3


@pytest.mark.parametrize("memo", [Memo(max_entries=100), Memo(max_bytes=100 * (ENTRY_BYTES + 1))])
def test_a_full_memo_forgets_what_was_used_least_recently(memo: Memo) -> None:
    requests = [Request("sha256", i.to_bytes(4, "little")) for i in range(1000)]
    for i, request in enumerate(requests):
        memo.put(request, ANSWER)
        assert memo.get(requests[0]) == ANSWER  # used again and again
        assert len(memo) <= 100
        assert memo.nbytes == len(memo) * (ENTRY_BYTES + 1)
        assert memo.get(request) == ANSWER, i
    assert memo.get(requests[500]) is None
    assert all(memo.get(request) == ANSWER for request in requests[-99:])


def test_a_memo_of_nothing_keeps_nothing() -> None:
    memo = Memo(max_entries=0)
    memo.put(Request("sha256", b""), ANSWER)
    assert len(memo) == 0


def test_missing_are_the_unknown_ones_each_once() -> None:
    memo = Memo()
    known, other = Request("sha256", b"1"), Request("sha256", b"2")
    memo.put(known, ANSWER)
    assert memo.missing([memo_key(request) for request in (known, other, known, other)]) == [1]
