"""Decoding on a device is the decoding of the CPU engine, byte for byte and status for status."""

from __future__ import annotations

import random

import numpy as np
import pytest

from coproc.engine.device import points
from coproc.engine.protocol import ENCODED_BYTES, POINT_WORDS, U8, Check, Encoding, Group, Status, rows_of
from tests.device.curves import BLOCK, cpu, device, multiples, randoms
from tests.engine import kit, torsion

CODECS = list(ENCODED_BYTES)


def codec_name(codec: tuple[Group, Encoding]) -> str:
    return f"{codec[0].name}-{codec[1].name}".lower()


def agree(group: Group, encoding: Encoding, data: U8, checks: int = Check.ON_CURVE, block: int = BLOCK) -> U8:
    """The statuses, after both engines said the same."""
    with device().stream() as stream:
        found, status = points.decode(stream, group, encoding, data, checks, block)
    expected, expected_status = cpu().decode(group, encoding, checks, rows_of(data))
    assert status.tolist() == expected_status.tolist()
    assert np.array_equal(found, expected)
    return status


def mutated(group: Group, encoding: Encoding) -> U8:
    """Encodings of points in the group, outside it and of infinity; each flag bit and other bits flipped; x with no y; numbers near p."""
    draw = random.Random(17)
    some = [*kit.coordinates(group, randoms(group, 3)), *(torsion.outside_points(group, 2) if torsion.SMALL_ORDERS[group] else ()), None]
    encoded = [row.tobytes() for row in cpu().encode(group, encoding, kit.points(group, some))]
    size = ENCODED_BYTES[group, encoding]
    items = [*encoded, bytes(size), b"\xff" * size]
    for item in encoded[:2] + encoded[-1:]:
        for byte in {0, 1, size // 2 - 1, size // 2, size - 1, size - 8, 47, 15, 16, 63} & set(range(size)):
            items += [item[:byte] + bytes((item[byte] ^ bit,)) + item[byte + 1 :] for bit in (1, 0x20, 0x40, 0x80)]
    p = kit.MODULUS[kit.field_of(group)]
    half = 8 * POINT_WORDS[group] // (4 if group in (Group.BLS12_381_G2, Group.BN254_G2) else 2)
    for value in (0, 1, 4, p - 1, p, p + 1, (1 << 8 * half) - 1):
        for order in ("little", "big"):
            number = value.to_bytes(half, order)
            for start in range(0, size - half + 1, half):
                items.append(encoded[0][:start] + number + encoded[0][start + half :])
                items.append(bytes(start) + number + bytes(size - half - start))
                items.append(bytes((items[-1][0] | 0x80,)) + items[-1][1:])
    items += [draw.randbytes(size) for _ in range(8)]
    return np.frombuffer(b"".join(items), np.uint8).reshape(-1, size)


@pytest.mark.parametrize("codec", CODECS, ids=codec_name)
def test_decode_is_that_of_the_cpu_on_right_and_wrong_bytes(codec: tuple[Group, Encoding]) -> None:
    status = agree(*codec, mutated(*codec))
    assert {Status.OK, Status.INVALID} <= set(status.tolist())
    assert (Status.UNREDUCED in status) == (codec[1] == Encoding.DUSK_RAW)


@pytest.mark.parametrize("codec", [c for c in CODECS if c[1] in (Encoding.EVM, Encoding.DUSK_RAW)], ids=codec_name)
def test_without_checks_points_off_the_curve_are_decoded(codec: tuple[Group, Encoding]) -> None:
    agree(*codec, mutated(*codec), 0)


@pytest.mark.parametrize("n", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 2])
@pytest.mark.parametrize("group", [Group.BLS12_381_G1, Group.BN254_G2])
def test_decode_takes_any_number_of_points(group: Group, n: int) -> None:
    encoding = Encoding.ZCASH if group == Group.BLS12_381_G1 else Encoding.ARK_COMPRESSED
    agree(group, encoding, cpu().encode(group, encoding, multiples(group, list(range(1, n + 1)))))


def test_the_size_of_a_group_changes_nothing() -> None:
    group, encoding = Group.BLS12_381_G1, Encoding.ZCASH
    for block in (64,):
        agree(group, encoding, mutated(group, encoding), block=block)


def test_an_encoding_that_the_group_has_not_is_refused() -> None:
    with device().stream() as stream, pytest.raises(ValueError, match="no encodings"):
        points.decode(stream, Group.BN254_G1, Encoding.ZCASH, np.zeros((1, 48), np.uint8))
