"""verify_plonk: Dusk's PLONK over BLS12-381, versions V1, V2 and V3.

With a prepared key the claim is e(z[W_z] + u z w [W_zw] + F - E g, h) e(-([W_z] + u[W_zw]), x_h) = 1: two sums of points whose
scalars come from the transcript, and one product of two pairings.
"""

from __future__ import annotations

import numpy as np

from coproc.engine.protocol import (
    PLONK_KEY_POINTS,
    PLONK_PROOF_POINTS,
    PLONK_TERMS,
    Addresses,
    Buffers,
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
from coproc.fold.claims import Claims, Slot, Sum
from coproc.key_rows import PLONK_DIGEST, PLONK_KEY, PLONK_LINES, PLONK_POINTS, PLONK_TABLES, PLONK_VALID
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Pending, plonk_versions
from coproc.ops.shape import all_of, column, constant, is_all, vec
from coproc.ops.verification import Verification, nothing, sealed

PROOF_BYTES = 1008
SCALAR_BYTES = 32
_PROOF_POINTS_AT = multiples(PLONK_PROOF_POINTS, 48)
_G1 = Group.BLS12_381_G1


class VerifyPlonk(Verification):
    name = "verify_plonk"
    layout = Layout.PLONK
    flat = 10_000_000

    def pending(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        rows, hold = keys.plonk.rows(vec(parsed, 0))
        result = nothing(len(rows))
        live = (parsed.counts[:, 1] >= PROOF_BYTES) & (rows[:, PLONK_VALID] != 0)
        index = np.arange(len(live))
        if not is_all(live):
            index = np.flatnonzero(live)
            if not len(index):
                return result
            rows, batch, parsed = rows[index], batch.take(index), parsed.take(index)
        n = len(rows)
        proofs = Buffers(column(parsed.fields, 1), constant(n, PROOF_BYTES))
        inputs, counts = column(parsed.fields, 2), column(parsed.counts, 2)
        at: Addresses = proofs.addresses.reshape(n, 1) + _PROOF_POINTS_AT
        points, invalid = engine.decode(_G1, Encoding.ZCASH, Check.IN_SUBGROUP, at.ravel())
        scalars, scalars_x, status = engine.plonk_scalars(column(rows, PLONK_KEY), plonk_versions(batch), proofs, inputs, counts)
        terms = np.empty((n, PLONK_TERMS), np.uint64)
        terms[:, :PLONK_KEY_POINTS] = rows[:, PLONK_POINTS]
        terms[:, PLONK_KEY_POINTS:] = rows_of(points).reshape(n, PLONK_PROOF_POINTS)
        tables = np.zeros((n, PLONK_TERMS), np.uint64)
        tables[:, :PLONK_KEY_POINTS] = rows[:, PLONK_TABLES]
        lines = rows[:, PLONK_LINES]
        slots = [
            Slot(Sum(terms, scalars, tables, common=PLONK_KEY_POINTS), lines=column(lines, 0)),
            Slot(Sum(terms[:, PLONK_TERMS - 2 :], scalars_x), lines=column(lines, 1)),
        ]
        seal = sealed(engine, self.name, batch, [proofs, Buffers(inputs, counts * np.uint64(SCALAR_BYTES))], rows[:, PLONK_DIGEST])
        claims = Claims(Curve.BLS12_381, slots, seal, hold=[points, hold])
        if np.count_nonzero(invalid) or np.count_nonzero(status):
            good = np.flatnonzero((status == Status.OK) & all_of(invalid == Status.OK, PLONK_PROOF_POINTS))
            claims, index = claims.take(good), index[good]
        if len(index):
            result.claims, result.index = claims, index
        return result
