"""EVM calldata of a Groth16 verifier: `verifyProof(uint256[2] a, uint256[2][2] b, uint256[2] c, uint256[k] inputs)`.

Words of 32 bytes, big-endian, G2 coordinates c1 first. gnark's `verifyProof(uint256[8] proof, uint256[k] inputs)` lays out the
same words. A selector of four bytes may stand in front. Source: docs/references.md [EIP-197], [snarkjs], [gnark].
"""

from __future__ import annotations

from typing import Final

from coproc.engine.protocol import Encoding
from coproc.errors import InvalidInput
from coproc.params.bn254 import P
from coproc.wire.groth16 import G1, G2, EncodedPoint, Proof

SELECTOR: Final = 4
PROOF_BYTES: Final = 256
_NAMES: Final = ("a.x", "a.y", "b.x.c1", "b.x.c0", "b.y.c1", "b.y.c0", "c.x", "c.y")


def calldata(data: bytes) -> tuple[Proof, list[int]]:
    """The proof and the words behind it. Raises InvalidInput.

    Arguments of dynamic type (bytes, uint256[] with an offset) are another layout and are refused where their lengths differ.
    """
    body = data[SELECTOR:] if len(data) % 32 == SELECTOR else data
    if len(body) % 32 or len(body) < PROOF_BYTES:
        raise InvalidInput(
            f"{len(data):,} bytes are no calldata of a Groth16 verifier: an optional selector of 4, a proof of 8 words, then inputs"
        )
    for i, name in enumerate(_NAMES):
        if int.from_bytes(body[32 * i : 32 * i + 32], "big") >= P:
            raise InvalidInput(f"{name}: the coordinate is not canonical (not below the field's modulus)")
    a, b, c = body[:64], body[64:192], body[192:256]
    proof = Proof(EncodedPoint(G1, Encoding.EVM, a), EncodedPoint(G2, Encoding.EVM, b), EncodedPoint(G1, Encoding.EVM, c))
    return proof, [int.from_bytes(body[i : i + 32], "big") for i in range(PROOF_BYTES, len(body), 32)]
