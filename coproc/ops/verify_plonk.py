"""verify_plonk: Dusk's PLONK over BLS12-381, versions V1, V2 and V3.

With a prepared key the check is e(z[W_z] + u z w [W_zw] + F - E g, h) e(-([W_z] + u[W_zw]), x_h) = 1: two sums of points whose
scalars come from the transcript, and one product of two pairings.
"""

from __future__ import annotations

import numpy as np

from coproc.engine.protocol import (
    PLONK_KEY_POINTS,
    PLONK_PROOF_POINTS,
    PLONK_TERMS,
    U8,
    U64,
    Addresses,
    Check,
    Curve,
    Encoding,
    Engine,
    Group,
    Layout,
    Parsed,
    Status,
    multiples,
    rows_of,
)
from coproc.keys import PLONK_KEY, PLONK_LINES, PLONK_POINTS, PLONK_TABLES, PLONK_VALID, KeyRegistry
from coproc.operation import Batch, plonk_versions
from coproc.ops.shape import MAX_BATCH, all_of, column, is_all, steps, vec, verdicts
from coproc.ops.verification import Verification

PROOF_BYTES = 1008
TERMS = PLONK_TERMS + 2  # both sums of a proof, one behind the other
_PROOF_POINTS_AT = multiples(PLONK_PROOF_POINTS, 48)
_G1 = Group.BLS12_381_G1


def _offsets(n: int) -> U64:
    """0, 27, 29, 56, ...: the two sums of each proof."""
    offsets = np.empty(2 * n + 1, np.uint64)
    offsets[::2] = multiples(n + 1, TERMS)
    offsets[1::2] = offsets[:-1:2] + np.uint64(PLONK_TERMS)
    return offsets


_OFFSETS = _offsets(MAX_BATCH)


class VerifyPlonk(Verification):
    name = "verify_plonk"
    layout = Layout.PLONK
    flat = 10_000_000

    def check(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> tuple[U8, U8]:
        rows, hold = keys.plonk.rows(vec(parsed, 0))
        versions = plonk_versions(batch)
        live = (parsed.counts[:, 1] >= PROOF_BYTES) & (rows[:, PLONK_VALID] != 0)
        if is_all(live):
            verdict = _verdicts(engine, rows, versions, parsed)
        else:
            index = np.flatnonzero(live)
            some = _verdicts(engine, rows[index], versions[index], parsed.take(index)) if len(index) else np.zeros(0, np.uint8)
            verdict = verdicts(len(live), index, some)
        del hold
        return parsed.status, verdict


def _verdicts(engine: Engine, rows: U64, versions: U8, parsed: Parsed) -> U8:
    """verdict uint8[n] of proofs that are long enough, under valid keys."""
    n = len(rows)
    proofs = vec(parsed, 1)
    at: Addresses = proofs.addresses.reshape(n, 1) + _PROOF_POINTS_AT
    points, invalid = engine.decode(_G1, Encoding.ZCASH, Check.IN_SUBGROUP, at.ravel())
    scalars, scalars_x, status = engine.plonk_scalars(
        column(rows, PLONK_KEY), versions, proofs, column(parsed.fields, 2), column(parsed.counts, 2)
    )  # fmt: skip
    terms = np.empty((n, TERMS), np.uint64)
    terms[:, :PLONK_KEY_POINTS] = rows[:, PLONK_POINTS]
    terms[:, PLONK_KEY_POINTS:PLONK_TERMS] = rows_of(points).reshape(n, PLONK_PROOF_POINTS)
    terms[:, PLONK_TERMS:] = terms[:, PLONK_TERMS - 2 : PLONK_TERMS]
    tables = np.zeros((n, TERMS), np.uint64)
    tables[:, :PLONK_KEY_POINTS] = rows[:, PLONK_TABLES]
    sums = engine.msm(_G1, _OFFSETS[: 2 * n + 1], terms.ravel(), np.concatenate((scalars, scalars_x), axis=1), tables.ravel())
    verdict = engine.pairing_check(Curve.BLS12_381, steps(n, 2), sums, rows[:, PLONK_LINES].ravel())
    if np.count_nonzero(invalid) or np.count_nonzero(status):
        good = (status == Status.OK) & all_of(invalid == Status.OK, PLONK_PROOF_POINTS)
        verdict &= good.view(np.uint8)
    return verdict
