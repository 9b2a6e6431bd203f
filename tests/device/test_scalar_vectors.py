"""poseidon_hash and verify_schnorr through the engine of a device: every recorded answer of Dusk, and nothing that the host found wrong."""

from __future__ import annotations

import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.device.engine import Always, DeviceEngine
from coproc.engine.device.opencl import OpenClDevice
from coproc.operation import Request, Rules
from tests.samples import requests
from tests.vectors import load

METHOD = {"poseidon_hash": "poseidon", "verify_schnorr": "schnorr"}


class Asked(Always):
    """Sends everything to the device and remembers what."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def takes(self, what: str, n: int) -> bool:
        self.seen[what] = self.seen.get(what, 0) + n
        return super().takes(what, n)


@pytest.mark.parametrize("op", METHOD)
def test_every_recorded_answer_is_given_on_the_device(op: str) -> None:
    asked = Asked()
    engine = DeviceEngine(OpenClDevice(), "opencl:0", policy=asked)
    coprocessor = Coprocessor(engine, workers=1)
    for name in sorted(load.DUSK_COUNTS):
        cases = load.dusk(op, name)
        answers = coprocessor.run([requests.request_of(c) for c in cases])
        assert [d for c, a in zip(cases, answers, strict=True) if (d := requests.difference(c, a, gas=None))] == []
    mutated = load.mutated(op)
    answers = coprocessor.run([Request(op, bytes.fromhex(c["argbuf"]), Rules(plonk=c["plonk"], fork=c["fork"])) for c in mutated])
    assert [None if a.retbuf is None else a.retbuf.hex() for a in answers] == [c["retbuf"] for c in mutated]
    assert asked.seen[METHOD[op]] > 500
    assert engine.suspicions == 0
    assert engine.lost is None
