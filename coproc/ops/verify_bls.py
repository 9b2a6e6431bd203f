"""verify_bls: a BLS signature in G1 under a key in G2 of BLS12-381, both given as limbs that nobody has checked."""

from __future__ import annotations

import numpy as np

from coproc.engine.protocol import POINT_WORDS, Buffers, Check, Encoding, Engine, Group, Layout, Parsed, Status
from coproc.key_rows import BLS_LINES, BLS_POINT, BLS_STATUS
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Pending, bls_versions
from coproc.ops.bls import message_points, signature_claims
from coproc.ops.shape import column, constant, steps, vec, words_at
from coproc.ops.verification import Verification, nothing, sealed

KEY_BYTES = 200
SIGNATURE_BYTES = 104
_CHECKS = Check.ON_CURVE | Check.IN_SUBGROUP


class VerifyBls(Verification):
    name = "verify_bls"
    layout = Layout.BLS
    flat = 1_750_000

    def pending(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        versions, messages = bls_versions(batch), vec(parsed, 0)
        n = len(versions)
        keys_at, signatures_at = column(parsed.fields, 1), column(parsed.fields, 2)
        signatures, bad_signature = engine.decode(Group.BLS12_381_G1, Encoding.DUSK_RAW, _CHECKS, signatures_at)
        known = Buffers(keys_at, constant(n, KEY_BYTES))
        rows, hold = keys.bls.rows(known)
        bad_key = rows[:, BLS_STATUS]
        result = nothing(n)
        index = np.arange(n)
        if np.count_nonzero(bad_signature) or np.count_nonzero(bad_key):
            index = np.flatnonzero((bad_signature == Status.OK) & (bad_key == Status.OK))
            unreduced = (bad_signature == Status.UNREDUCED) | (bad_key == Status.UNREDUCED)
            raw = np.flatnonzero(unreduced & (bad_signature != Status.INVALID) & (bad_key != Status.INVALID))
            if len(raw):
                result.retbuf[raw, 0] = engine.bls_exact(
                    False, versions[raw], messages.take(raw), steps(len(raw), 1), keys_at[raw], signatures_at[raw]
                )
            signatures, rows, versions = signatures[index], rows[index], versions[index]
        if len(index):
            hashed = message_points(engine, keys, versions, messages.take(index))
            read = [messages, known, Buffers(signatures_at, constant(n, SIGNATURE_BYTES))]
            seal = sealed(engine, self.name, batch, read)
            lines, points = column(rows, BLS_LINES), None
            if np.count_nonzero(lines) < len(lines):
                points = np.zeros((len(lines), POINT_WORDS[Group.BLS12_381_G2]), np.uint64)
                bare = np.flatnonzero(lines == 0)
                points[bare] = words_at(rows[bare, BLS_POINT], points.shape[1])
            result.claims = signature_claims(keys, signatures, hashed, seal, lines, points)
            result.claims.hold.append(hold)
            result.index = index
        return result
