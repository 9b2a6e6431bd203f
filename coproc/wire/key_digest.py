"""The name of a verification key: a digest of its kind and of all its bytes that a verification reads.

Kinds: "plonk" (verifier data), "groth16" (arkworks' prepared key over BN254, uncompressed), "bls" (an archived point of G2, 200
bytes), "schnorr" (an archived point of JubJub, 160 bytes).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from coproc.errors import InvalidInput

KIND_OF: Final = {
    "verify_plonk": "plonk",
    "verify_groth16_bn254": "groth16",
    "verify_bls": "bls",
    "verify_bls_multisig": "bls",
    "verify_schnorr": "schnorr",
}
"""The kind of key that an operation verifies under."""

KINDS: Final = tuple(dict.fromkeys(KIND_OF.values()))
KEY_ARGUMENT: Final = {
    "verify_plonk": "verifier_data",
    "verify_groth16_bn254": "pvk",
    "verify_bls": "pk",
    "verify_bls_multisig": "keys",
    "verify_schnorr": "pk",
}
"""The typed argument that is a key, or a list of keys."""

DIGEST_BYTES: Final = 32
_BLS_READ: Final = 193  # four coordinates and the byte that says infinity; the padding behind it is never looked at
_SIZES: Final = {"bls": 200, "schnorr": 160}


def canonical(kind: str, data: bytes) -> bytes:
    """The key as an archive holds it, the bytes that nobody reads zeroed. Raises InvalidInput for another size."""
    if kind == "bls" and len(data) in (_BLS_READ, _SIZES["bls"]):
        return data[:_BLS_READ].ljust(_SIZES["bls"], b"\0")
    if kind in _SIZES and len(data) != _SIZES[kind]:
        raise InvalidInput(f"a key of kind {kind} has {_SIZES[kind]} bytes, not {len(data):,}")
    return data


def key_digest(kind: str, data: bytes) -> bytes:
    """BLAKE2b-256 of the kind, a zero byte and the canonical bytes. Raises InvalidInput."""
    if kind not in KINDS:
        raise InvalidInput(f"unknown kind of key {kind[:64]!r}: one of {', '.join(KINDS)}")
    return blake2b(kind.encode() + b"\0" + canonical(kind, data), digest_size=DIGEST_BYTES).digest()
