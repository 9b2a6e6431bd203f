"""Decoders accept exactly the encodings they should, and encode is their inverse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coproc.engine.protocol import ENCODED_BYTES, POINT_WORDS, Check, Encoding, Engine, Field, Group, Status
from tests.engine import kit, torsion
from tests.engine.torsion import curve_points, outside_points
from tests.vectors import load

Sample = Callable[[Sequence[Any], int], Sequence[Any]]

G1, G2 = Group.BLS12_381_G1, Group.BLS12_381_G2
CODECS = [
    (G1, Encoding.ZCASH), (G1, Encoding.ZCASH_UNCOMPRESSED), (G1, Encoding.DUSK_RAW), (G1, Encoding.EVM),
    (G2, Encoding.ZCASH), (G2, Encoding.ZCASH_UNCOMPRESSED), (G2, Encoding.DUSK_RAW), (G2, Encoding.EVM),
    (Group.BN254_G1, Encoding.ARK_COMPRESSED), (Group.BN254_G1, Encoding.ARK_UNCOMPRESSED), (Group.BN254_G1, Encoding.EVM),
    (Group.BN254_G2, Encoding.ARK_COMPRESSED), (Group.BN254_G2, Encoding.ARK_UNCOMPRESSED), (Group.BN254_G2, Encoding.EVM),
]  # fmt: skip
COMPRESSED = [c for c in CODECS if c[1] in (Encoding.ZCASH, Encoding.ARK_COMPRESSED)]


def name(codec: tuple[Group, Encoding]) -> str:
    return f"{codec[0].name}-{codec[1].name}".lower()


def statuses(engine: Engine, group: Group, encoding: Encoding, items: Sequence[bytes], checks: int = 3) -> list[str]:
    return [s.name for s in kit.decode(engine, group, encoding, items, checks)[1]]


def multiples(engine: Engine, group: Group, count: int) -> Any:
    """[1]G, [2]G, ... and infinity last."""
    generator = kit.points(group, [kit.GENERATOR[group]])
    some = engine.scalar_mul(group, np.repeat(generator, count, axis=0), kit.scalars(range(1, count + 1)))
    return np.concatenate([some, np.zeros((1, POINT_WORDS[group]), np.uint64)])


@pytest.mark.parametrize(("suite", "group"), [("bls/eth_deserialization_G1", G1), ("bls/eth_deserialization_G2", G2)])
def test_zcash_decoder_agrees_with_the_ethereum_suite(engine: Engine, suite: str, group: Group) -> None:
    cases = load.public(suite)
    (field,) = cases[0]["in"]
    items = [bytes.fromhex(c["in"][field]) for c in cases]
    fitting = [i for i in items if len(i) == ENCODED_BYTES[group, Encoding.ZCASH]]
    verdicts = dict(zip(fitting, statuses(engine, group, Encoding.ZCASH, fitting), strict=True))
    assert [verdicts.get(i, "INVALID") == "OK" for i in items] == [c["expect"] for c in cases]


def test_zcash_decoder_accepts_every_valid_key_and_signature_of_the_signature_suites(engine: Engine, sample: Sample) -> None:
    keys, signatures = [], []
    for case in load.public("bls/eth_verify"):
        if case["expect"]:
            keys.append(bytes.fromhex(case["in"]["pubkey"][2:]))
            signatures.append(bytes.fromhex(case["in"]["signature"][2:]))
    assert len(keys) >= 4
    keys, signatures = list(sample(keys, 3)), list(sample(signatures, 3))
    for group, items in ((G1, keys), (G2, signatures)):
        words, status = kit.decode(engine, group, Encoding.ZCASH, items)
        assert set(status) == {Status.OK}
        assert kit.encode(engine, group, Encoding.ZCASH, words) == items


@pytest.mark.parametrize("codec", CODECS, ids=name)
def test_decode_inverts_encode(engine: Engine, codec: tuple[Group, Encoding], thorough: bool) -> None:
    group, encoding = codec
    words = multiples(engine, group, 32 if thorough else 4)
    if encoding == Encoding.DUSK_RAW:
        words = words[:-1]  # infinity is INVALID there
    encoded = kit.encode(engine, group, encoding, words)
    assert len(set(encoded)) == len(words)
    decoded, status = kit.decode(engine, group, encoding, encoded)
    assert set(status) == {Status.OK}
    assert np.array_equal(decoded, words)


@pytest.mark.parametrize("codec", [c for c in CODECS if c[1] != Encoding.DUSK_RAW], ids=name)
def test_the_subgroup_bit_alone_separates_points_outside_it(engine: Engine, codec: tuple[Group, Encoding]) -> None:
    group, encoding = codec
    if group == Group.BN254_G1:
        return  # cofactor 1: no point lies outside
    outside = outside_points(group, 3)
    encoded = kit.encode(engine, group, encoding, kit.points(group, outside))
    assert statuses(engine, group, encoding, encoded, Check.ON_CURVE) == ["OK"] * 3
    assert statuses(engine, group, encoding, encoded, Check.ON_CURVE | Check.IN_SUBGROUP) == ["INVALID"] * 3


@pytest.mark.parametrize("codec", [c for c in CODECS if torsion.SMALL_ORDERS[c[0]]], ids=name)
def test_a_point_of_small_order_is_refused_wherever_it_stands(engine: Engine, codec: tuple[Group, Encoding], thorough: bool) -> None:
    """Among good points, in every position of a batch; and the good ones, to which it adds itself, with it."""
    group, encoding = codec
    good = kit.encode(engine, group, encoding, multiples(engine, group, 17)[:-1])
    generator = kit.GENERATOR[group]
    for order in torsion.SMALL_ORDERS[group][: None if thorough else 1]:
        small = torsion.point_of_order(group, order)
        points = [small, kit.negated(group, small), torsion.add(group, generator, small)]
        bad = kit.encode(engine, group, encoding, kit.points(group, points))
        for i in range(17 if thorough else 2):
            items = list(good[: 9 + i % 8])
            items[i % len(items)] = bad[i % 3]
            wanted = ["INVALID" if item in bad else "OK" for item in items]
            words, status = kit.decode(engine, group, encoding, items)
            assert [s.name for s in status] == wanted
            assert not words[i % len(items)].any()


@pytest.mark.parametrize("codec", COMPRESSED, ids=name)
def test_compressed_x_without_a_point_is_refused(engine: Engine, codec: tuple[Group, Encoding]) -> None:
    """Half of all x have a point; the decoder agrees with Euler's criterion on 40 of them."""
    group, encoding = codec
    p, size = kit.MODULUS[kit.field_of(group)], ENCODED_BYTES[codec]
    if group in (G2, Group.BN254_G2):
        items = [compressed(group, encoding, (x, 1)) for x in range(2, 42)]
        assert all(len(i) == size for i in items)
        verdicts = statuses(engine, group, encoding, items, 0)
        assert verdicts == ["OK" if curve_points(group, [(x, 1)]) else "INVALID" for x in range(2, 42)]
        return
    b = 4 if group == G1 else 3
    items = [compressed(group, encoding, (x,)) for x in range(2, 42)]
    squares = [pow(x**3 + b, (p - 1) // 2, p) in (0, 1) for x in range(2, 42)]
    assert statuses(engine, group, encoding, items, 0) == ["OK" if s else "INVALID" for s in squares]
    assert 10 < sum(squares) < 30


def compressed(group: Group, encoding: Encoding, x: tuple[int, ...], flags: int | None = None) -> bytes:
    """x, with the flags of the smaller y unless given."""
    if encoding == Encoding.ZCASH:
        out = bytearray(b"".join(c.to_bytes(48, "big") for c in reversed(x)))
        out[0] |= 0x80 if flags is None else flags
        return bytes(out)
    out = bytearray(b"".join(c.to_bytes(32, "little") for c in x))
    out[-1] |= flags or 0
    return bytes(out)


@pytest.mark.parametrize("group", [G1, G2], ids=["g1", "g2"])
def test_zcash_flags_follow_the_rules(engine: Engine, group: Group) -> None:
    width = 1 if group == G1 else 2
    generator = kit.GENERATOR[group]
    x, zero = generator[:width], (0,) * width
    p = kit.BLS_P
    wanted = [
        (compressed(group, Encoding.ZCASH, x, 0x80), "OK"),
        (compressed(group, Encoding.ZCASH, x, 0xA0), "OK"),
        (compressed(group, Encoding.ZCASH, x, 0x00), "INVALID"),  # not marked as compressed
        (compressed(group, Encoding.ZCASH, x, 0x20), "INVALID"),
        (compressed(group, Encoding.ZCASH, x, 0xC0), "INVALID"),  # infinity with an x
        (compressed(group, Encoding.ZCASH, zero, 0xC0), "OK"),
        (compressed(group, Encoding.ZCASH, zero, 0xE0), "INVALID"),  # infinity with a sign
        (compressed(group, Encoding.ZCASH, zero, 0x40), "INVALID"),
        (compressed(group, Encoding.ZCASH, (p, *x[1:]), 0x80), "INVALID"),
        (compressed(group, Encoding.ZCASH, (*x[:-1], p), 0x80), "INVALID"),
        (b"\xff" * 48 * width, "INVALID"),
        (b"\x00" * 48 * width, "INVALID"),
    ]
    if x[-1] + p < 1 << 381:
        wanted.append((compressed(group, Encoding.ZCASH, (*x[:-1], x[-1] + p), 0x80), "INVALID"))
    assert statuses(engine, group, Encoding.ZCASH, [w[0] for w in wanted]) == [w[1] for w in wanted]
    signs = kit.coordinates(group, kit.decode(engine, group, Encoding.ZCASH, [wanted[0][0], wanted[1][0]])[0])
    assert kit.negated(group, signs[0]) == signs[1]
    assert generator in signs


@pytest.mark.parametrize("group", [Group.BN254_G1, Group.BN254_G2], ids=["g1", "g2"])
def test_ark_flags_follow_the_rules(engine: Engine, group: Group) -> None:
    """Infinity is infinity whatever x says, once x is below the modulus; both flags are an error."""
    width = 1 if group == Group.BN254_G1 else 2
    x, zero, q = kit.GENERATOR[group][:width], (0,) * width, kit.BN_P
    top = 1 << 254  # bit 254 of the last coordinate is a flag: 0x40
    wanted = [
        (compressed(group, Encoding.ARK_COMPRESSED, x, 0x00), "OK"),
        (compressed(group, Encoding.ARK_COMPRESSED, x, 0x80), "OK"),
        (compressed(group, Encoding.ARK_COMPRESSED, x, 0x40), "OK"),  # infinity
        (compressed(group, Encoding.ARK_COMPRESSED, zero, 0x40), "OK"),
        (compressed(group, Encoding.ARK_COMPRESSED, x, 0xC0), "INVALID"),
        (compressed(group, Encoding.ARK_COMPRESSED, (*x[:-1], q), 0x00), "INVALID"),
        (compressed(group, Encoding.ARK_COMPRESSED, (*x[:-1], q), 0x40), "INVALID"),
        (compressed(group, Encoding.ARK_COMPRESSED, (*x[:-1], q - 1), 0x40), "OK"),
        (compressed(group, Encoding.ARK_COMPRESSED, (*x[:-1], x[-1] + q), 0x00), "INVALID" if x[-1] + q < top else None),
        (b"\xff" * 32 * width, "INVALID"),
    ]
    if width == 2:
        wanted.append((compressed(group, Encoding.ARK_COMPRESSED, (x[0] + q, x[1]), 0x00), "INVALID"))
        wanted.append((compressed(group, Encoding.ARK_COMPRESSED, (x[0] | 1 << 255, x[1]), 0x00), "INVALID"))  # no flags in c0
    wanted = [w for w in wanted if w[1]]
    items = [w[0] for w in wanted]
    assert statuses(engine, group, Encoding.ARK_COMPRESSED, items) == [w[1] for w in wanted]
    points = kit.coordinates(group, kit.decode(engine, group, Encoding.ARK_COMPRESSED, items)[0])
    assert points[2] is None
    assert points[3] is None
    assert points[0] == kit.negated(group, points[1])
    assert kit.GENERATOR[group] in points[:2]


@pytest.mark.parametrize("group", [Group.BN254_G1, Group.BN254_G2], ids=["g1", "g2"])
def test_ark_uncompressed_takes_y_as_it_stands(engine: Engine, group: Group) -> None:
    """The sign flag is ignored there; a y that is not on the curve is refused; infinity hides any x and y below the modulus."""
    generator = kit.GENERATOR[group]
    plain = b"".join(c.to_bytes(32, "little") for c in generator)
    signed, infinite, both, off, hidden = (bytearray(plain) for _ in range(5))
    signed[-1] |= 0x80
    infinite[-1] |= 0x40
    both[-1] |= 0xC0
    off[len(off) // 2] ^= 1
    hidden[len(off) // 2] ^= 1
    hidden[-1] |= 0x40
    items = [plain, bytes(signed), bytes(infinite), bytes(both), bytes(off), bytes(hidden)]
    assert statuses(engine, group, Encoding.ARK_UNCOMPRESSED, items) == ["OK", "OK", "OK", "INVALID", "INVALID", "OK"]
    points = kit.coordinates(group, kit.decode(engine, group, Encoding.ARK_UNCOMPRESSED, items)[0])
    assert points == [generator, generator, None, None, None, None]


@pytest.mark.parametrize("group", [G1, G2], ids=["g1", "g2"])
def test_raw_points_report_unreduced_limbs_apart(engine: Engine, group: Group) -> None:
    generator = kit.GENERATOR[group]
    width = len(generator)
    limbs = kit.ints_of(kit.montgomery(Field.BLS12_381_FP, generator))

    def raw(values: Sequence[int], infinity: int = 0, padding: bytes = bytes(7)) -> bytes:
        return b"".join(v.to_bytes(48, "little") for v in values) + bytes([infinity]) + padding

    wanted = [(raw(limbs), "OK"), (raw(limbs, padding=b"\xff" * 7), "OK")]
    wanted += [(raw(limbs, infinity), "INVALID") for infinity in (1, 2, 128, 255)]
    for i in range(width):
        for k in (1, 2, 8):
            wanted.append((raw([v + k * kit.BLS_P if i == j else v for j, v in enumerate(limbs)]), "UNREDUCED"))
        wanted.append((raw([(1 << 384) - 1 if i == j else v for j, v in enumerate(limbs)]), "UNREDUCED"))
        wanted.append((raw([v ^ 1 if i == j else v for j, v in enumerate(limbs)]), "INVALID"))
    outside = outside_points(group, 1)[0]
    assert outside is not None
    wanted.append((raw(kit.ints_of(kit.montgomery(Field.BLS12_381_FP, outside))), "INVALID"))
    wanted.append((raw([0] * width), "INVALID"))  # (0, 0) is not on the curve, and not infinity here
    assert statuses(engine, group, Encoding.DUSK_RAW, [w[0] for w in wanted]) == [w[1] for w in wanted]


@pytest.mark.parametrize("codec", COMPRESSED, ids=name)
def test_any_bytes_decode_to_a_point_that_encodes_to_the_same_point_or_to_nothing(
    engine: Engine, codec: tuple[Group, Encoding], thorough: bool
) -> None:
    group, encoding = codec

    @settings(max_examples=40 if thorough else 4, deadline=None)
    @given(st.lists(st.binary(min_size=ENCODED_BYTES[codec], max_size=ENCODED_BYTES[codec]), min_size=1, max_size=8))
    def law(items: list[bytes]) -> None:
        words, status = kit.decode(engine, group, encoding, items, Check.ON_CURVE)
        good = np.array([s == Status.OK for s in status])
        again, status_again = kit.decode(engine, group, encoding, kit.encode(engine, group, encoding, words[good]), Check.ON_CURVE)
        assert set(status_again) <= {Status.OK}
        assert np.array_equal(again, words[good])
        assert set(engine.check(group, Check.ON_CURVE, words[good])) <= {Status.OK}

    law()
