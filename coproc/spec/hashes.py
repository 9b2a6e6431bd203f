"""Plain hashes: Keccak from [FIPS202] with the original padding; blake2b-512 and SHA-256 are the standard library's."""

from __future__ import annotations

import hashlib
from typing import Final

from coproc.params import bls12_381

Lanes = tuple[int, ...]
MASK: Final = (1 << 64) - 1
RATE: Final = 136  # bytes of the sponge of Keccak-256


def _rotate(x: int, n: int) -> int:
    return (x << n | x >> 64 - n) & MASK if n else x


def _round_constants() -> tuple[int, ...]:
    """Bits of a linear feedback register, x^8 + x^6 + x^5 + x^4 + 1, at positions 2^j - 1 of each lane."""
    register, out = 1, []
    for _ in range(24):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << ((1 << j) - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        out.append(constant)
    return tuple(out)


def _rho_pi() -> tuple[tuple[int, int], ...]:
    """For each lane of the result of rho and pi: (lane it comes from, rotation)."""
    out = [(0, 0)] * 25
    x, y = 1, 0
    for t in range(24):
        source, rotation = x + 5 * y, (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
        out[x + 5 * y] = (source, rotation)
    return tuple(out)


ROUND_CONSTANTS: Final = _round_constants()
RHO_PI: Final = _rho_pi()


def keccak_f1600(a: Lanes) -> Lanes:
    """The permutation of 25 lanes, a[x + 5y]: theta, rho, pi, chi, iota."""
    for constant in ROUND_CONSTANTS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[x - 1] ^ _rotate(c[(x + 1) % 5], 1) for x in range(5)]
        b = [_rotate(a[source] ^ d[source % 5], rotation) for source, rotation in RHO_PI]
        a = tuple(b[i] ^ (~b[i - i % 5 + (i + 1) % 5] & b[i - i % 5 + (i + 2) % 5]) for i in range(25))
        a = (a[0] ^ constant, *a[1:])
    return a


def keccak256(data: bytes) -> bytes:
    """Keccak-256 with the padding 0x01 .. 0x80 of the original submission."""
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % RATE))
    padded[-1] |= 0x80
    state: Lanes = (0,) * 25
    for block in range(0, len(padded), RATE):
        lanes = [int.from_bytes(padded[i : i + 8], "little") for i in range(block, block + RATE, 8)]
        state = keccak_f1600((*(x ^ y for x, y in zip(state, lanes, strict=False)), *state[len(lanes) :]))
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def blake2b_512(data: bytes) -> bytes:
    return hashlib.blake2b(data).digest()


def hash_to_scalar(data: bytes) -> int:
    """blake2b-512 as a little-endian integer mod r of BLS12-381. [bls12_381] src/scalar/dusk.rs hash_to_scalar"""
    return int.from_bytes(blake2b_512(data), "little") % bls12_381.R
