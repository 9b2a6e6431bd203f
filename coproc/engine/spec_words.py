"""The engine `spec`: what lies in memory, as the integers of `coproc.spec`, and back.

An array row is read as one little-endian integer and cut into limbs: field elements leave Montgomery form on the way in and take it on
again on the way out. Infinity is all zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from ctypes import string_at
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from coproc.engine.protocol import FIELD_WORDS, GT_WORDS, POINT_WORDS, U64, Addresses, Curve, Encoding, Field, Group
from coproc.spec import curve, decode, encode, fields, pairing
from coproc.spec.fields import PrimeField
from coproc.spec.tower import Fp12, Tower
from coproc.spec.verdict import require

Point = tuple[Any, Any] | None  # coordinates in Fp or Fp2: a group fixes which

FIELDS: Final = {
    Field.BLS12_381_FP: fields.BLS12_381_FP,
    Field.BLS12_381_FR: fields.BLS12_381_FR,
    Field.BN254_FP: fields.BN254_FP,
    Field.BN254_FR: fields.BN254_FR,
    Field.JUBJUB_FR: fields.JUBJUB_FR,
}
CURVES: Final[dict[Group, curve.Curve[Any]]] = {
    Group.BLS12_381_G1: curve.BLS12_381_G1,
    Group.BLS12_381_G2: curve.BLS12_381_G2,
    Group.BN254_G1: curve.BN254_G1,
    Group.BN254_G2: curve.BN254_G2,
}
BASE: Final = {Curve.BLS12_381: Field.BLS12_381_FP, Curve.BN254: Field.BN254_FP}
PAIRINGS: Final[dict[Curve, pairing.Pairing]] = {Curve.BLS12_381: pairing.BLS12_381, Curve.BN254: pairing.BN254}


# ---- integers ---------------------------------------------------------------------------------------------------------------
def integers(words: bytes, limbs: int) -> list[int]:
    """Little-endian integers of that many 64-bit limbs."""
    return [int.from_bytes(words[i : i + 8 * limbs], "little") for i in range(0, len(words), 8 * limbs)]


def rows(array: U64, words: int) -> Iterator[bytes]:
    """The bytes of each row of that many words, however the rows are arranged; ValueError where they do not come out even."""
    for row in np.ascontiguousarray(array, np.uint64).reshape(-1, words):
        yield row.tobytes()


def array_of(items: Sequence[Iterable[int]], words: int, limbs: int) -> U64:
    """uint64[n, words] from the integers of each row."""
    data = b"".join(x.to_bytes(8 * limbs, "little") for item in items for x in item)
    return np.frombuffer(bytearray(data), np.uint64).reshape(len(items), words)


def elements(field: Field, words: bytes) -> list[int]:
    """Montgomery limbs, reduced or not, as values."""
    f = FIELDS[field]
    return [f.from_mont(x) for x in integers(words, FIELD_WORDS[field])]


def montgomery(field: Field, values: Iterable[int]) -> list[int]:
    """Values as reduced Montgomery limbs."""
    f = FIELDS[field]
    return [f.to_mont(x) for x in values]


# ---- points -----------------------------------------------------------------------------------------------------------------
def curve_of(group: Group) -> Curve:
    return Curve.BLS12_381 if group in (Group.BLS12_381_G1, Group.BLS12_381_G2) else Curve.BN254


def is_g2(group: Group) -> bool:
    return group in (Group.BLS12_381_G2, Group.BN254_G2)


def base_of(group: Group) -> Field:
    return BASE[curve_of(group)]


def _assemble(group: Group, c: Sequence[int]) -> tuple[Any, Any]:
    return ((c[0], c[1]), (c[2], c[3])) if is_g2(group) else (c[0], c[1])


def coordinates(group: Group, point: tuple[Any, Any]) -> tuple[int, ...]:
    """Two coordinates over Fp for G1, four for G2."""
    return (*point[0], *point[1]) if is_g2(group) else point


def load_point(group: Group, words: bytes) -> Point:
    return _assemble(group, elements(base_of(group), words)) if any(words) else None


def load_points(group: Group, array: U64) -> list[Point]:
    return [load_point(group, row) for row in rows(array, POINT_WORDS[group])]


def store_points(group: Group, points: Sequence[Point]) -> U64:
    """uint64[n, words]."""
    field, zeros = base_of(group), (0,) * (4 if is_g2(group) else 2)
    items = [zeros if p is None else montgomery(field, coordinates(group, p)) for p in points]
    return array_of(items, POINT_WORDS[group], FIELD_WORDS[field])


# ---- Gt and lines -----------------------------------------------------------------------------------------------------------
def load_gt(curve_: Curve, words: bytes) -> Fp12:
    return Tower.from_coordinates(tuple(elements(BASE[curve_], words)))


def gt_integers(curve_: Curve, value: Fp12) -> list[int]:
    return montgomery(BASE[curve_], Tower.coordinates(value))


def line_words(curve_: Curve) -> int:
    """Words of one line: six elements of Fp."""
    return 6 * FIELD_WORDS[BASE[curve_]]


@lru_cache(maxsize=1024)
def load_lines(curve_: Curve, words: bytes) -> pairing.Lines:
    c = elements(BASE[curve_], words)
    return tuple(((c[i], c[i + 1]), (c[i + 2], c[i + 3]), (c[i + 4], c[i + 5])) for i in range(0, len(c), 6))


def line_integers(curve_: Curve, lines: pairing.Lines) -> list[int]:
    return montgomery(BASE[curve_], (x for line in lines for c in line for x in c))


def gt_array(curve_: Curve, values: list[Fp12]) -> U64:
    return array_of([gt_integers(curve_, value) for value in values], GT_WORDS[curve_], FIELD_WORDS[BASE[curve_]])


# ---- encodings --------------------------------------------------------------------------------------------------------------
class Codec(NamedTuple):
    """read(data, in_subgroup, on_curve) raises Invalid; write(point)."""

    read: Callable[[bytes, bool, bool], Point]
    write: Callable[[Any], bytes]


class Unreduced(Exception):
    """Limbs that are not below the modulus."""


def _dusk_raw(group: Group) -> Codec:
    f: PrimeField = FIELDS[base_of(group)]
    k = CURVES[group]

    def read(data: bytes, in_subgroup: bool, on_curve: bool) -> Point:
        limbs = integers(data[:-8], f.words)
        require(data[-8] == 0, "infinity")
        if any(x >= f.p for x in limbs):
            raise Unreduced
        point = _assemble(group, [f.from_mont(x) for x in limbs])
        require(not (on_curve or in_subgroup) or k.contains(point), "not on the curve")
        require(not in_subgroup or k.in_subgroup(point), "not in the subgroup of prime order")
        return point

    def write(point: Any) -> bytes:
        """Infinity as upstream keeps it: (0, 1) and the byte 1."""
        flag = point is None
        values = coordinates(group, (k.field.zero, k.field.one) if point is None else point)
        return b"".join(f.to_mont(x).to_bytes(8 * f.words, "little") for x in values) + bytes([flag]) + bytes(7)

    return Codec(read, write)


CODECS: Final[dict[tuple[Group, Encoding], Codec]] = {
    (Group.BLS12_381_G1, Encoding.ZCASH): Codec(lambda d, s, _: decode.zcash_g1(d, s), encode.zcash_g1),
    (Group.BLS12_381_G2, Encoding.ZCASH): Codec(lambda d, s, _: decode.zcash_g2(d, s), encode.zcash_g2),
    (Group.BLS12_381_G1, Encoding.ZCASH_UNCOMPRESSED): Codec(decode.zcash_g1_uncompressed, encode.zcash_g1_uncompressed),
    (Group.BLS12_381_G2, Encoding.ZCASH_UNCOMPRESSED): Codec(decode.zcash_g2_uncompressed, encode.zcash_g2_uncompressed),
    (Group.BN254_G1, Encoding.ARK_COMPRESSED): Codec(lambda d, s, c: decode.Reader(d).g1(True, s, c), lambda p: encode.ark_g1(p, True)),
    (Group.BN254_G2, Encoding.ARK_COMPRESSED): Codec(lambda d, s, c: decode.Reader(d).g2(True, s, c), lambda p: encode.ark_g2(p, True)),
    (Group.BN254_G1, Encoding.ARK_UNCOMPRESSED): Codec(lambda d, s, c: decode.Reader(d).g1(False, s, c), lambda p: encode.ark_g1(p, False)),
    (Group.BN254_G2, Encoding.ARK_UNCOMPRESSED): Codec(lambda d, s, c: decode.Reader(d).g2(False, s, c), lambda p: encode.ark_g2(p, False)),
    (Group.BLS12_381_G1, Encoding.DUSK_RAW): _dusk_raw(Group.BLS12_381_G1),
    (Group.BLS12_381_G2, Encoding.DUSK_RAW): _dusk_raw(Group.BLS12_381_G2),
    (Group.BLS12_381_G1, Encoding.EVM): Codec(decode.evm_bls12_381_g1, encode.evm_bls12_381_g1),
    (Group.BLS12_381_G2, Encoding.EVM): Codec(decode.evm_bls12_381_g2, encode.evm_bls12_381_g2),
    (Group.BN254_G1, Encoding.EVM): Codec(decode.evm_bn254_g1, encode.evm_bn254_g1),
    (Group.BN254_G2, Encoding.EVM): Codec(decode.evm_bn254_g2, encode.evm_bn254_g2),
}


def read_at(address: int | np.uint64, size: int) -> bytes:
    """Bytes where they lie."""
    return string_at(int(address), size) if size else b""


def each_at(addresses: Addresses, size: int) -> Iterator[bytes]:
    """``size`` bytes at each address."""
    for address in addresses.tolist():
        yield string_at(address, size)


def spans(offsets: U64, count: int) -> list[tuple[int, int]]:
    """(start, end) of every element; ValueError where offsets end elsewhere than the elements do."""
    bounds = [int(x) for x in offsets]
    if not bounds or bounds[-1] != count:
        raise ValueError(f"offsets do not end at the number of elements, {count}")
    return list(pairwise(bounds))
