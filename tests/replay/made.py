"""Engines that lie, and batches on which they were found out."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from coproc.coprocessor import Coprocessor
from coproc.engine.cpu import CpuEngine
from coproc.engine.protocol import U8, U64, Buffers, Curve
from coproc.fold.product import one
from coproc.fold.settle import Combiner, Record
from coproc.operation import Request
from coproc.replay import Fold, Kept, Run
from tests.samples.requests import accepted, cases, request_of


class Yes(CpuEngine):
    """Every product of pairings is one."""

    def __init__(self) -> None:
        super().__init__("portable")
        self.name = "cpu:yes"

    def final_exponentiation(self, curve: Curve, f: U64) -> U64:
        return np.repeat(one(curve)[None], len(f), axis=0)

    def pairing_check(self, curve: Curve, offsets: U64, *rest: Any) -> U8:
        return np.ones(len(offsets) - 1, np.uint8)


class Flip(CpuEngine):
    """The last bit of every SHA-256 digest is another one."""

    def __init__(self) -> None:
        super().__init__("portable")
        self.name = "cpu:flip"

    def sha256(self, data: Buffers) -> U8:
        digest = super().sha256(data)
        digest[:, 31] ^= 1
        return digest


@cache
def batch() -> tuple[Request, ...]:
    """Requests of several operations whose claims fold, one of them false, and digests."""
    some = [*accepted("verify_plonk", 6), *accepted("verify_groth16_bn254", 5), *accepted("verify_bls", 4), *accepted("sha256", 3)]
    return (*some, request_of(cases("verify_plonk", accepted=False, status="ok")[0]))


def asked(engine: CpuEngine, requests: tuple[Request, ...], place: str = "") -> Run:
    """All requests at once, as a coprocessor answers them."""
    records: list[Record] = []
    with Coprocessor(engine, workers=1, combiner=Combiner(on_record=records.append)) as coprocessor:
        answers = coprocessor.run(requests)
    return Run.whole(engine.name, requests, answers, [Fold(r.seed, r.digest) for r in records], place)


@cache
def kept(kind: str = "yes") -> Kept:
    """The batch with the runs of a liar and of an honest engine."""
    liar = Yes() if kind == "yes" else Flip()
    return Kept(batch(), (asked(liar, batch(), "worker 3"), asked(CpuEngine("portable"), batch())), "an audit found another answer", 1.8e9)
