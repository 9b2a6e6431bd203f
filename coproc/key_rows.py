"""What operations read of a prepared key: a row of 64-bit words, whose columns are named here."""

from __future__ import annotations

from typing import Final

from coproc.engine.protocol import PLONK_KEY_POINTS, U64, Groth16KeyHeader, PlonkKeyHeader, address_of
from coproc.honest import BN254_LINES

# PLONK: is it valid, its address, addresses of its points, of their tables, of the lines of h and x_h (0: infinity), its digest.
PLONK_VALID, PLONK_KEY = 0, 1
PLONK_POINTS: Final = slice(2, 2 + PLONK_KEY_POINTS)
PLONK_TABLES: Final = slice(2 + PLONK_KEY_POINTS, 2 + 2 * PLONK_KEY_POINTS)
PLONK_LINES: Final = slice(2 + 2 * PLONK_KEY_POINTS, 4 + 2 * PLONK_KEY_POINTS)
PLONK_DIGEST: Final = slice(4 + 2 * PLONK_KEY_POINTS, 8 + 2 * PLONK_KEY_POINTS)
PLONK_WIDTH: Final = 8 + 2 * PLONK_KEY_POINTS

# Groth16: is it valid, addresses of the target and of the lines of gamma and delta (0: infinity), are these lists too short, its digest;
# once it is known to be honest the address of -alpha, behind which the lines of beta lie, else 0.
GROTH16_VALID, GROTH16_TARGET = 0, 1
GROTH16_LINES: Final = slice(2, 4)
GROTH16_SHORT: Final = slice(4, 6)
GROTH16_DIGEST: Final = slice(6, 10)
GROTH16_CLOSING = 10
GROTH16_WIDTH: Final = 11
ALPHA_BYTES: Final = 64

# BLS: what decoding said (`Status`), address of the point, and of its lines once it is used again (before: 0).
BLS_STATUS, BLS_POINT, BLS_LINES = 0, 1, 2
BLS_WIDTH: Final = 3

# A member of a multisignature: what decoding said, address of the point, its coefficients t in V1 and V2, and once it is used again the
# address of t times the point in V2.
MEMBER_STATUS, MEMBER_POINT = 0, 1
MEMBER_COEFFICIENT: Final = {1: slice(2, 6), 2: slice(6, 10)}
MEMBER_WEIGHTED = 10
MEMBER_WIDTH: Final = 11


def plonk_row(native: U64, table: int) -> list[int]:
    """The columns up to the digest, of a valid key. table: bytes of a table of multiples."""
    header = PlonkKeyHeader(*native[:8].tolist())
    base = address_of(native)
    points = [base + 8 * header.points + 96 * i for i in range(PLONK_KEY_POINTS)]
    tables = [base + 8 * header.tables + table * i if header.tables else 0 for i in range(PLONK_KEY_POINTS)]
    lines = [base + 8 * offset if offset else 0 for offset in (header.lines_h, header.lines_x_h)]
    return [1, base, *points, *tables, *lines]


def groth16_row(native: U64) -> list[int]:
    """The columns up to the digest, of a valid key."""
    header = Groth16KeyHeader(*native[:8].tolist())
    base = address_of(native)
    pairs = (
        (header.lines_gamma, header.gamma_count, header.gamma_infinity),
        (header.lines_delta, header.delta_count, header.delta_infinity),
    )
    lines = [0 if infinity else base + 8 * offset for offset, _, infinity in pairs]
    short = [int(not infinity and given < BN254_LINES) for _, given, infinity in pairs]
    return [1, base + 8 * header.target, *lines, *short]
