"""Typed arguments and argument buffers say the same: a line with `args` is answered as the line with `argbuf`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.protocol import Buffers, Engine, Layout, Status
from coproc.operation import Request
from coproc.wire import arguments
from tests.engine import kit
from tests.ops.test_vectors import FEW
from tests.samples import requests
from tests.vectors import load
from tests.vectors.load import DuskCase

Sample = Callable[[Sequence[DuskCase], int], Sequence[DuskCase]]

EVERY_OP = pytest.mark.parametrize("op", requests.OPS)
LAYOUT = {
    "hash": Layout.BYTES, "keccak256": Layout.BYTES, "sha256": Layout.BYTES, "poseidon_hash": Layout.SCALARS,
    "verify_plonk": Layout.PLONK, "verify_groth16_bn254": Layout.GROTH16, "verify_schnorr": Layout.SCHNORR, "verify_bls": Layout.BLS,
    "verify_bls_multisig": Layout.MULTISIG, "verify_kzg_proof": Layout.KZG, "secp256k1_recover": Layout.RECOVER,
}  # fmt: skip
#: Bytes of an element of each Vec field, by layout; fields inline count bytes already.
ELEMENT = {Layout.SCALARS: {0: 32}, Layout.PLONK: {2: 32}, Layout.MULTISIG: {1: 200}}
FIELDS = {
    Layout.BYTES: 1, Layout.SCALARS: 1, Layout.PLONK: 3, Layout.GROTH16: 3, Layout.SCHNORR: 3, Layout.BLS: 3, Layout.MULTISIG: 3,
    Layout.KZG: 4, Layout.RECOVER: 2,
}  # fmt: skip


def typed(op: str) -> list[DuskCase]:
    return [c for c in load.dusk(op) if c.args is not None]


def fields(engine: Engine, op: str, buffers: Sequence[bytes]) -> list[list[bytes] | None]:
    """The bytes of each field as the engine parses them; None where the buffer is refused."""
    items = list(buffers)
    parsed = engine.parse(LAYOUT[op], Buffers.of(items), np.full(len(items), 8, np.uint8))
    out: list[list[bytes] | None] = []
    for i, status in enumerate(parsed.status):
        if status != Status.OK:
            out.append(None)
            continue
        sizes = [int(parsed.counts[i, k]) * ELEMENT.get(LAYOUT[op], {}).get(k, 1) for k in range(FIELDS[LAYOUT[op]])]
        views = Buffers(parsed.fields[i, : len(sizes)].copy(), np.array(sizes, np.uint64), items)
        out.append([views[k] for k in range(len(sizes))])
    return out


@EVERY_OP
def test_parsing_accepts_exactly_what_dusk_decodes(engine: Engine, op: str) -> None:
    for name in load.DUSK_COUNTS:
        cases = load.dusk(op, name)
        found = fields(engine, op, [c.argbuf for c in cases])
        assert [f is None for f in found] == [c.args is None for c in cases]


@EVERY_OP
def test_encoding_typed_arguments_gives_a_buffer_with_the_same_fields(engine: Engine, op: str) -> None:
    """Where Dusk's buffer holds bytes that nothing reads (in front, between, padding), ours need not."""
    cases = typed(op)
    encoded = [arguments.encode(op, c.args or {}) for c in cases]
    ours, theirs = fields(engine, op, encoded), fields(engine, op, [c.argbuf for c in cases])
    wrong = [c.name for c, a, b in zip(cases, ours, theirs, strict=True) if stripped(op, a) != stripped(op, b)]
    assert not wrong, wrong[:10]


def stripped(op: str, found: list[bytes] | None) -> list[bytes] | None:
    """Without the seven bytes of padding behind each BLS point's infinity byte; with Schnorr's u, which counts mod its order, reduced."""
    assert found is not None
    if op in ("verify_bls", "verify_bls_multisig"):
        keys = b"".join(found[1][i : i + 193] for i in range(0, len(found[1]), 200))
        return [found[0], keys, found[2][:97]]
    if op == "verify_schnorr":
        u = int.from_bytes(found[2][:32], "little") % kit.JUBJUB_R
        return [found[0], found[1], u.to_bytes(32, "little") + found[2][32:]]
    return found


@EVERY_OP
def test_honest_buffers_are_those_of_the_encoder(op: str) -> None:
    """Byte for byte, for the cases made by Dusk's own encoder alone: every valid one."""
    valid = [c for c in typed(op) if c.case.startswith("valid") or c.case.startswith("random-") or "-made-for-" in c.case]
    assert len(valid) >= 3
    assert [c.name for c in valid if arguments.encode(op, c.args or {}) != c.argbuf] == []


@EVERY_OP
def test_typed_arguments_are_answered_as_their_buffer(cp: Coprocessor, sample: Sample, op: str) -> None:
    cases = sample(typed(op), max(4, FEW[op] // 2))
    asked = [Request(op, arguments.encode(op, c.args or {}), requests.rules_of(c.version)) for c in cases]
    wrong = [d for c, a in zip(cases, cp.run(asked), strict=True) if (d := requests.difference(c, a, gas=None))]
    assert not wrong, wrong[:10]
    assert kit.BLS_R == arguments.FR
