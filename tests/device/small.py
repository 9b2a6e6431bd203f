"""The least of each family on any device: few items, every kernel, equal to the CPU engine."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from coproc.engine.device import hash_to_g1, jubjub, msm, msm_large, pairings, points, poseidon, schnorr
from coproc.engine.device.protocol import Stream
from coproc.engine.protocol import Curve, Encoding, Field, FieldOp, Group, rows_of
from coproc.params.jubjub import GENERATOR, Q, R, add, mul
from tests.device.curves import cpu, randoms
from tests.engine import kit
from tests.engine.test_schnorr import secret, signed

Case = Callable[[Stream, int, int], None]
"""A stream, a number of items, a group size."""
ENCODINGS = {Curve.BLS12_381: Encoding.ZCASH, Curve.BN254: Encoding.ARK_COMPRESSED}


def _scalars(group: Group, n: int) -> list[int]:
    draw = random.Random(n)
    return [draw.randrange(1 << 256) for _ in range(n)]


def decoded(group: Group) -> Case:
    def case(stream: Stream, n: int, block: int) -> None:
        given = randoms(group, n)
        encoding = ENCODINGS[kit.curve_of(group)]
        found, status = points.decode(stream, group, encoding, cpu().encode(group, encoding, given), block=block)
        assert not status.any()
        assert np.array_equal(found, given)

    return case


def subgroup(group: Group) -> Case:
    def case(stream: Stream, n: int, block: int) -> None:
        given = randoms(group, n)
        same = points.subgroup(stream, group, np.concatenate((given, given)), block)
        assert np.array_equal(same[:n], same[n:])
        assert same.any(axis=1).all()

    return case


def multiples(group: Group) -> Case:
    def case(stream: Stream, n: int, block: int) -> None:
        given, scalars = randoms(group, n), kit.scalars(_scalars(group, n))
        assert np.array_equal(points.scalar_mul(stream, group, given, scalars, block), cpu().scalar_mul(group, given, scalars))

    return case


def summed(group: Group, how: str) -> Case:
    def case(stream: Stream, n: int, block: int) -> None:
        given, scalars = randoms(group, n), kit.scalars(_scalars(group, n))
        tags = np.arange(1, n + 1, dtype=np.uint64) << np.uint64(40)
        offsets = kit.offsets([n - 1, 1])
        part = getattr(msm, how)(stream, group, offsets, given, scalars, tags, block)
        assert np.array_equal(part.values, cpu().msm(group, offsets, rows_of(given), scalars))
        sums = np.array([tags[:-1].sum(), tags[-1]], np.uint64)
        assert np.array_equal(part.tags, sums * np.uint64(part.times))

    return case


def cut(group: Group) -> Case:
    """Equal scalars, sorted, in stretches of two items, whose ends are joined two by two."""

    def case(stream: Stream, n: int, block: int) -> None:
        given, scalars, tags = randoms(group, n), kit.scalars([77] * n), np.arange(1, n + 1, dtype=np.uint64)
        part = msm_large.partial(stream, group, given, scalars, tags, block, bits=4, sort_block=block, each=2, most=1)
        offsets = kit.offsets([n])
        found = msm.add_windows(cpu(), group, part.planes, 1, part.factors)
        assert np.array_equal(found, cpu().msm(group, offsets, rows_of(given), scalars))
        assert part.tags == int(tags.sum()) * part.times

    return case


def paired(curve: Curve) -> Case:
    def case(stream: Stream, n: int, block: int) -> None:
        g1, g2 = (randoms(group, n) for group in kit.GROUPS[curve])
        offsets = kit.offsets([n])
        sums = pairings.miller(stream, curve, offsets, g1, g2, np.ones(n, np.uint64), fan=2, block=block)
        wanted = cpu().final_exponentiation(curve, cpu().miller_loop(curve, offsets, g1, g2))
        assert np.array_equal(cpu().final_exponentiation(curve, sums.values), wanted)

    return case


def prepared(curve: Curve) -> Case:
    """Lines are made on the device, too."""

    def case(stream: Stream, n: int, block: int) -> None:
        g1, g2 = (randoms(group, n) for group in kit.GROUPS[curve])
        offsets, which = kit.offsets([n]), np.arange(n, dtype=np.uint32)
        lines = pairings.lines(stream, curve, g2, block)
        sums = pairings.miller_lines(stream, curve, offsets, g1, lines, which, np.ones(n, np.uint64), fan=2, block=block)
        wanted = cpu().final_exponentiation(curve, cpu().miller_loop(curve, offsets, g1, g2))
        assert np.array_equal(cpu().final_exponentiation(curve, sums.values), wanted)

    return case


def exponentiated(curve: Curve) -> Case:
    def case(stream: Stream, n: int, block: int) -> None:
        g1, g2 = (randoms(group, n) for group in kit.GROUPS[curve])
        f = cpu().miller_loop(curve, kit.offsets([1] * n), g1, g2)
        assert np.array_equal(pairings.final_exponentiation(stream, curve, f, block), cpu().final_exponentiation(curve, f))

    return case


def hashed(stream: Stream, n: int, block: int) -> None:
    u = kit.montgomery(Field.BLS12_381_FP, list(range(n)))
    assert np.array_equal(hash_to_g1.map_to_g1(stream, u, block), cpu().map_to_g1(u))


def permuted(stream: Stream, n: int, block: int) -> None:
    given = np.arange(n * 20, dtype=np.uint64).reshape(n, 5, 4)
    pads = given[::-1].copy()
    flat = cpu().field(Field.BLS12_381_FR, FieldOp.SUB, poseidon.hades(stream, given, pads, block).reshape(-1, 4), pads.reshape(-1, 4))
    assert np.array_equal(flat.reshape(n, 5, 4), cpu().hades_permute(given))


def digested(stream: Stream, n: int, block: int) -> None:
    counts = np.arange(1, n + 1, dtype=np.uint64)
    scalars = np.arange(4 * int(counts.sum()), dtype=np.uint64).reshape(-1, 4)
    pads = scalars[:n].copy()
    found = cpu().field(Field.BLS12_381_FR, FieldOp.SUB, poseidon.poseidon(stream, scalars, counts, pads, block), pads)
    wanted, status = cpu().poseidon_hash(rows_of(scalars)[np.cumsum(counts).astype(np.int64) - counts.astype(np.int64)], counts)
    assert not status.any()
    assert np.array_equal(found, wanted)


def summed_on_jubjub(stream: Stream, n: int, block: int) -> None:
    a, c = (kit.scalars([(i + 2) << shift for i in range(n)]) for shift in (200, 240))
    point, half = mul(5, GENERATOR), pow(1 << 256, -1, R)
    given = np.repeat(jubjub.limbs(*point).reshape(1, 2, 4), n, axis=0)
    flat = kit.plain(Field.BLS12_381_FR, jubjub.sums(stream, a, c, given, block).reshape(-1, 4))
    for i in range(n):
        u, v = add(mul(((i + 2) << 200) * half % R, GENERATOR), mul((i + 2) << 240, point))
        z = flat[3 * i + 2]
        assert flat[3 * i : 3 * i + 3] == [u * z % Q, v * z % Q, z]


def signatures(stream: Stream, n: int, block: int) -> None:
    rng = random.Random(n)
    made = signed(cpu(), [secret(rng) for _ in range(n)], rng)
    held = [kit.addresses_of_bytes([s[k] for s in made]) for k in range(3)]
    rows, fit = schnorr.requests(*(where for where, _ in held))
    assert fit.all()
    assert schnorr.accepted(stream, cpu(), jubjub.Secrets(cpu()), rows, block).all()


G1S, G2S = (Group.BLS12_381_G1, Group.BN254_G1), (Group.BLS12_381_G2, Group.BN254_G2)
CASES: dict[str, Case] = {
    **{f"decode {g.name}": decoded(g) for g in Group},
    **{f"subgroup {g.name}": subgroup(g) for g in (Group.BLS12_381_G1, *G2S)},
    **{f"scalar_mul {g.name}": multiples(g) for g in Group},
    **{f"{how} {g.name}": summed(g, how) for how in ("by_ladder", "by_buckets", "by_sorting") for g in Group},
    **{f"by_stretches {g.name}": cut(g) for g in Group},
    **{f"miller {c.name}": paired(c) for c in Curve},
    **{f"lines {c.name}": prepared(c) for c in Curve},
    **{f"final_exponentiation {c.name}": exponentiated(c) for c in Curve},
    "hash_to_g1": hashed,
    "hades": permuted,
    "poseidon": digested,
    "jubjub": summed_on_jubjub,
    "schnorr": signatures,
}
WIDE = (
    *("decode BLS12_381_G1", "subgroup BN254_G2", "scalar_mul BN254_G1", "by_ladder BN254_G1", "by_buckets BN254_G1"),
    *("by_sorting BN254_G1", "by_stretches BN254_G1", "miller BN254", "lines BN254", "final_exponentiation BN254"),
    *("hash_to_g1", "hades", "poseidon", "jubjub", "schnorr"),
)
"""Every kernel, on one curve."""
COOPERATING = ("by_buckets BN254_G1", "by_sorting BN254_G1", "miller BN254")
"""Those in which the work-items of a group read what others wrote, or kernels follow on each other's results."""
