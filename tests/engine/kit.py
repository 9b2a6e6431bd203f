"""Plain integers in, plain integers out: the primitives of an engine as tests want to write them.

A point is None (infinity) or its coordinates: (x, y) in G1, (x.c0, x.c1, y.c0, y.c1) in G2. Montgomery conversions are done here in
Python integers, with moduli written out again, so that a test shares no conversion with what it tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from coproc.engine.protocol import (
    ENCODED_BYTES,
    FIELD_WORDS,
    GT_WORDS,
    POINT_WORDS,
    U8,
    U64,
    Addresses,
    Curve,
    Encoding,
    Engine,
    Field,
    Group,
    Status,
)  # fmt: skip

BLS_P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
BLS_R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
BN_P = 0x30644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD47
BN_R = 0x30644E72E131A029B85045B68181585D2833E84879B9709143E1F593F0000001
JUBJUB_R = 0x0E7DB4EA6533AFA906673B0101343B00A6682093CCC81082D0970E5ED6F72CB7

MODULUS = {
    Field.BLS12_381_FP: BLS_P, Field.BLS12_381_FR: BLS_R, Field.BN254_FP: BN_P, Field.BN254_FR: BN_R, Field.JUBJUB_FR: JUBJUB_R,
}  # fmt: skip
BASE_FIELD = {Curve.BLS12_381: Field.BLS12_381_FP, Curve.BN254: Field.BN254_FP}
ORDER = {Curve.BLS12_381: BLS_R, Curve.BN254: BN_R}
GROUPS = {Curve.BLS12_381: (Group.BLS12_381_G1, Group.BLS12_381_G2), Curve.BN254: (Group.BN254_G1, Group.BN254_G2)}

Point = tuple[int, ...] | None

GENERATOR: dict[Group, tuple[int, ...]] = {
    Group.BLS12_381_G1: (
        0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB,
        0x08B3F481E3AAA0F1A09E30ED741D8AE4FCF5E095D5D00AF600DB18CB2C04B3EDD03CC744A2888AE40CAA232946C5E7E1,
    ),
    Group.BLS12_381_G2: (
        0x024AA2B2F08F0A91260805272DC51051C6E47AD4FA403B02B4510B647AE3D1770BAC0326A805BBEFD48056C8C121BDB8,
        0x13E02B6052719F607DACD3A088274F65596BD0D09920B61AB5DA61BBDC7F5049334CF11213945D57E5AC7D055D042B7E,
        0x0CE5D527727D6E118CC9CDC6DA2E351AADFD9BAA8CBDD3A76D429A695160D12C923AC9CC3BACA289E193548608B82801,
        0x0606C4A02EA734CC32ACD2B02BC28B99CB3E287E85A763AF267492AB572E99AB3F370D275CEC1DA1AAA9075FF05F79BE,
    ),
    Group.BN254_G1: (1, 2),
    Group.BN254_G2: (
        10857046999023057135944570762232829481370756359578518086990519993285655852781,
        11559732032986387107991004021392285783925812861821192530917403151452391805634,
        8495653923123431417604973247489272438418190587263600148770280649306958101930,
        4082367875863433681332203403145435568316851327593401208105741076214120093531,
    ),
}


def curve_of(group: Group) -> Curve:
    return Curve(group >> 1)


def field_of(group: Group) -> Field:
    return BASE_FIELD[curve_of(group)]


def words_of(values: Iterable[int], limbs: int) -> U64:
    """uint64[n, limbs], little-endian."""
    raw = b"".join(v.to_bytes(8 * limbs, "little") for v in values)
    return np.frombuffer(raw, np.uint64).reshape(-1, limbs).copy()


def ints_of(words: U64) -> list[int]:
    """The rows of uint64[n, limbs] as integers."""
    return [int.from_bytes(row.tobytes(), "little") for row in np.ascontiguousarray(words)]


def scalars(values: Iterable[int]) -> U64:
    return words_of(values, 4)


def montgomery(field: Field, values: Iterable[int]) -> U64:
    """x -> x R mod p."""
    limbs, p = FIELD_WORDS[field], MODULUS[field]
    return words_of((v * (1 << 64 * limbs) % p for v in values), limbs)


def plain(field: Field, words: U64) -> list[int]:
    """x R -> x; the limbs must be reduced."""
    limbs, p = FIELD_WORDS[field], MODULUS[field]
    inverse = pow(1 << 64 * limbs, -1, p)
    values = ints_of(words)
    assert all(v < p for v in values), "unreduced limbs came out"
    return [v * inverse % p for v in values]


def points(group: Group, values: Sequence[Point]) -> U64:
    """uint64[n, words], infinity all zeros."""
    width = POINT_WORDS[group] // FIELD_WORDS[field_of(group)]
    flat = [c for v in values for c in (v if v is not None else (0,) * width)]
    return montgomery(field_of(group), flat).reshape(-1, POINT_WORDS[group])


def coordinates(group: Group, words: U64) -> list[Point]:
    limbs = FIELD_WORDS[field_of(group)]
    width = POINT_WORDS[group] // limbs
    flat = plain(field_of(group), words.reshape(-1, limbs))
    rows = [tuple(flat[i : i + width]) for i in range(0, len(flat), width)]
    return [row if any(row) else None for row in rows]


def gt_coordinates(curve: Curve, words: U64) -> list[tuple[int, ...]]:
    field = BASE_FIELD[curve]
    flat = plain(field, words.reshape(-1, FIELD_WORDS[field]))
    return [tuple(flat[i : i + 12]) for i in range(0, len(flat), 12)]


def gt_one(curve: Curve) -> tuple[int, ...]:
    assert GT_WORDS[curve] % 12 == 0
    return (1,) + (0,) * 11


def addresses_of(rows: U64) -> Addresses:
    """Where each row of a C-contiguous array lies; the caller keeps the array."""
    assert rows.flags.c_contiguous
    start, step = rows.__array_interface__["data"][0], rows.strides[0]
    return np.uint64(start) + np.uint64(step) * np.arange(len(rows), dtype=np.uint64)


def addresses_of_bytes(items: Sequence[bytes]) -> tuple[Addresses, U8]:
    """One address an item and the array to keep; items lie one after the other."""
    block = np.frombuffer(b"".join(items) + b"\0", np.uint8).copy()
    starts = np.cumsum([0] + [len(i) for i in items])[:-1].astype(np.uint64)
    return np.uint64(block.__array_interface__["data"][0]) + starts, block


def offsets(sizes: Iterable[int]) -> U64:
    return np.cumsum([0, *sizes]).astype(np.uint64)


def negated(group: Group, value: Point) -> Point:
    if value is None:
        return None
    half = len(value) // 2
    p = MODULUS[field_of(group)]
    return value[:half] + tuple(-c % p for c in value[half:])


def decode(engine: Engine, group: Group, encoding: Encoding, items: Sequence[bytes], checks: int = 3) -> tuple[U64, list[Status]]:
    """Points and statuses; a wrong length is the caller's to refuse, as the engine is given an address alone."""
    assert all(len(i) == ENCODED_BYTES[group, encoding] for i in items)
    where, block = addresses_of_bytes(items)
    words, status = engine.decode(group, encoding, checks, where)
    assert block is not None
    for row, s in zip(words, status, strict=True):
        assert s == Status.OK or not row.any(), "a refused element must be zeroed"
    return words, [Status(s) for s in status]


def encode(engine: Engine, group: Group, encoding: Encoding, words: U64) -> list[bytes]:
    return [row.tobytes() for row in engine.encode(group, encoding, words)]


def msm(engine: Engine, group: Group, sums: Sequence[tuple[U64, Sequence[int]]], *, tables: bool = False) -> U64:
    """One sum an element of `sums`: (points, scalars)."""
    bases = np.concatenate([np.zeros((0, POINT_WORDS[group]), np.uint64), *(p for p, _ in sums)])
    prepared = engine.msm_table(group, bases) if tables else None
    return engine.msm(
        group,
        offsets(len(p) for p, _ in sums),
        addresses_of(bases),
        scalars(s for _, ss in sums for s in ss),
        addresses_of(prepared) if prepared is not None else None,
    )


def products_are_one(engine: Engine, curve: Curve, products: Sequence[tuple[U64, U64]]) -> list[bool]:
    """Of each (g1 points, g2 points): is the product of their pairings one? Prepares the lines of every G2 point."""
    g1_group, g2_group = GROUPS[curve]
    g1 = np.concatenate([np.zeros((0, POINT_WORDS[g1_group]), np.uint64), *(a for a, _ in products)])
    g2 = np.concatenate([np.zeros((0, POINT_WORDS[g2_group]), np.uint64), *(b for _, b in products)])
    infinite = ~g2.any(axis=1)
    # Lines of infinity do not exist: its pair is left out by a null address.
    g2[infinite] = points(g2_group, [GENERATOR[g2_group]])[0]
    lines = engine.lines(curve, g2)
    where = addresses_of(lines)
    where[infinite] = 0
    verdict = engine.pairing_check(curve, offsets(len(a) for a, _ in products), g1, where)
    return [bool(v) for v in verdict]
