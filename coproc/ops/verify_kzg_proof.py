"""verify_kzg_proof: EIP-4844's point evaluation: p(z) = y for the polynomial behind a commitment C, with proof W.

e(C - y g1, g2) = e(W, [tau - z] g2) in the form e(C - y g1 + z W, g2) e(W, -[tau] g2) = 1, whose G2 points are fixed.
"""

from __future__ import annotations

from ctypes import string_at
from itertools import repeat

import numpy as np

from coproc.engine.protocol import Buffers, Check, Curve, Encoding, Engine, Group, Layout, Parsed, Status, rows_of
from coproc.fold.claims import Claims, Slot, Sum
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Pending
from coproc.ops.digest import FR
from coproc.ops.shape import column, constant, is_all
from coproc.ops.verification import Verification, nothing, sealed

_R = np.bytes_(FR.to_bytes(32, "big"))
_G1 = Group.BLS12_381_G1
_READ = 160  # z, y, C and W lie side by side


class VerifyKzgProof(Verification):
    name = "verify_kzg_proof"
    layout = Layout.KZG
    flat = 2_000_000

    def pending(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        fixed = keys.fixed
        at = parsed.fields
        n = len(at)
        # big-endian; as padded byte strings they compare like integers
        z_y = np.frombuffer(b"".join(map(string_at, at[:, 0].tolist(), repeat(64))), "S32").reshape(n, 2)
        points, invalid = engine.decode(_G1, Encoding.ZCASH, Check.IN_SUBGROUP, at[:, 2:].ravel())
        scalars = np.zeros((n, 3, 4), np.uint64)  # of -g1, C, W
        scalars[:, 1, 0] = 1
        scalars[:, ::-2].view(np.uint8)[:] = z_y.view(np.uint8).reshape(n, 2, 32)[:, :, ::-1]
        terms = np.empty((n, 3), np.uint64)
        terms[:, 0] = fixed.minus_g1
        terms[:, 1:] = rows_of(points).reshape(n, 2)
        tables = np.zeros((n, 3), np.uint64)
        tables[:, 0] = fixed.minus_g1_table
        slots = [
            Slot(Sum(terms, scalars, tables, common=1), lines=constant(n, fixed.g2_lines)),
            Slot(points.reshape(n, 2, 12)[:, 1], lines=constant(n, fixed.minus_tau_lines)),
        ]
        read = Buffers(column(at, 0), constant(n, _READ))
        claims = Claims(Curve.BLS12_381, slots, sealed(engine, self.name, batch, [read]), hold=[points, keys])
        good = (z_y < _R) & (invalid.reshape(n, 2) == Status.OK)
        index = np.flatnonzero(good[:, 0] & good[:, 1]) if not is_all(good) else np.arange(n)
        result = nothing(n)
        if len(index):
            result.claims, result.index = claims if len(index) == n else claims.take(index), index
        return result
