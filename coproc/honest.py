"""Whether a prepared Groth16 key is what its own verifying key makes, so that its claims may be folded.

arkworks takes the target and the line coefficients of a prepared key as given. A key is honest if alpha, beta, gamma and delta are not
infinity, the target is e(alpha, beta) and the coefficients are those of -gamma and -delta, all value by value. Then every factor of a
claim lies in the subgroup of order r, and the target's inverse is the pairing of -alpha and beta.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from coproc.engine.protocol import (
    U64,
    Check,
    Curve,
    Encoding,
    Engine,
    Field,
    FieldOp,
    Groth16KeyHeader,
    Group,
    address_of,
    multiples,
)

BN254_LINES: Final = 91
_G1, _G2, _FP = Group.BN254_G1, Group.BN254_G2, Field.BN254_FP
_CHECKS: Final = Check.ON_CURVE | Check.IN_SUBGROUP
_G1_BYTES, _G2_BYTES, _GT_BYTES, _LINES_BYTES = 64, 128, 384, BN254_LINES * 192
_INPUTS_AT: Final = _G1_BYTES + 3 * _G2_BYTES  # the count of gamma_abc_g1


def closing_pair(engine: Engine, data: bytes, header: Groth16KeyHeader) -> tuple[U64, U64] | None:
    """-alpha uint64[8] and the prepared lines of beta, for the bytes of a key that decodes; None if it is not honest."""
    if (header.gamma_count, header.gamma_infinity, header.delta_count, header.delta_infinity) != (BN254_LINES, 0, BN254_LINES, 0):
        return None
    bytes_in = np.frombuffer(data, np.uint8)
    start = np.uint64(address_of(bytes_in))
    alpha, bad = engine.decode(_G1, Encoding.ARK_UNCOMPRESSED, _CHECKS, np.array([start], np.uint64))
    g2, bad_2 = engine.decode(_G2, Encoding.ARK_UNCOMPRESSED, _CHECKS, start + np.uint64(_G1_BYTES) + multiples(3, _G2_BYTES))
    if bad.any() or bad_2.any() or not alpha.any() or not g2.any(axis=1).all():
        return None
    target_at = _INPUTS_AT + 8 + _G1_BYTES * int.from_bytes(data[_INPUTS_AT : _INPUTS_AT + 8], "little")
    gamma_at = target_at + _GT_BYTES + 8
    delta_at = gamma_at + _LINES_BYTES + 1 + 8
    g2[1:, 8:] = engine.field(_FP, FieldOp.NEG, np.ascontiguousarray(g2[1:, 8:]).reshape(-1, 4)).reshape(2, 8)
    lines = engine.lines(Curve.BN254, g2)  # of beta, -gamma, -delta
    target = engine.pairing(Curve.BN254, multiples(2, 1), alpha, g2[:1])
    for value, at in ((target, target_at), (lines[1], gamma_at), (lines[2], delta_at)):
        plain = engine.field(_FP, FieldOp.FROM_MONT, np.ascontiguousarray(value).reshape(-1, 4))
        if plain.tobytes() != data[at : at + plain.nbytes]:
            return None
    alpha[0, 4:] = engine.field(_FP, FieldOp.NEG, alpha[:, 4:].copy())[0]
    return alpha[0], lines[0]


__all__ = ["BN254_LINES", "closing_pair"]
