"""gnark's binary files of Groth16 over BN254: `WriteTo` (compressed points) and `WriteRawTo`.

Numbers are big-endian, Fp2 as c1 then c0, slices have a u32 length in front. The top two bits of a point's first byte say
what follows: 00 uncompressed, 10 compressed with the smaller y, 11 with the larger, 01 infinity (compressed).
Read backwards, a compressed point is arkworks' form of it: little-endian, c0 first, flags in the last byte.

Proof          A, B, C; since 0.8 a slice of commitments and the proof of their knowledge
Verifying key  alpha1, beta1, beta2, gamma2, delta1, delta2, slice K; since 0.8 which inputs are committed to, and their keys
Witness        u32 public, u32 secret, slice of 32-byte scalars

Source: docs/references.md [gnark].
"""

from __future__ import annotations

from typing import Final

from coproc.engine.protocol import Encoding, Group
from coproc.errors import InvalidInput
from coproc.params.bn254 import P
from coproc.wire.groth16 import G1, G2, WORD, EncodedPoint, Proof, VerifyingKey

_FLAGS: Final = 0xC0
_ARK_FLAG: Final = {0x80: 0x00, 0xC0: 0x80, 0x40: 0x40}
_OTHERS: Final = "gnark's PLONK and its other curves fit none of the eleven host functions"


class _Cursor:
    """Reads from the front; what is missing is an InvalidInput that names the part."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._at, self._what = data, 0, what

    def take(self, size: int, part: str) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) < size:
            raise InvalidInput(f"no gnark Groth16 {self._what} over BN254: it ends within {part} ({len(self._data):,} bytes; {_OTHERS})")
        self._at += size
        return piece

    def u32(self, part: str) -> int:
        return int.from_bytes(self.take(4, part), "big")

    def point(self, group: Group, part: str) -> EncodedPoint:
        size = WORD if group == G1 else 2 * WORD
        head = self._data[self._at] & _FLAGS if self._at < len(self._data) else 0
        if head == 0:
            data = self.take(2 * size, part)
            for i in range(0, len(data), WORD):
                if int.from_bytes(data[i : i + WORD], "big") >= P:
                    raise InvalidInput(f"{part}: the coordinate is not canonical over BN254 ({_OTHERS})")
            return EncodedPoint(group, Encoding.EVM, data)
        data = self.take(size, part)
        body = bytes([data[0] & ~_FLAGS & 0xFF]) + data[1:]
        if head == 0x40 and any(body):
            raise InvalidInput(f"{part}: infinity with coordinates")
        little = body[::-1]
        return EncodedPoint(group, Encoding.ARK_COMPRESSED, little[:-1] + bytes([little[-1] | _ARK_FLAG[head]]))

    def points(self, group: Group, part: str) -> tuple[EncodedPoint, ...]:
        count = self.u32(part)
        if count * WORD > self.left:
            raise InvalidInput(f"no gnark Groth16 {self._what} over BN254: {part} is said to have {count:,} points ({_OTHERS})")
        return tuple(self.point(group, f"{part}[{i}]") for i in range(count))

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def rest(self) -> bytes:
        return self._data[self._at :]


def proof(data: bytes) -> Proof:
    """Raises InvalidInput, also for a proof with commitments."""
    cursor = _Cursor(data, "proof")
    made = Proof(cursor.point(G1, "A"), cursor.point(G2, "B"), cursor.point(G1, "C"))
    if cursor.left:
        if cursor.points(G1, "commitments"):
            raise InvalidInput("gnark Groth16 with commitments: none of the eleven host functions verifies it")
        cursor.point(G1, "the proof of knowledge")
    if cursor.left:
        raise InvalidInput(f"no gnark Groth16 proof over BN254: {cursor.left:,} bytes are left over ({_OTHERS})")
    return made


def verifying_key(data: bytes) -> VerifyingKey:
    """Raises InvalidInput, also for a key of a circuit with commitments."""
    cursor = _Cursor(data, "verifying key")
    alpha = cursor.point(G1, "alpha")
    cursor.point(G1, "beta in G1")
    beta, gamma = cursor.point(G2, "beta"), cursor.point(G2, "gamma")
    cursor.point(G1, "delta in G1")
    delta = cursor.point(G2, "delta")
    gamma_abc = cursor.points(G1, "K")
    if not gamma_abc:
        raise InvalidInput(f"no gnark Groth16 verifying key over BN254: K is empty ({_OTHERS})")
    if cursor.left:
        if cursor.u32("the committed inputs"):
            raise InvalidInput("gnark Groth16 with commitments: none of the eleven host functions verifies it")
        _skip_commitment_keys(cursor)
    return VerifyingKey(alpha, beta, gamma, delta, gamma_abc)


def _skip_commitment_keys(cursor: _Cursor) -> None:
    """What stands behind a circuit without commitments: nothing, a count of zero, or the two points of one unused key."""
    if cursor.left == 4 and cursor.u32("the commitment keys") == 0:
        return
    if cursor.left:
        cursor.point(G2, "the commitment key")
        cursor.point(G2, "the commitment key")
    if cursor.left:
        raise InvalidInput(f"no gnark Groth16 verifying key over BN254: {cursor.left:,} bytes are left over ({_OTHERS})")


def public_witness(data: bytes) -> list[int]:
    """The public inputs. Raises InvalidInput, also for a witness with secrets, which belong into no job file."""
    cursor = _Cursor(data, "public witness")
    public, secret, count = cursor.u32("its counts"), cursor.u32("its counts"), cursor.u32("its length")
    if secret:
        raise InvalidInput(f"a full witness with {secret:,} secret values: export the public part")
    if count != public or cursor.left != count * WORD:
        raise InvalidInput(f"no gnark public witness over BN254: {public:,} public values, a length of {count:,}, {cursor.left:,} bytes")
    rest = cursor.rest()
    return [int.from_bytes(rest[i : i + WORD], "big") for i in range(0, len(rest), WORD)]
