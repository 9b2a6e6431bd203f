"""verify_bls: a BLS signature in G1 under a key in G2 of BLS12-381, both given as limbs that nobody has checked."""

from __future__ import annotations

import numpy as np

from coproc.engine.protocol import U8, Buffers, Check, Encoding, Engine, Group, Layout, Parsed, Status
from coproc.keys import BLS_LINES, BLS_STATUS, KeyRegistry
from coproc.operation import Batch, bls_versions
from coproc.ops.bls import message_points, signature_verdicts
from coproc.ops.shape import column, constant, steps, vec
from coproc.ops.verification import Verification

KEY_BYTES = 200
_CHECKS = Check.ON_CURVE | Check.IN_SUBGROUP


class VerifyBls(Verification):
    name = "verify_bls"
    layout = Layout.BLS
    flat = 1_750_000

    def check(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> tuple[U8, U8]:
        versions, messages = bls_versions(batch), vec(parsed, 0)
        n = len(versions)
        keys_at, signatures_at = column(parsed.fields, 1), column(parsed.fields, 2)
        signatures, bad_signature = engine.decode(Group.BLS12_381_G1, Encoding.DUSK_RAW, _CHECKS, signatures_at)
        rows, hold = keys.bls.rows(Buffers(keys_at, constant(n, KEY_BYTES)))
        bad_key = rows[:, BLS_STATUS]
        if np.count_nonzero(bad_signature) == np.count_nonzero(bad_key) == 0:
            hashed = message_points(engine, keys, versions, messages)
            verdict = signature_verdicts(engine, keys, signatures, hashed, rows[:, BLS_LINES])
            del hold
            return parsed.status, verdict
        verdict = np.zeros(n, np.uint8)
        index = np.flatnonzero((bad_signature == Status.OK) & (bad_key == Status.OK))
        if len(index):
            hashed = message_points(engine, keys, versions[index], messages.take(index))
            verdict[index] = signature_verdicts(engine, keys, signatures[index], hashed, rows[index, BLS_LINES])
        unreduced = (bad_signature == Status.UNREDUCED) | (bad_key == Status.UNREDUCED)
        index = np.flatnonzero(unreduced & (bad_signature != Status.INVALID) & (bad_key != Status.INVALID))
        if len(index):
            verdict[index] = engine.bls_exact(
                False, versions[index], messages.take(index), steps(len(index), 1), keys_at[index], signatures_at[index]
            )
        del hold
        return parsed.status, verdict
