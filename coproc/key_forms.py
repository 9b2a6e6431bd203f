"""How keys of each kind are prepared: many at once, from the bytes of argument buffers to rows and native forms.

The second function of a kind makes what pays only for keys that come again (`coproc.shelf.Ripen`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from coproc.engine.protocol import U64, Buffers, Check, Curve, Encoding, Engine, Groth16KeyHeader, Group, Status, address_of, rows_of
from coproc.honest import closing_pair
from coproc.key_rows import (
    BLS_POINT,
    BLS_STATUS,
    BLS_WIDTH,
    GROTH16_DIGEST,
    GROTH16_VALID,
    GROTH16_WIDTH,
    MEMBER_COEFFICIENT,
    MEMBER_POINT,
    MEMBER_STATUS,
    MEMBER_WEIGHTED,
    MEMBER_WIDTH,
    PLONK_DIGEST,
    PLONK_WIDTH,
    groth16_row,
    plonk_row,
)  # fmt: skip
from coproc.shelf import Prepared
from coproc.wire.key_digest import key_digest

COEFFICIENT_PREFIX: Final = {1: b"", 2: b"BLS_SIG_BLS12381_SCALAR_SHA256_DUSK_H1_V2"}
_G2 = Group.BLS12_381_G2
_CHECKS = Check.ON_CURVE | Check.IN_SUBGROUP


def plonk(engine: Engine, data: Buffers) -> Prepared:
    """Verifier data."""
    natives, status = engine.plonk_key(data)
    table = 8 * engine.msm_table_words(Group.BLS12_381_G1)
    rows = np.zeros((len(data), PLONK_WIDTH), np.uint64)
    for i in np.flatnonzero(status == Status.OK).tolist():
        rows[i, : PLONK_DIGEST.start] = plonk_row(natives[i], table)
    rows[:, PLONK_DIGEST] = _digests("plonk", data)
    return Prepared(rows, natives)


def groth16(engine: Engine, data: Buffers) -> Prepared:
    """arkworks' prepared verification keys."""
    natives, status = engine.groth16_key(data)
    rows = np.zeros((len(data), GROTH16_WIDTH), np.uint64)
    for i in np.flatnonzero(status == Status.OK).tolist():
        rows[i, : GROTH16_DIGEST.start] = groth16_row(natives[i])
    rows[:, GROTH16_DIGEST] = _digests("groth16", data)
    return Prepared(rows, natives)


def closings(engine: Engine, data: list[bytes], natives: list[U64], rows: U64) -> list[U64 | None]:
    """-alpha and behind it the lines of beta, of keys that are honest."""
    made: list[U64 | None] = []
    for key, native, valid in zip(data, natives, rows[:, GROTH16_VALID].tolist(), strict=True):
        closing = closing_pair(engine, key, Groth16KeyHeader(*native[:8].tolist())) if valid else None
        made.append(None if closing is None else np.concatenate(closing))
    return made


def bls(engine: Engine, data: Buffers) -> Prepared:
    """Archived points of G2, 200 bytes each."""
    points, status = engine.decode(_G2, Encoding.DUSK_RAW, _CHECKS, data.addresses)
    natives: list[U64] = [point.copy() for point in points]
    rows = np.zeros((len(data), BLS_WIDTH), np.uint64)
    rows[:, BLS_STATUS] = status
    rows[:, BLS_POINT] = [address_of(native) for native in natives]
    return Prepared(rows, natives)


def lines(engine: Engine, data: list[bytes], natives: list[U64], rows: U64) -> list[U64 | None]:
    """The lines of points that decoded."""
    good = np.flatnonzero(rows[:, BLS_STATUS] == Status.OK).tolist()
    made: list[U64 | None] = [None] * len(data)
    if good:
        for i, lines in zip(good, engine.lines(Curve.BLS12_381, np.array([natives[i] for i in good])), strict=True):
            made[i] = lines.copy()
    return made


def members(engine: Engine, data: Buffers) -> Prepared:
    """Archived points of G2; t = hash(prefix, compressed key)."""
    points, status = engine.decode(_G2, Encoding.DUSK_RAW, _CHECKS, data.addresses)
    compressed = engine.encode(_G2, Encoding.ZCASH, points)
    hashed = Buffers(rows_of(compressed), np.full(len(data), compressed.shape[1], np.uint64), compressed)
    natives: list[U64] = [point.copy() for point in points]
    rows = np.empty((len(data), MEMBER_WIDTH), np.uint64)
    rows[:, MEMBER_STATUS] = status
    rows[:, MEMBER_POINT] = [address_of(native) for native in natives]
    for version, prefix in COEFFICIENT_PREFIX.items():
        rows[:, MEMBER_COEFFICIENT[version]] = engine.hash_to_fr(hashed, prefix, mont=False)
    rows[:, MEMBER_WEIGHTED] = 0
    return Prepared(rows, natives)


def weighted(engine: Engine, data: list[bytes], natives: list[U64], rows: U64) -> list[U64 | None]:
    """t times the points that decoded."""
    good = np.flatnonzero(rows[:, MEMBER_STATUS] == Status.OK).tolist()
    made: list[U64 | None] = [None] * len(data)
    if good:
        scalars = np.ascontiguousarray(rows[good, MEMBER_COEFFICIENT[2]])
        for i, point in zip(good, engine.scalar_mul(_G2, np.array([natives[i] for i in good]), scalars), strict=True):
            made[i] = point.copy()
    return made


def _digests(kind: str, data: Buffers) -> U64:
    """uint64[n, 4]: the names of keys."""
    joined = b"".join(key_digest(kind, data[i]) for i in range(len(data)))
    return np.frombuffer(joined, "<u8").astype(np.uint64).reshape(-1, 4)
