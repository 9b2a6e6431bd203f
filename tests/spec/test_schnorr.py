"""Schnorr signatures over JubJub."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from coproc.params import jubjub
from coproc.params.jubjub import GENERATOR, IDENTITY, TORSION, Point
from coproc.spec import schnorr
from coproc.spec.fields import JUBJUB_FR
from coproc.spec.raw import fr
from coproc.spec.raw import schnorr as raw
from coproc.spec.verdict import Panic

SECRET, NONCE, MESSAGE = 0x1234567890ABCDEF << 180, 987654321 << 200, 42


def extended(point: Point, z: int = 1, split: int = 1) -> list[int]:
    """Montgomery limbs of (u z, v z, z, t1, t2) with t1 t2 = u v z."""
    u, v = point
    return [fr.constant(x) for x in (u * z, v * z, z, u * split, v * z * pow(split, -1, fr.P))]


def archived(limbs: Sequence[int]) -> bytes:
    return b"".join(x.to_bytes(32, "little") for x in limbs)


def signature_scalar(key: Sequence[int], commitment: Sequence[int], message: int) -> int:
    c = schnorr.truncated(fr.value(raw.poseidon_hash((*raw.affine(tuple(commitment)), *raw.affine(tuple(key)), fr.constant(message)))))
    return (NONCE - c * SECRET) % jubjub.R


def verify(key: Sequence[int], commitment: Sequence[int], u: int, message: int = MESSAGE) -> bool:
    signature = JUBJUB_FR.to_mont(u).to_bytes(32, "little") + archived(commitment)
    return schnorr.verify(archived([fr.constant(message)]), archived(key), signature)


KEY, COMMITMENT = jubjub.mul(SECRET, GENERATOR), jubjub.mul(NONCE, GENERATOR)
U = signature_scalar(extended(KEY), extended(COMMITMENT), MESSAGE)


def test_a_signature_verifies_for_its_message_alone() -> None:
    assert verify(extended(KEY), extended(COMMITMENT), U)
    assert not verify(extended(KEY), extended(COMMITMENT), U, MESSAGE + 1)
    assert not verify(extended(KEY), extended(COMMITMENT), U + 1)
    assert not verify(extended(jubjub.add(KEY, GENERATOR)), extended(COMMITMENT), U)


def test_the_scale_of_a_point_and_the_split_of_t_are_free() -> None:
    draw = random.Random(6)
    for _ in range(3):
        z, split = draw.randrange(1, fr.P), draw.randrange(1, fr.P)
        assert verify(extended(KEY, z, split), extended(COMMITMENT, split, z), U)


def test_the_identity_small_and_mixed_orders_and_other_points_are_refused() -> None:
    four = jubjub.mul(4, TORSION)
    off = (KEY[0] + 1, KEY[1])
    for point in (IDENTITY, TORSION, four, jubjub.add(KEY, TORSION), jubjub.add(KEY, four), off):
        assert not schnorr.is_valid((*point, 1, *point))
        assert not verify(extended(point), extended(COMMITMENT), U)
        assert not verify(extended(KEY), extended(point), U)
    wrong_t = extended(KEY)
    wrong_t[3] = fr.add(wrong_t[3], fr.ONE)
    assert not verify(wrong_t, extended(COMMITMENT), U)


def test_z_zero_is_a_panic_unless_the_key_was_refused_before() -> None:
    nowhere = [0] * 5
    with pytest.raises(Panic):
        verify(nowhere, extended(COMMITMENT), U)
    with pytest.raises(Panic):
        verify(extended(KEY), nowhere, U)
    with pytest.raises(Panic):
        verify([1, 2, 0, 3, 4], extended(COMMITMENT), U)
    with pytest.raises(Panic):
        verify([fr.P, fr.W - 1, 0, fr.P + 1, 5], extended(COMMITMENT), U)
    assert not verify(extended(TORSION), nowhere, U)


def test_limbs_and_textbook_agree_on_reduced_points() -> None:
    for point in (KEY, COMMITMENT, GENERATOR, TORSION, IDENTITY, (5, 7), (0, fr.P - 1)):
        limbs = extended(point, 9, 5)
        values = tuple(fr.value(x) for x in limbs)
        assert raw.is_valid(tuple(limbs)) == schnorr.is_valid(values)
    key, commitment = tuple(extended(KEY)), tuple(extended(COMMITMENT))
    for message, u in ((MESSAGE, U), (MESSAGE + 1, U), (MESSAGE, U + 1)):
        assert raw.verify(fr.constant(message), key, u, commitment) == verify(key, commitment, u, message)
    assert fr.value(raw.affine(raw.mul(key, 12345))[0]) == jubjub.mul(12345, KEY)[0]


def test_a_coordinate_plus_the_modulus_verifies_as_upstream_has_it() -> None:
    """u and v are added, where the carry is lost; z, t1 and t2 meet reduced factors alone. (The crate's own answers.)"""
    answers = []
    for i in range(5):
        key = extended(KEY)
        key[i] += fr.P
        assert key[i] < fr.W
        answers.append(verify(key, extended(COMMITMENT), U))
    assert answers == [False, False, True, True, True]


def test_the_scalar_is_taken_mod_the_order() -> None:
    limbs = JUBJUB_FR.to_mont(U) + 3 * jubjub.R
    signature = limbs.to_bytes(32, "little") + archived(extended(COMMITMENT))
    assert schnorr.verify(archived([fr.constant(MESSAGE)]), archived(extended(KEY)), signature)
