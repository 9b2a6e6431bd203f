"""The registry of prepared verification keys of one engine, and the fixed points that verifiers share.

A key is recognised by comparing its bytes with those seen (hashing 36 kB costs as much as a proof); each kind has a `Shelf`. What
operations read of a key is a row of 64-bit words, whose columns are named here. Each tenant has shelves of its own, so that fresh keys of
one do not evict those of another. Keys know no rules.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

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
from coproc.errors import InvalidInput
from coproc.fixed import FixedPoints
from coproc.honest import BN254_LINES, closing_pair
from coproc.shelf import Prepared, Shelf
from coproc.wire.key_digest import canonical, key_digest

DEFAULT_BYTES: Final = 256 << 20
"""Bytes of the keys of one kind that are kept."""
DEFAULT_KEYS: Final = 4096
DEFAULT_TENANTS: Final = 16
TENANT_SHARE: Final = 4  # a tenant with a name has a quarter of what the registry itself has

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


class Kept(NamedTuple):
    """A key of a registry: its kind, its name (`coproc.wire.key_digest`) and its size in bytes."""

    kind: str
    digest: bytes
    size: int


class KeyRegistry:
    """Prepared keys and fixed points of one engine. Safe from any number of threads."""

    def __init__(
        self, engine: Engine, max_bytes: int = DEFAULT_BYTES, max_keys: int = DEFAULT_KEYS, max_tenants: int = DEFAULT_TENANTS
    ) -> None:
        """max_bytes, max_keys: of each kind; each tenant with a name has `TENANT_SHARE` of that. max_tenants: with keys at a time."""
        self.engine = engine
        self._limits = max_bytes, max_keys
        self._max_tenants = max_tenants
        self._tenants: dict[str, KeyRegistry] = {}
        self._parent: KeyRegistry = self
        self._lock = threading.Lock()
        self._fixed: FixedPoints | None = None
        limits = max_bytes, max_keys
        closing = ALPHA_BYTES + 8 * engine.lines_words(Curve.BN254)
        lines = 8 * engine.lines_words(Curve.BLS12_381)
        self.plonk = Shelf(engine, self._plonk, PLONK_WIDTH, *limits)
        self.groth16 = Shelf(engine, self._groth16, GROTH16_WIDTH, *limits, self._closings, GROTH16_CLOSING, closing)
        self.bls = Shelf(engine, self._bls, BLS_WIDTH, *limits, self._lines, BLS_LINES, lines)
        members = max_bytes, max_keys * MEMBERS_A_KEY
        self.members = Shelf(engine, self._members, MEMBER_WIDTH, *members, self._weighted, MEMBER_WEIGHTED, 8 * POINT_WORDS[_G2])

    def of(self, tenant: str) -> KeyRegistry:
        """The keys of a tenant; "" has those of this registry. Where there are too many tenants, the keys of the least recent one go."""
        if not tenant:
            return self
        with self._lock:
            found = self._tenants.pop(tenant, None)
            if found is None:
                found = KeyRegistry(self.engine, *(max(1, limit // TENANT_SHARE) for limit in self._limits))
                found._parent = self
                if len(self._tenants) >= self._max_tenants:
                    del self._tenants[next(iter(self._tenants))]
            self._tenants[tenant] = found  # the last one is the most recent
            return found

    def add(self, kind: str, data: bytes) -> bytes:
        """Prepare a key, and its name. kind: "plonk", "groth16" or "bls". Raises InvalidInput where it is none."""
        digest, key = key_digest(kind, data), Buffers.of([canonical(kind, data)])
        shelves = self._shelves().get(kind)
        if not shelves:
            raise InvalidInput(f"keys of kind {kind} are not prepared")
        for shelf, valid in shelves:
            if not valid(shelf.rows(key)[0]):
                raise InvalidInput(f"no valid key of kind {kind}")
        return digest

    def kept(self) -> list[Kept]:
        """The valid keys that are there, each once, in the order in which they came."""
        kept = (Kept(kind, key_digest(kind, data), len(data)) for kind, data in self._all())
        return list(dict.fromkeys(kept))

    def show(self, digest: bytes) -> bytes | None:
        """The bytes of a valid key by its name, None if it is not here."""
        return next((canonical(kind, data) for kind, data in self._all() if key_digest(kind, data) == digest), None)

    def _shelves(self) -> dict[str, list[tuple[Shelf, Callable[[U64], bool]]]]:
        """The shelves of each kind, and what says that a row is that of a valid key."""
        return {
            "plonk": [(self.plonk, lambda rows: rows.item(PLONK_VALID) == 1)],
            "groth16": [(self.groth16, lambda rows: rows.item(GROTH16_VALID) == 1)],
            "bls": [
                (self.bls, lambda rows: rows.item(BLS_STATUS) == Status.OK),
                (self.members, lambda rows: rows.item(MEMBER_STATUS) == Status.OK),
            ],
        }

    def _all(self) -> Iterator[tuple[str, bytes]]:
        for kind, shelves in self._shelves().items():
            for shelf, valid in shelves:
                yield from ((kind, data) for data, row in shelf.held() if valid(row))

    @property
    def fixed(self) -> FixedPoints:
        """The fixed points of BLS12-381, prepared when first asked for."""
        if self._parent is not self:
            return self._parent.fixed
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
        rows[:, PLONK_DIGEST] = _digests("plonk", data)
        return Prepared(rows, natives)

    def _groth16(self, data: Buffers) -> Prepared:
        """arkworks' prepared verification keys."""
        natives, status = self.engine.groth16_key(data)
        rows = np.zeros((len(data), GROTH16_WIDTH), np.uint64)
        for i in np.flatnonzero(status == Status.OK).tolist():
            rows[i, : GROTH16_DIGEST.start] = _groth16_row(natives[i])
        rows[:, GROTH16_DIGEST] = _digests("groth16", data)
        return Prepared(rows, natives)

    def _closings(self, data: list[bytes], natives: list[U64], rows: U64) -> list[U64 | None]:
        """-alpha and behind it the lines of beta, of keys that are honest."""
        made: list[U64 | None] = []
        for key, native, valid in zip(data, natives, rows[:, GROTH16_VALID].tolist(), strict=True):
            closing = closing_pair(self.engine, key, Groth16KeyHeader(*native[:8].tolist())) if valid else None
            made.append(None if closing is None else np.concatenate(closing))
        return made

    def _bls(self, data: Buffers) -> Prepared:
        """Archived points of G2, 200 bytes each."""
        points, status = self.engine.decode(_G2, Encoding.DUSK_RAW, _CHECKS, data.addresses)
        natives: list[U64] = [point.copy() for point in points]
        rows = np.zeros((len(data), BLS_WIDTH), np.uint64)
        rows[:, BLS_STATUS] = status
        rows[:, BLS_POINT] = [address_of(native) for native in natives]
        return Prepared(rows, natives)

    def _lines(self, data: list[bytes], natives: list[U64], rows: U64) -> list[U64 | None]:
        """The lines of points that decoded."""
        good = np.flatnonzero(rows[:, BLS_STATUS] == Status.OK).tolist()
        made: list[U64 | None] = [None] * len(data)
        if good:
            for i, lines in zip(good, self.engine.lines(Curve.BLS12_381, np.array([natives[i] for i in good])), strict=True):
                made[i] = lines.copy()
        return made

    def _members(self, data: Buffers) -> Prepared:
        """Archived points of G2; t = hash(prefix, compressed key)."""
        points, status = self.engine.decode(_G2, Encoding.DUSK_RAW, _CHECKS, data.addresses)
        compressed = self.engine.encode(_G2, Encoding.ZCASH, points)
        hashed = Buffers(rows_of(compressed), np.full(len(data), compressed.shape[1], np.uint64), compressed)
        natives: list[U64] = [point.copy() for point in points]
        rows = np.empty((len(data), MEMBER_WIDTH), np.uint64)
        rows[:, MEMBER_STATUS] = status
        rows[:, MEMBER_POINT] = [address_of(native) for native in natives]
        for version, prefix in COEFFICIENT_PREFIX.items():
            rows[:, MEMBER_COEFFICIENT[version]] = self.engine.hash_to_fr(hashed, prefix, mont=False)
        rows[:, MEMBER_WEIGHTED] = 0
        return Prepared(rows, natives)

    def _weighted(self, data: list[bytes], natives: list[U64], rows: U64) -> list[U64 | None]:
        """t times the points that decoded."""
        good = np.flatnonzero(rows[:, MEMBER_STATUS] == Status.OK).tolist()
        made: list[U64 | None] = [None] * len(data)
        if good:
            scalars = np.ascontiguousarray(rows[good, MEMBER_COEFFICIENT[2]])
            for i, point in zip(good, self.engine.scalar_mul(_G2, np.array([natives[i] for i in good]), scalars), strict=True):
                made[i] = point.copy()
        return made


def _digests(kind: str, data: Buffers) -> U64:
    """uint64[n, 4]: the names of keys."""
    joined = b"".join(key_digest(kind, data[i]) for i in range(len(data)))
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


__all__ = ["Kept", "KeyRegistry"]
