"""Host functions against public suites that were not made from Dusk's code: c-kzg, ecrecover, Rooterberg, hash standards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from Crypto.Hash import keccak

from coproc.coprocessor import Coprocessor
from coproc.operation import Request
from coproc.wire import arguments
from tests.vectors import load

Sample = Callable[[Sequence[Any], int], Sequence[Any]]


def test_openings_verify_as_in_c_kzg(cp: Coprocessor, sample: Sample) -> None:
    """What c-kzg reports as an error, Dusk answers as false; inputs of another length cannot be written as arguments."""
    cases = [
        c for c in load.public("kzg/verify_kzg_proof") if [len(c["in"][k]) for k in ("z", "y", "commitment", "proof")] == [66, 66, 98, 98]
    ]
    assert len(cases) > 50
    cases = list(sample(cases, 8))
    asked = [Request("verify_kzg_proof", arguments.encode("verify_kzg_proof", {k: v[2:] for k, v in c["in"].items()})) for c in cases]
    assert [(c["id"], a.value) for c, a in zip(cases, cp.run(asked), strict=True)] == [(c["id"], c["expect"] is True) for c in cases]


def test_recovered_keys_have_the_addresses_of_ecrecover(cp: Coprocessor) -> None:
    cases = load.public("evm/ecrecover")
    asked = []
    for case in cases:
        data = bytes.fromhex(case["in"]["data"])[:128].ljust(128, b"\0")
        v = int.from_bytes(data[32:64], "big")
        asked.append(Request("secp256k1_recover", data[:32] + data[64:128] + bytes([v if v in (27, 28) else 255])))
    found = []
    for answer in cp.run(asked):
        assert answer.status == "ok"
        key = answer.value
        found.append("" if not isinstance(key, bytes) else keccak.new(digest_bits=256, data=key[1:]).hexdigest()[24:].rjust(64, "0"))
    assert found == [c["expect"]["out"] for c in cases]


@pytest.mark.parametrize(("op", "suite"), [("sha256", "hash/sha256"), ("keccak256", "hash/keccak256")])
def test_hashes_give_their_known_answers(cp: Coprocessor, sample: Sample, op: str, suite: str) -> None:
    cases = sample(load.public(suite), 40)
    asked = [Request(op, arguments.encode(op, {"bytes": c["in"]["data"]})) for c in cases]
    answers = cp.run(asked)
    assert [a.value.hex() if isinstance(a.value, bytes) else a.value for a in answers] == [c["expect"] for c in cases]
