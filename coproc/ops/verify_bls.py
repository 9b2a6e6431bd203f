"""verify_bls: a BLS signature in G1 under a key in G2 of BLS12-381, both given as limbs that nobody has checked."""

from __future__ import annotations

import numpy as np

from coproc.engine.protocol import U8, Check, Encoding, Engine, Group, Layout, Parsed, Status
from coproc.keys import KeyRegistry
from coproc.operation import Batch, bls_versions
from coproc.ops.bls import message_points, signature_verdicts
from coproc.ops.shape import column, steps, vec
from coproc.ops.verification import Verification

_CHECKS = Check.ON_CURVE | Check.IN_SUBGROUP


class VerifyBls(Verification):
    name = "verify_bls"
    layout = Layout.BLS
    flat = 1_750_000

    def check(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> tuple[U8, U8]:
        versions, messages = bls_versions(batch), vec(parsed, 0)
        keys_at, signatures_at = column(parsed.fields, 1), column(parsed.fields, 2)
        signatures, bad_signature = engine.decode(Group.BLS12_381_G1, Encoding.DUSK_RAW, _CHECKS, signatures_at)
        public_keys, bad_key = engine.decode(Group.BLS12_381_G2, Encoding.DUSK_RAW, _CHECKS, keys_at)
        if np.count_nonzero(bad_signature) == np.count_nonzero(bad_key) == 0:
            hashed = message_points(engine, keys, versions, messages)
            return parsed.status, signature_verdicts(engine, keys, signatures, hashed, public_keys)
        verdict = np.zeros(len(batch), np.uint8)
        index = np.flatnonzero((bad_signature == Status.OK) & (bad_key == Status.OK))
        if len(index):
            hashed = message_points(engine, keys, versions[index], messages.take(index))
            verdict[index] = signature_verdicts(engine, keys, signatures[index], hashed, public_keys[index])
        unreduced = (bad_signature == Status.UNREDUCED) | (bad_key == Status.UNREDUCED)
        index = np.flatnonzero(unreduced & (bad_signature != Status.INVALID) & (bad_key != Status.INVALID))
        if len(index):
            verdict[index] = engine.bls_exact(
                False, versions[index], messages.take(index), steps(len(index), 1), keys_at[index], signatures_at[index]
            )  # fmt: skip
        return parsed.status, verdict
