"""What verify_bls and verify_bls_multisig share: messages as points of G1, and the check of a signature under keys in G2.

A signature is accepted iff e(sig, g2) e(-H(msg), key) = 1, here e(sig, -g2) e(H(msg), key) = 1. V1 (before Aegis): H(msg) = hash(msg) g1.
V2: RFC 9380 with a tag of Dusk's own.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from coproc.engine.protocol import U8, U64, Addresses, Buffers, Curve, Engine, Group
from coproc.keys import KeyRegistry
from coproc.ops.shape import constant, steps

DST: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2"
_G1 = Group.BLS12_381_G1


def message_points(engine: Engine, keys: KeyRegistry, versions: U8, messages: Buffers) -> U64:
    """H(msg) under the version of each element, uint64[n, 12]."""
    n = len(versions)
    first = np.count_nonzero(versions == 1)
    if first == 0:
        return engine.hash_to_g1(messages, DST)
    if first < n:
        points = np.empty((n, 12), np.uint64)
        for version in (1, 2):
            index = np.flatnonzero(versions == version)
            points[index] = message_points(engine, keys, versions[index], messages.take(index))
        return points
    scalars = engine.hash_to_fr(messages, mont=False)
    return engine.msm(_G1, steps(n, 1), constant(n, keys.fixed.g1), scalars, constant(n, keys.fixed.g1_table))


def signature_verdicts(engine: Engine, keys: KeyRegistry, signatures: U64, hashed: U64, lines_of_keys: Addresses) -> U8:
    """verdict uint8[n]: signatures uint64[n, 12], hashed messages uint64[n, 12], addresses of the lines of the keys; no infinity."""
    n = len(signatures)
    lines = np.empty((n, 2), np.uint64)
    lines[:, 0] = keys.fixed.minus_g2_lines
    lines[:, 1] = lines_of_keys
    g1 = np.empty((n, 2, 12), np.uint64)
    g1[:, 0] = signatures
    g1[:, 1] = hashed
    return engine.pairing_check(Curve.BLS12_381, steps(n, 2), g1, lines.ravel())
