"""The primitives against libraries that share nothing with them: arkworks (PyPI py_arkworks_bls12381), py_ecc, hashlib, pycryptodome.

Each function makes inputs from a random source, asks an engine and a library, and returns the differences in words.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import py_arkworks_bls12381 as arkworks
from Crypto.Hash import keccak
from py_ecc import optimized_bn128 as bn128

from coproc.engine.protocol import U64, Buffers, Curve, Encoding, Engine, Field, Group, Status
from tests.engine import kit, torsion
from tests.fuzz import mutate, points

Random = random.Random
G1, G2, B1, B2 = Group.BLS12_381_G1, Group.BLS12_381_G2, Group.BN254_G1, Group.BN254_G2
ARK = {G1: arkworks.G1Point, G2: arkworks.G2Point}
R, N = kit.BLS_R, kit.BN_R


def scalar(rng: Random, order: int) -> int:
    """Below 2^256: any, near the order, few bits, small."""
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randrange(1 << 256)
    if kind == 1:
        return (order * rng.randrange(3) + rng.randrange(-3, 4)) % (1 << 256)
    if kind == 2:
        return sum(1 << rng.randrange(256) for _ in range(3)) % (1 << 256)
    return rng.randrange(order) if kind == 3 else rng.randrange(1 << 64)


def ark_scalar(k: int) -> Any:
    return arkworks.Scalar.from_le_bytes((k % R).to_bytes(32, "little"))


def ark_bytes(point: Any) -> bytes:
    """Big-endian x and y, each coordinate 48 bytes, c0 first; zeros for infinity."""
    return bytes(point.to_xy_bytes_be())


def our_bytes(words: U64, group: Group) -> list[bytes]:
    width = 2 if group == G1 else 4
    return [b"".join(c.to_bytes(48, "big") for c in v or (0,) * width) for v in kit.coordinates(group, words)]


def multiples(engine: Engine, group: Group, ks: Sequence[int]) -> U64:
    generator = kit.points(group, [kit.GENERATOR[group]])
    return engine.scalar_mul(group, np.repeat(generator, len(ks), axis=0), kit.scalars(ks))


def differences(what: str, inputs: Sequence[Any], ours: Sequence[Any], theirs: Sequence[Any]) -> list[str]:
    rows = zip(inputs, ours, theirs, strict=True)
    return [f"{what}: input {i!r}: ours {a!r}, theirs {b!r}" for i, a, b in rows if a != b]


def decoding(group: Group) -> Callable[[Engine, Random, int], list[str]]:
    """Compressed points, near-valid and not, with the subgroup check; differences of acceptance and of coordinates."""

    def compare(engine: Engine, rng: Random, count: int) -> list[str]:
        change = mutate.MUTATIONS["zcash_g1" if group == G1 else "zcash_g2"]
        good = kit.encode(engine, group, Encoding.ZCASH, multiples(engine, group, [rng.randrange(1, R) for _ in range(8)]))
        items = []
        for _ in range(count):
            item = rng.choice(good)
            for _ in range(rng.choice((0, 1, 1, 2))):
                item = change(rng, item)
            items.append(item)
        words, status = kit.decode(engine, group, Encoding.ZCASH, items)
        ours = [b if s == Status.OK else None for b, s in zip(our_bytes(words, group), status, strict=True)]
        return differences(f"decode {group.name}", [i.hex() for i in items], ours, [ark_decoded(group, i) for i in items])

    return compare


def ark_decoded(group: Group, item: bytes) -> bytes | None:
    """arkworks takes infinity for infinity whatever the other bits say; the rule wants them zero."""
    if item[0] & 0x40 and item != points.zcash(group, None):
        return None
    try:
        return ark_bytes(ARK[group].from_compressed_bytes(item))
    except (ValueError, TypeError):
        return None


def arithmetic(group: Group) -> Callable[[Engine, Random, int], list[str]]:
    """Sums, products and sums of products of multiples of the generator, opposite and equal ones among them."""

    def compare(engine: Engine, rng: Random, count: int) -> list[str]:
        out: list[str] = []
        theirs = ARK[group]
        for _ in range(max(1, count // 24)):
            size = rng.choice((1, 2, 3, 5, 8, 17, 40))
            seeds = [rng.choice((0, 1, R - 1, 2, 3, rng.randrange(R))) for _ in range(size)]
            ks = [scalar(rng, R) for _ in range(size)]
            words = multiples(engine, group, seeds)
            bases = [theirs() * ark_scalar(s) for s in seeds]
            out += differences(f"multiples {group.name}", seeds, our_bytes(words, group), [ark_bytes(b) for b in bases])
            scaled = engine.scalar_mul(group, words, kit.scalars(ks))
            out += differences(
                f"scalar_mul {group.name}", list(zip(seeds, ks, strict=True)), our_bytes(scaled, group),
                [ark_bytes(b * ark_scalar(k)) for b, k in zip(bases, ks, strict=True)],
            )  # fmt: skip
            added = engine.add(group, words, np.roll(words, 1, axis=0).copy())
            out += differences(
                f"add {group.name}", seeds, our_bytes(added, group), [ark_bytes(b + bases[i - 1]) for i, b in enumerate(bases)]
            )
            total = ark_bytes(theirs.multiexp_unchecked(bases, [ark_scalar(k) for k in ks]))
            for tables in (False, True):
                found = our_bytes(kit.msm(engine, group, [(words, ks)], tables=tables), group)
                out += differences(f"msm {group.name} tables={tables}", [list(zip(seeds, ks, strict=True))], found, [total])
        return out

    return compare


def hashing_to_g1(engine: Engine, rng: Random, count: int) -> list[str]:
    messages = [rng.randbytes(rng.choice((0, 1, 31, 32, 55, 64, 65, 200))) for _ in range(count)]
    dst = rng.randbytes(rng.choice((1, 16, 43, 255)))
    ours = our_bytes(engine.hash_to_g1(Buffers.of(messages), dst), G1)
    theirs = [ark_bytes(arkworks.G1Point.hash_to_curve(m, dst)) for m in messages]
    us = [rng.choice((0, 1, kit.BLS_P - 1, rng.randrange(kit.BLS_P))) for _ in range(count)]
    mapped = our_bytes(engine.map_to_g1(kit.montgomery(Field.BLS12_381_FP, us)), G1)
    theirs_mapped = [ark_bytes(arkworks.G1Point.map_from_fp_be(u.to_bytes(48, "big"))) for u in us]
    return differences(f"hash_to_g1 dst={dst.hex()}", messages, ours, theirs) + differences("map_to_g1", us, mapped, theirs_mapped)


def products(rng: Random, order: int) -> tuple[list[int], list[int]]:
    """Exponents of a product of pairings, half of them made to be one; zeros among them."""
    size = rng.choice((1, 2, 3, 4, 7))
    a = [rng.choice((0, 1, rng.randrange(order), rng.randrange(order))) for _ in range(size)]
    b = [rng.choice((0, 1, rng.randrange(1, order), rng.randrange(1, order))) for _ in range(size)]
    if rng.random() < 0.5:
        b.append(1)
        a.append(-sum(x * y for x, y in zip(a, b, strict=False)) % order)
    return a, b


def pairings_bls12_381(engine: Engine, rng: Random, count: int) -> list[str]:
    """Products of pairings against arkworks, and against what the exponents say."""
    rows = [products(rng, R) for _ in range(count)]
    ours = kit.products_are_one(engine, Curve.BLS12_381, [(multiples(engine, G1, a), multiples(engine, G2, b)) for a, b in rows])
    theirs = [
        arkworks.GT.pairing_check(
            [arkworks.G1Point() * ark_scalar(x) for x in a], [arkworks.G2Point() * ark_scalar(y) for y in b]
        )
        for a, b in rows
    ]  # fmt: skip
    known = [sum(x * y for x, y in zip(a, b, strict=True)) % R == 0 for a, b in rows]
    return differences("pairing BLS12-381", rows, ours, theirs) + differences("pairing BLS12-381, exponents", rows, ours, known)


def pairings_bn254(engine: Engine, rng: Random, count: int) -> list[str]:
    """Products of pairings against what the exponents say."""
    rows = [products(rng, N) for _ in range(count)]
    ours = kit.products_are_one(engine, Curve.BN254, [(multiples(engine, B1, a), multiples(engine, B2, b)) for a, b in rows])
    known = [sum(x * y for x, y in zip(a, b, strict=True)) % N == 0 for a, b in rows]
    return differences("pairing BN254, exponents", rows, ours, known)


def arithmetic_bn254(group: Group) -> Callable[[Engine, Random, int], list[str]]:
    """Multiples and sums against py_ecc."""

    def point(value: Any) -> kit.Point:
        x, y = bn128.normalize(value) if not bn128.is_inf(value) else (None, None)
        if x is None:
            return None
        return (int(x), int(y)) if group == B1 else tuple(int(c) for c in (*x.coeffs, *y.coeffs))

    def compare(engine: Engine, rng: Random, count: int) -> list[str]:
        base = bn128.G1 if group == B1 else bn128.G2
        ks = [rng.choice((0, 1, N - 1, scalar(rng, N))) for _ in range(count)]
        theirs = [bn128.multiply(base, k % N) for k in ks]
        words = multiples(engine, group, ks)
        out = differences(f"multiples {group.name}", ks, kit.coordinates(group, words), [point(t) for t in theirs])
        added = engine.add(group, words, np.roll(words, 1, axis=0).copy())
        sums = [point(bn128.add(t, theirs[i - 1])) for i, t in enumerate(theirs)]
        out += differences(f"add {group.name}", ks, kit.coordinates(group, added), sums)
        total = bn128.Z1 if group == B1 else bn128.Z2
        weights = [scalar(rng, N) for _ in ks]
        for t, w in zip(theirs, weights, strict=True):
            total = bn128.add(total, bn128.multiply(t, w % N))
        found = kit.coordinates(group, kit.msm(engine, group, [(words, weights)]))
        return out + differences(f"msm {group.name}", [list(zip(ks, weights, strict=True))], found, [point(total)])

    return compare


def decoding_bn254(group: Group) -> Callable[[Engine, Random, int], list[str]]:
    """arkworks' compressed points against a decoder written here from the rule, subgroup by multiplication."""

    def compare(engine: Engine, rng: Random, count: int) -> list[str]:
        change = mutate.MUTATIONS["ark_g1" if group == B1 else "ark_g2"]
        good = [points.ark(group, v) for v in kit.coordinates(group, multiples(engine, group, [rng.randrange(1, N) for _ in range(8)]))]
        items = []
        for _ in range(count):
            item = rng.choice(good)
            for _ in range(rng.choice((0, 1, 1, 2))):
                item = change(rng, item)
            items.append(item)
        words, status = kit.decode(engine, group, Encoding.ARK_COMPRESSED, items)
        ours = [v if s == Status.OK else "refused" for v, s in zip(kit.coordinates(group, words), status, strict=True)]
        return differences(f"decode {group.name}", [i.hex() for i in items], ours, [textbook_ark(group, i) for i in items])

    return compare


def textbook_ark(group: Group, item: bytes) -> kit.Point | str:
    flags, body = item[-1] & 0xC0, item[:-1] + bytes([item[-1] & 0x3F])
    x = tuple(int.from_bytes(body[i : i + 32], "little") for i in range(0, len(body), 32))
    if flags == 0xC0 or max(x) >= kit.BN_P:
        return "refused"
    if flags == 0x40:
        return None
    found = torsion.curve_points(group, [x])
    if not found or found[0] is None or not torsion.in_subgroup(group, found[0]):
        return "refused"
    return found[0] if points.larger(group, found[0]) == bool(flags) else kit.negated(group, found[0])


def hashes(engine: Engine, rng: Random, count: int) -> list[str]:
    items = [rng.randbytes(rng.choice((rng.randrange(300), 55, 56, 63, 64, 111, 112, 127, 128, 135, 136, 271, 272))) for _ in range(count)]
    out: list[str] = []
    for name, reference in (
        ("blake2b_512", lambda m: hashlib.blake2b(m).digest()),
        ("sha256", lambda m: hashlib.sha256(m).digest()),
        ("keccak256", lambda m: keccak.new(digest_bits=256, data=m).digest()),
    ):
        found = [row.tobytes() for row in getattr(engine, name)(Buffers.of(items))]
        out += differences(name, items, found, [reference(m) for m in items])
    return out


#: Name -> comparison and how many inputs it takes for each thousand asked.
COMPARISONS: dict[str, tuple[Callable[[Engine, Random, int], list[str]], int]] = {
    "decode G1": (decoding(G1), 300),
    "decode G2": (decoding(G2), 150),
    "arithmetic G1": (arithmetic(G1), 200),
    "arithmetic G2": (arithmetic(G2), 100),
    "hash to G1": (hashing_to_g1, 60),
    "pairings BLS12-381": (pairings_bls12_381, 40),
    "pairings BN254": (pairings_bn254, 40),
    "arithmetic BN254 G1": (arithmetic_bn254(B1), 40),
    "arithmetic BN254 G2": (arithmetic_bn254(B2), 12),
    "decode BN254 G1": (decoding_bn254(B1), 100),
    "decode BN254 G2": (decoding_bn254(B2), 30),
    "hashes": (hashes, 1000),
}
