"""An answer does not depend on its batch: on mates, order, size, mixture, or the way it was asked."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

import coproc
from coproc.coprocessor import Coprocessor
from coproc.operation import Answer, Request
from tests.samples import requests
from tests.vectors import load

EVERY_OP = pytest.mark.parametrize("op", requests.OPS)
WIDE = {"verify_plonk": 60, "verify_groth16_bn254": 40, "verify_bls": 60, "verify_bls_multisig": 40}


def chosen(op: str, thorough: bool) -> list[Request]:
    """Distinct requests at even distances, panics and malformed ones among them."""
    every = load.dusk(op)
    count = min(WIDE.get(op, 80), len(every)) if thorough else 6
    some = [every[i * len(every) // count] for i in range(count)]
    some += [c for c in every if c.status != "ok"][: 8 if thorough else 2]
    return list(dict.fromkeys(requests.request_of(c) for c in some))


def bare(answers: Sequence[Answer]) -> list[tuple[object, ...]]:
    return [(a.value, a.status, a.retbuf, a.gas) for a in answers]


@EVERY_OP
def test_a_batch_answers_as_its_members_alone(cp: Coprocessor, op: str, thorough: bool) -> None:
    asked = chosen(op, thorough)
    alone = [cp.run([r])[0] for r in asked]
    assert bare(cp.run(asked)) == bare(alone)


@EVERY_OP
def test_order_and_repetition_do_not_matter(cp: Coprocessor, op: str, thorough: bool) -> None:
    asked = chosen(op, thorough)
    wanted = dict(zip(asked, bare(cp.run(asked)), strict=True))
    shuffled = asked * 2 if thorough else list(asked)
    random.Random(op).shuffle(shuffled)
    assert bare(cp.run(shuffled)) == [wanted[r] for r in shuffled]


@EVERY_OP
def test_size_of_the_batch_does_not_matter(cp: Coprocessor, op: str, thorough: bool) -> None:
    asked = chosen(op, thorough)
    wanted = bare(cp.run(asked))
    for size in (1, 2, 3, 7, 64) if thorough else (3,):
        found = [a for i in range(0, len(asked), size) for a in cp.run(asked[i : i + size])]
        assert bare(found) == wanted


def test_operations_and_rules_may_be_mixed_in_one_run(cp: Coprocessor, thorough: bool) -> None:
    """Every operation, every version, in one call, in order."""
    cases = requests.mixed(12 if thorough else 2)
    answers = cp.run([requests.request_of(c) for c in cases])
    wrong = [d for c, a in zip(cases, answers, strict=True) if (d := requests.difference(c, a, gas=None))]
    assert not wrong, wrong[:5]
    assert len({c.op for c in cases}) == 11


def test_rules_ride_in_the_request(cp: Coprocessor) -> None:
    """The same bytes under V1, V2, V3 and every fork in one batch: each is answered under its own rules."""
    by_bytes: dict[tuple[str, bytes], list[load.DuskCase]] = {}
    for op in ("verify_plonk", "verify_bls"):
        for case in load.dusk(op):
            by_bytes.setdefault((op, case.argbuf), []).append(case)
    several = [group for group in by_bytes.values() if len({c.expect for c in group}) > 1][:4]
    assert len(several) == 4
    cases = [c for group in several for c in group]
    answers = cp.run([requests.request_of(c) for c in cases])
    wrong = [d for c, a in zip(cases, answers, strict=True) if (d := requests.difference(c, a, gas=None))]
    assert not wrong, wrong[:5]


def test_no_requests_give_no_answers(cp: Coprocessor) -> None:
    assert cp.run([]) == []


@EVERY_OP
def test_columns_answer_as_requests(cp: Coprocessor, op: str, thorough: bool) -> None:
    """run_columns: one buffer and offsets in, arrays out."""
    asked = chosen(op, thorough)
    rules = asked[0].rules
    asked = [r for r in asked if r.rules == rules]
    answers = cp.run(asked)
    data = np.frombuffer(b"".join(r.args.ljust(-(-len(r.args) // 8) * 8, b"\0") for r in asked), np.uint8)
    # Every buffer at an address of multiple 8, and nothing but its own bytes between its offsets: one request a call.
    starts = np.cumsum([0] + [-(-len(r.args) // 8) * 8 for r in asked])
    names = {"ok": 0, "malformed": 1, "panic": 2, "unserved": 3}
    operation = coproc.OPERATIONS[op]
    for i, (request, answer) in enumerate(zip(asked, answers, strict=True)):
        offsets = np.array([starts[i], starts[i] + len(request.args)], np.int64)
        columns = cp.run_columns(op, data, offsets, rules)
        assert columns.status.tolist() == [names[answer.status]]
        assert columns.gas.tolist() == [answer.gas]
        assert columns.retbuf.shape == (1, operation.width)
        if answer.retbuf is not None:
            assert columns.retbuf[0].tobytes() == answer.retbuf
        if isinstance(answer.value, bool):
            assert columns.value.tolist() == [int(answer.value)]
    packed = np.frombuffer(b"".join(r.args for r in asked), np.uint8)
    ends = np.cumsum([0] + [len(r.args) for r in asked]).astype(np.int64)
    columns = cp.run_columns(op, packed, ends, rules)
    assert columns.status.tolist() == [names[a.status] for a in answers]
    assert [row.tobytes() for row, a in zip(columns.retbuf, answers, strict=True) if a.retbuf is not None] == [
        a.retbuf for a in answers if a.retbuf is not None
    ]
    assert columns.gas.tolist() == [a.gas for a in answers]


@EVERY_OP
def test_submitted_requests_answer_as_run(cp: Coprocessor, op: str, thorough: bool) -> None:
    asked = chosen(op, thorough)[: 24 if thorough else 4]
    futures = [cp.submit(r) for r in asked]
    assert bare([f.result(timeout=300) for f in futures]) == bare(cp.run(asked))
