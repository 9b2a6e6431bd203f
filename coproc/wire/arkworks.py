"""arkworks' CanonicalSerialize of Groth16 over BN254, compressed or not; which one is told from the length.

Everything is little-endian, Fp2 as c0 then c1, flags in the top bits of a point's last byte, vectors have a u64 length in front.

Proof          A, B, C: 128 or 256 bytes
Verifying key  alpha_g1, beta_g2, gamma_g2, delta_g2, vector gamma_abc_g1: 232 + 32k or 456 + 64k bytes
Inputs         a vector of 32-byte scalars, or the bare scalars

Source: docs/references.md [ark-serialize], [ark-groth16].
"""

from __future__ import annotations

from typing import Final

from coproc.engine.protocol import ENCODED_BYTES, Encoding, Group
from coproc.errors import InvalidInput
from coproc.wire.groth16 import G1, G2, WORD, EncodedPoint, Proof, VerifyingKey

_PROOF_BYTES: Final = {128: Encoding.ARK_COMPRESSED, 256: Encoding.ARK_UNCOMPRESSED}
_BLS_PROOF_BYTES: Final = (192, 384)
_KEY: Final = (G1, G2, G2, G2)
_INFINITY: Final = 0x40


def _points(data: bytes, groups: tuple[Group, ...], encoding: Encoding) -> list[EncodedPoint]:
    made, at = [], 0
    for group in groups:
        size = ENCODED_BYTES[group, encoding]
        piece = data[at : at + size]
        if piece[-1] & _INFINITY and (any(piece[:-1]) or piece[-1] != _INFINITY):
            raise InvalidInput("infinity with coordinates, or with a sign")
        made.append(EncodedPoint(group, encoding, piece))
        at += size
    return made


def proof(data: bytes) -> Proof:
    """Raises InvalidInput."""
    if len(data) in _BLS_PROOF_BYTES:
        raise InvalidInput(
            f"{len(data)} bytes: the length of a Groth16 proof over BLS12-381, which none of the eleven host functions verifies"
        )
    encoding = _PROOF_BYTES.get(len(data))
    if encoding is None:
        raise InvalidInput(f"no arkworks Groth16 proof over BN254: {len(data):,} bytes, not 128 or 256")
    return Proof(*_points(data, (G1, G2, G1), encoding))


def verifying_key(data: bytes) -> VerifyingKey:
    """Raises InvalidInput."""
    for encoding in (Encoding.ARK_COMPRESSED, Encoding.ARK_UNCOMPRESSED):
        fixed = sum(ENCODED_BYTES[group, encoding] for group in _KEY)
        count = int.from_bytes(data[fixed : fixed + 8], "little")
        if count and len(data) == fixed + 8 + count * ENCODED_BYTES[G1, encoding]:
            alpha, beta, gamma, delta = _points(data, _KEY, encoding)
            return VerifyingKey(alpha, beta, gamma, delta, tuple(_points(data[fixed + 8 :], (G1,) * count, encoding)))
    raise InvalidInput(
        f"no arkworks Groth16 verifying key over BN254: {len(data):,} bytes do not fit (over BLS12-381, none of the eleven host "
        "functions verifies it)"
    )


def public_inputs(data: bytes) -> list[int]:
    """Raises InvalidInput."""
    if len(data) % WORD == 8 and int.from_bytes(data[:8], "little") == len(data) // WORD:
        data = data[8:]
    if len(data) % WORD:
        raise InvalidInput(f"no arkworks scalars: {len(data):,} bytes are not a multiple of 32")
    return [int.from_bytes(data[i : i + WORD], "little") for i in range(0, len(data), WORD)]
