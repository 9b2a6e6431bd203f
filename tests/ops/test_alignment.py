"""The alignment of the argument buffer's base decides what decodes, as in upstream, and travels with the request."""

from __future__ import annotations

import pytest

import coproc
from coproc.coprocessor import Coprocessor
from coproc.operation import ALIGNMENTS
from tests.samples import requests

#: Alignment that the root and its elements need (an empty Vec<Fr> is still aligned to 8).
NEEDED = {
    "hash": 4, "keccak256": 4, "sha256": 4, "poseidon_hash": 8, "verify_plonk": 8, "verify_groth16_bn254": 4, "verify_schnorr": 8,
    "verify_bls": 8, "verify_bls_multisig": 8, "verify_kzg_proof": 1, "secp256k1_recover": 1,
}  # fmt: skip


@pytest.mark.parametrize("op", requests.OPS)
def test_a_base_less_aligned_than_needed_is_malformed(cp: Coprocessor, op: str) -> None:
    request = requests.accepted(op)[0]
    needed = NEEDED[op]
    answers = cp.run([request._replace(align=align) for align in ALIGNMENTS])
    assert [a.status for a in answers] == ["ok" if align >= needed else "malformed" for align in ALIGNMENTS]
    good = cp.run([request])[0]
    operation = coproc.OPERATIONS[op]
    for answer in answers:
        assert answer.retbuf == (good.retbuf if answer.status == "ok" else operation.fallback)


@pytest.mark.parametrize("op", requests.OPS)
def test_bytes_in_front_keep_the_answer_only_by_multiples_of_the_alignment(cp: Coprocessor, op: str) -> None:
    """The root lies at the end; blocks are found relative to it: k bytes in front shift every address by k."""
    request = requests.accepted(op)[0]
    good = cp.run([request])[0]
    needed = NEEDED[op]
    answers = cp.run([request._replace(args=b"\xa5" * k + request.args) for k in range(1, 17)])
    for k, answer in zip(range(1, 17), answers, strict=True):
        assert answer.status == ("ok" if k % needed == 0 else "malformed"), k
        if answer.status == "ok":
            assert answer.retbuf == good.retbuf
