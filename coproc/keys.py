"""The registry of prepared verification keys of one engine, and the fixed points that verifiers share.

A key is recognised by comparing its bytes with those seen (hashing 36 kB costs as much as a proof); each kind has a `Shelf`. What
operations read of a key is a row of 64-bit words, whose columns are named here.
"""

from __future__ import annotations

import threading
from hashlib import blake2b
from typing import Final

import numpy as np

from coproc.engine.protocol import (
    PLONK_KEY_POINTS,
    POINT_WORDS,
    U64,
    Buffers,
    Check,
    Curve,
    Encoding,
    Engine,
    Groth16KeyHeader,
    Group,
    PlonkKeyHeader,
    Status,
    address_of,
    rows_of,
)
from coproc.honest import BN254_LINES, closing_pair
from coproc.shelf import Prepared, Shelf

DEFAULT_BYTES: Final = 256 << 20
"""Bytes of the keys of one kind that are kept."""
DEFAULT_KEYS: Final = 4096

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
MEMBERS_A_KEY: Final = 16  # members are small: so many are kept for each key of another kind
COEFFICIENT_PREFIX: Final = {1: b"", 2: b"BLS_SIG_BLS12381_SCALAR_SHA256_DUSK_H1_V2"}

_G2 = Group.BLS12_381_G2
_CHECKS = Check.ON_CURVE | Check.IN_SUBGROUP


class KeyRegistry:
    """Prepared keys and fixed points of one engine. Safe from any number of threads."""

    def __init__(self, engine: Engine, max_bytes: int = DEFAULT_BYTES, max_keys: int = DEFAULT_KEYS) -> None:
        """max_bytes, max_keys: of each kind."""
        self.engine = engine
        self._lock = threading.Lock()
        self._fixed: FixedPoints | None = None
        self.plonk = Shelf(engine, self._plonk, PLONK_WIDTH, max_bytes, max_keys)
        self.groth16 = Shelf(engine, self._groth16, GROTH16_WIDTH, max_bytes, max_keys, self._closings, GROTH16_CLOSING)
        self.bls = Shelf(engine, self._bls, BLS_WIDTH, max_bytes, max_keys, self._lines, BLS_LINES)
        self.members = Shelf(engine, self._members, MEMBER_WIDTH, max_bytes, max_keys * MEMBERS_A_KEY, self._weighted, MEMBER_WEIGHTED)

    @property
    def fixed(self) -> FixedPoints:
        """The fixed points of BLS12-381, prepared when first asked for."""
        if self._fixed is None:
            with self._lock:
                if self._fixed is None:
                    self._fixed = FixedPoints(self.engine)
        return self._fixed

    def _plonk(self, data: Buffers) -> Prepared:
        """Verifier data."""
        natives, status = self.engine.plonk_key(data)
        table = 8 * self.engine.msm_table_words(Group.BLS12_381_G1)
        rows = np.zeros((len(data), PLONK_WIDTH), np.uint64)
        for i in np.flatnonzero(status == Status.OK).tolist():
            rows[i, : PLONK_DIGEST.start] = _plonk_row(natives[i], table)
        rows[:, PLONK_DIGEST] = digests_of(data)
        return Prepared(rows, natives)

    def _groth16(self, data: Buffers) -> Prepared:
        """arkworks' prepared verification keys."""
        natives, status = self.engine.groth16_key(data)
        rows = np.zeros((len(data), GROTH16_WIDTH), np.uint64)
        room = np.empty(8 + self.engine.lines_words(Curve.BN254), np.uint64)
        for i in np.flatnonzero(status == Status.OK).tolist():
            natives[i] = np.concatenate((natives[i], room))
            rows[i, : GROTH16_DIGEST.start] = _groth16_row(natives[i])
        rows[:, GROTH16_DIGEST] = digests_of(data)
        return Prepared(rows, natives)

    def _closings(self, data: list[bytes], natives: list[U64], rows: U64) -> list[int]:
        """-alpha and the lines of beta of keys that are honest, into the end of their memory."""
        words = []
        for key, native, valid in zip(data, natives, rows[:, GROTH16_VALID].tolist(), strict=True):
            closing = closing_pair(self.engine, key, Groth16KeyHeader(*native[:8].tolist())) if valid else None
            if closing is None:
                words.append(0)
                continue
            pair = np.concatenate(closing)
            native[-len(pair) :] = pair
            words.append(address_of(native) + native.nbytes - pair.nbytes)
        return words

    def _bls(self, data: Buffers) -> Prepared:
        """Archived points of G2, 200 bytes each; with room for their lines."""
        points, status = self.engine.decode(_G2, Encoding.DUSK_RAW, _CHECKS, data.addresses)
        size = points.shape[1]
        natives = [np.empty(size + self.engine.lines_words(Curve.BLS12_381), np.uint64) for _ in range(len(data))]
        for native, point in zip(natives, points, strict=True):
            native[:size] = point
        rows = np.zeros((len(data), BLS_WIDTH), np.uint64)
        rows[:, BLS_STATUS] = status
        rows[:, BLS_POINT] = [address_of(native) for native in natives]
        return Prepared(rows, natives)

    def _lines(self, data: list[bytes], natives: list[U64], rows: U64) -> list[int]:
        """The lines of points that decoded, behind them."""
        size = POINT_WORDS[_G2]
        good = np.flatnonzero(rows[:, BLS_STATUS] == Status.OK).tolist()
        words = [0] * len(data)
        if good:
            for i, lines in zip(good, self.engine.lines(Curve.BLS12_381, np.array([natives[i][:size] for i in good])), strict=True):
                natives[i][size:] = lines
                words[i] = address_of(natives[i]) + 8 * size
        return words

    def _members(self, data: Buffers) -> Prepared:
        """Archived points of G2; t = hash(prefix, compressed key)."""
        points, status = self.engine.decode(_G2, Encoding.DUSK_RAW, _CHECKS, data.addresses)
        compressed = self.engine.encode(_G2, Encoding.ZCASH, points)
        hashed = Buffers(rows_of(compressed), np.full(len(data), compressed.shape[1], np.uint64), compressed)
        natives: list[U64] = [np.tile(point, 2) for point in points]
        rows = np.empty((len(data), MEMBER_WIDTH), np.uint64)
        rows[:, MEMBER_STATUS] = status
        rows[:, MEMBER_POINT] = [address_of(native) for native in natives]
        for version, prefix in COEFFICIENT_PREFIX.items():
            rows[:, MEMBER_COEFFICIENT[version]] = self.engine.hash_to_fr(hashed, prefix, mont=False)
        rows[:, MEMBER_WEIGHTED] = 0
        return Prepared(rows, natives)

    def _weighted(self, data: list[bytes], natives: list[U64], rows: U64) -> list[int]:
        """t times the points that decoded, behind them."""
        size = POINT_WORDS[_G2]
        good = np.flatnonzero(rows[:, MEMBER_STATUS] == Status.OK).tolist()
        words = [0] * len(data)
        if good:
            points = np.array([natives[i][:size] for i in good])
            weighted = self.engine.scalar_mul(_G2, points, np.ascontiguousarray(rows[good, MEMBER_COEFFICIENT[2]]))
            for i, point in zip(good, weighted, strict=True):
                natives[i][size:] = point
                words[i] = address_of(natives[i]) + 8 * size
        return words


def digests_of(data: Buffers) -> U64:
    """uint64[n, 4]: BLAKE2b-256 of each element."""
    joined = b"".join(blake2b(data[i], digest_size=32).digest() for i in range(len(data)))
    return np.frombuffer(joined, "<u8").astype(np.uint64).reshape(-1, 4)


def _plonk_row(native: U64, table: int) -> list[int]:
    header = PlonkKeyHeader(*native[:8].tolist())
    base = address_of(native)
    points = [base + 8 * header.points + 96 * i for i in range(PLONK_KEY_POINTS)]
    tables = [base + 8 * header.tables + table * i if header.tables else 0 for i in range(PLONK_KEY_POINTS)]
    lines = [base + 8 * offset if offset else 0 for offset in (header.lines_h, header.lines_x_h)]
    return [1, base, *points, *tables, *lines]


def _groth16_row(native: U64) -> list[int]:
    header = Groth16KeyHeader(*native[:8].tolist())
    base = address_of(native)
    pairs = (
        (header.lines_gamma, header.gamma_count, header.gamma_infinity),
        (header.lines_delta, header.delta_count, header.delta_infinity),
    )
    lines = [0 if infinity else base + 8 * offset for offset, _, infinity in pairs]
    short = [int(not infinity and given < BN254_LINES) for _, given, infinity in pairs]
    return [1, base + 8 * header.target, *lines, *short]


class FixedPoints:
    """Points of BLS12-381 that belong to no key: the generators and the KZG ceremony's [tau]G2, with addresses of what is prepared."""

    def __init__(self, engine: Engine) -> None:
        from coproc.params import bls12_381 as params

        def words(*values: int) -> list[int]:
            """Montgomery limbs."""
            return [(v << 384) % params.P >> 64 * k & 0xFFFFFFFFFFFFFFFF for v in values for k in range(6)]

        (x, y), ((a, b), (c, d)), ((e, f), (g, h)) = params.G1, params.G2, params.KZG_TAU_G2
        self._g1: U64 = np.array([words(x, y), words(x, -y)], np.uint64)
        self._tables = engine.msm_table(Group.BLS12_381_G1, self._g1)
        self._lines = engine.lines(Curve.BLS12_381, np.array([words(a, b, c, d), words(a, b, -c, -d), words(e, f, -g, -h)], np.uint64))
        step = self._lines.strides[0]
        self.g1 = address_of(self._g1)
        self.minus_g1 = self.g1 + 96
        self.g1_table = address_of(self._tables)
        self.minus_g1_table = self.g1_table + self._tables.strides[0] if self.g1_table else 0
        self.g2_lines = address_of(self._lines)
        self.minus_g2_lines = self.g2_lines + step
        self.minus_tau_lines = self.g2_lines + 2 * step


__all__ = ["FixedPoints", "KeyRegistry"]
