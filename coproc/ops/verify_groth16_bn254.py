"""verify_groth16_bn254: Groth16 over BN254 under arkworks' prepared verification keys, whose line coefficients the caller supplies.

e(A, B) e(inputs, -gamma) e(C, -delta) is compared with the target of the key, any value of Fp12 as given. A coefficient list
that is too short for a pair that takes part makes upstream panic, if key, proof and inputs all decode. Only the claims of honest
keys (`coproc.honest`) are folded: there the target is e(alpha, beta).
"""

from __future__ import annotations

import numpy as np

from coproc.engine.protocol import Buffers, Check, Curve, Encoding, Engine, Group, Layout, Parsed, Status
from coproc.fold.claims import Claims, Slot, Sum
from coproc.key_rows import ALPHA_BYTES, GROTH16_CLOSING, GROTH16_DIGEST, GROTH16_LINES, GROTH16_SHORT, GROTH16_TARGET, GROTH16_VALID
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Pending
from coproc.ops.shape import column, constant, is_all, vec
from coproc.ops.verification import Verification, nothing, sealed

PROOF_BYTES, INPUT_BYTES = 128, 32
_G1, _G2 = Group.BN254_G1, Group.BN254_G2


class VerifyGroth16Bn254(Verification):
    name = "verify_groth16_bn254"
    layout = Layout.GROTH16
    flat = 4_500_000

    def pending(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        rows, hold = keys.groth16.rows(vec(parsed, 0))
        counts = parsed.counts
        result = nothing(len(rows))
        live = (counts[:, 1] >= PROOF_BYTES) & (counts[:, 2] >= INPUT_BYTES) & (rows[:, GROTH16_VALID] != 0)
        index = np.arange(len(live))
        if not is_all(live):
            index = np.flatnonzero(live)
            if not len(index):
                return result
            rows, batch, parsed = rows[index], batch.take(index), parsed.take(index)
        n = len(rows)
        proofs, inputs = column(parsed.fields, 1), column(parsed.fields, 2)
        at = np.empty((3, n), np.uint64)
        at[0] = proofs
        at[1] = inputs
        at[2] = proofs + np.uint64(96)
        g1, invalid = engine.decode(_G1, Encoding.ARK_COMPRESSED, Check.IN_SUBGROUP, at.ravel())
        g2, invalid_b = engine.decode(_G2, Encoding.ARK_COMPRESSED, Check.IN_SUBGROUP, proofs + np.uint64(32))
        a, x, c = g1.reshape(3, n, 8)
        lines = rows[:, GROTH16_LINES]
        ones = np.zeros((n, 1, 4), np.uint64)
        ones[:, 0, 0] = 1
        at_alpha = column(rows, GROTH16_CLOSING)
        minus_alpha = Sum(at_alpha.reshape(n, 1), ones, common=1)
        read = [Buffers(proofs, constant(n, PROOF_BYTES)), Buffers(inputs, constant(n, INPUT_BYTES))]
        claims = Claims(
            Curve.BN254,
            [Slot(a, g2=g2), Slot(x, lines=column(lines, 0)), Slot(c, lines=column(lines, 1))],
            sealed(engine, self.name, batch, read, rows[:, GROTH16_DIGEST]),
            targets=column(rows, GROTH16_TARGET),
            closing=Slot(minus_alpha, lines=at_alpha + np.uint64(ALPHA_BYTES)),
            foldable=at_alpha != 0,
            hold=[hold],
        )
        short = rows[:, GROTH16_SHORT]
        if np.count_nonzero(invalid) or np.count_nonzero(invalid_b) or np.count_nonzero(short):
            good = (invalid_b == Status.OK) & (invalid.reshape(3, n) == Status.OK).all(axis=0)
            takes_part = np.stack((x.any(axis=1), c.any(axis=1)), axis=1)
            panic = good & ((short != 0) & takes_part).any(axis=1)
            result.status[index[panic]] = Status.PANIC
            chosen = np.flatnonzero(good & ~panic)
            claims, index = claims.take(chosen), index[chosen]
        if len(index):
            result.claims, result.index = claims, index
        return result
