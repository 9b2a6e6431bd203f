"""verify_kzg_proof: EIP-4844's point evaluation: p(z) = y for the polynomial behind a commitment C, with proof W.

e(C - y g1, g2) = e(W, [tau - z] g2) in the form e(C - y g1 + z W, g2) e(W, -[tau] g2) = 1, whose G2 points are fixed.
"""

from __future__ import annotations

from ctypes import string_at
from itertools import repeat

import numpy as np

from coproc.engine.protocol import U8, Check, Curve, Encoding, Engine, Group, Layout, Parsed, Status, rows_of
from coproc.keys import KeyRegistry
from coproc.operation import Batch
from coproc.ops.digest import FR
from coproc.ops.shape import steps
from coproc.ops.verification import Verification

_R = np.bytes_(FR.to_bytes(32, "big"))
_G1 = Group.BLS12_381_G1


class VerifyKzgProof(Verification):
    name = "verify_kzg_proof"
    layout = Layout.KZG
    flat = 2_000_000

    def check(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> tuple[U8, U8]:
        fixed = keys.fixed
        at = parsed.fields
        n = len(at)
        # z and y lie side by side, big-endian; as padded byte strings they compare like integers
        z_y = np.frombuffer(b"".join(map(string_at, at[:, 0].tolist(), repeat(64))), "S32").reshape(n, 2)
        canonical = z_y < _R
        points, invalid = engine.decode(_G1, Encoding.ZCASH, Check.IN_SUBGROUP, at[:, 2:].ravel())
        scalars = np.zeros((n, 3, 4), np.uint64)  # of C, W, -g1
        scalars[:, 0, 0] = 1
        scalars[:, 1:].view(np.uint8).reshape(n, 2, 32)[:] = z_y.view(np.uint8).reshape(n, 2, 32)[:, :, ::-1]
        terms = np.empty((n, 3), np.uint64)
        terms[:, :2] = rows_of(points).reshape(n, 2)
        terms[:, 2] = fixed.minus_g1
        tables = np.zeros((n, 3), np.uint64)
        tables[:, 2] = fixed.minus_g1_table
        g1 = points.reshape(n, 2, 12)
        g1[:, 0] = engine.msm(_G1, steps(n, 3), terms.ravel(), scalars, tables.ravel())
        lines = np.empty((n, 2), np.uint64)
        lines[:, 0] = fixed.g2_lines
        lines[:, 1] = fixed.minus_tau_lines
        verdict = engine.pairing_check(Curve.BLS12_381, steps(n, 2), g1, lines.ravel())
        if np.count_nonzero(invalid) or np.count_nonzero(canonical) != 2 * n:
            good = canonical & (invalid.reshape(n, 2) == Status.OK)
            verdict &= (good[:, 0] & good[:, 1]).view(np.uint8)
        return parsed.status, verdict
