"""Requests of every operation, good, bad and damaged, under all rules; and one digest of what was answered."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from functools import cache

from coproc.coprocessor import Coprocessor
from coproc.operation import ALIGNMENTS, FORKS, PLONK_VERSIONS, Answer, Request, Rules
from tests.samples.requests import OPS, request_of
from tests.vectors import load

MOST = 2_000


@cache
def requests(count: int = MOST) -> tuple[Request, ...]:
    """The same each time; one in twenty occurs a second time."""
    rng = random.Random("one transcript")
    cases = {op: load.dusk(op) for op in OPS}
    made = [_request(rng, cases[OPS[i % len(OPS)]]) for i in range(count - count // 20)]
    made += rng.sample(made, count // 20)
    rng.shuffle(made)
    return tuple(made)


def _request(rng: random.Random, cases: Sequence[load.DuskCase]) -> Request:
    request = request_of(rng.choice(cases), fork=rng.choice((None, "Boreas")))
    if rng.random() < 0.2:
        request = request._replace(rules=Rules(rng.choice(PLONK_VERSIONS), rng.choice(FORKS)))
    if rng.random() < 0.1:
        request = request._replace(align=rng.choice(ALIGNMENTS))
    if rng.random() < 0.2 and request.args:
        damaged = bytearray(request.args)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        request = request._replace(args=bytes(damaged))
    return request


def digest(answers: Sequence[Answer]) -> str:
    """Over verdict, status, returned bytes and gas, in order. Who answered is no part of it."""
    return hashlib.sha256(repr([(a.value, a.status, a.retbuf, a.gas) for a in answers]).encode()).hexdigest()


@cache
def truth() -> str:
    """The digest of a coprocessor's answers, in one run on one thread with the portable kernels."""
    with Coprocessor("cpu:portable", workers=1) as coprocessor:
        return digest(coprocessor.run(requests()))
