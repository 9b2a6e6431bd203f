"""verify_groth16_bn254: Groth16 over BN254 under arkworks' prepared verification keys, whose line coefficients the caller supplies.

e(A, B) e(inputs, -gamma) e(C, -delta) is compared with the target of the key, any value of Fp12 as given. A coefficient list
that is too short for a pair that takes part makes upstream panic, if key, proof and inputs all decode.
"""

from __future__ import annotations

import numpy as np

from coproc.engine.protocol import U8, U64, Addresses, Check, Curve, Encoding, Engine, Group, Layout, Parsed, Status, rows_of
from coproc.keys import GROTH16_LINES, GROTH16_SHORT, GROTH16_TARGET, GROTH16_VALID, KeyRegistry
from coproc.operation import Batch
from coproc.ops.shape import all_of, column, is_all, steps, vec
from coproc.ops.verification import Verification

PROOF_BYTES, INPUT_BYTES = 128, 32
_G1, _G2 = Group.BN254_G1, Group.BN254_G2


class VerifyGroth16Bn254(Verification):
    name = "verify_groth16_bn254"
    layout = Layout.GROTH16
    flat = 4_500_000

    def check(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> tuple[U8, U8]:
        rows, hold = keys.groth16.rows(vec(parsed, 0))
        counts = parsed.counts
        live = (counts[:, 1] >= PROOF_BYTES) & (counts[:, 2] >= INPUT_BYTES) & (rows[:, GROTH16_VALID] != 0)
        if is_all(live):
            status, verdict = _check(engine, rows, parsed)
        else:
            index = np.flatnonzero(live)
            status, verdict = np.zeros((2, len(live)), np.uint8)
            if len(index):
                status[index], verdict[index] = _check(engine, rows[index], parsed.take(index))
        del hold
        return status, verdict


def _check(engine: Engine, rows: U64, parsed: Parsed) -> tuple[U8, U8]:
    """status and verdict of proofs and inputs that are long enough, under valid keys."""
    n = len(rows)
    proofs, inputs = parsed.fields[:, 1], parsed.fields[:, 2]
    at = np.empty((n, 3), np.uint64)
    at[:, 0] = proofs
    at[:, 1] = inputs
    at[:, 2] = proofs + np.uint64(96)
    g1, invalid = engine.decode(_G1, Encoding.ARK_COMPRESSED, Check.IN_SUBGROUP, at.ravel())
    g2, invalid_b = engine.decode(_G2, Encoding.ARK_COMPRESSED, Check.IN_SUBGROUP, proofs + np.uint64(32))
    lines = np.empty((n, 3), np.uint64)
    lines[:, 0], hold = _lines(engine, g2)
    lines[:, 1:] = rows[:, GROTH16_LINES]
    verdict = engine.pairing_check(Curve.BN254, steps(n, 3), g1, lines.ravel(), column(rows, GROTH16_TARGET))
    del hold
    status = np.zeros(n, np.uint8)
    bad = np.count_nonzero(invalid) or np.count_nonzero(invalid_b)
    good = (invalid_b == Status.OK) & all_of(invalid == Status.OK, 3) if bad else np.ones(n, np.bool_)
    if bad:
        verdict &= good.view(np.uint8)
    short = rows[:, GROTH16_SHORT]
    if np.count_nonzero(short):
        takes_part = g1.reshape(n, 3, 8)[:, 1:].any(axis=2)
        panic = good & ((short != 0) & takes_part).any(axis=1)
        status[panic] = Status.PANIC
        verdict[panic] = 0
    return status, verdict


def _lines(engine: Engine, g2: U64) -> tuple[Addresses, U64]:
    """Addresses of the prepared lines of each point, 0 for infinity; and what they point into."""
    finite = g2[:, 0] != 0
    if not is_all(finite):
        finite = g2.any(axis=1)
    if is_all(finite):
        lines = engine.lines(Curve.BN254, g2)
        return rows_of(lines), lines
    lines = engine.lines(Curve.BN254, g2[finite])
    at = np.zeros(len(g2), np.uint64)
    at[finite] = rows_of(lines)
    return at, lines
