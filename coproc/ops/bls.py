"""What verify_bls and verify_bls_multisig share: the claim of a signature under a key in G2.

A signature is accepted iff e(sig, g2) e(-H(msg), key) = 1, here e(sig, -g2) e(H(msg), key) = 1. V1 (before Aegis): H(msg) = hash(msg) g1.
V2: RFC 9380 with a tag of Dusk's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from coproc.engine.protocol import U8, U64, Addresses, Buffers, Curve, Engine, Group, host_of
from coproc.fold.claims import Claims, Slot
from coproc.keys import KeyRegistry
from coproc.ops.shape import constant, steps

DST: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2"
"""The tag of V2."""


def message_points(engine: Engine, keys: KeyRegistry, versions: U8, messages: Buffers) -> U64:
    """H(msg) under the version of each element, uint64[n, 12].

    These points are what claims are about, so that a wrong one would be wrong in every check: an accelerator's sums, which only a fold of
    secret scalars tells from others, will not do.
    """
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
    return host_of(engine).msm(Group.BLS12_381_G1, steps(n, 1), constant(n, keys.fixed.g1), scalars, constant(n, keys.fixed.g1_table))


def signature_claims(
    keys: KeyRegistry,
    signatures: U64,
    hashed: U64,
    seal: Callable[[], bytes],
    lines: Addresses | None = None,
    points: U64 | None = None,
) -> Claims:
    """signatures uint64[n, 12], hashed messages uint64[n, 12]; keys as addresses of lines, or where these are 0 as points uint64[n, 24]."""
    slots = [
        Slot(signatures, lines=constant(len(signatures), keys.fixed.minus_g2_lines)),
        Slot(hashed, lines=lines, g2=points),
    ]
    return Claims(Curve.BLS12_381, slots, seal, hold=[keys])
