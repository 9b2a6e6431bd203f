"""Signatures on JubJub: what a batch answers is what each signature gets alone, torsion and unreduced limbs included."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from coproc.engine.protocol import Engine, Field, Status
from coproc.params import jubjub
from coproc.params.jubjub import Point
from tests.engine import kit
from tests.fuzz.points import jubjub_raw, small_jubjub


class Signature(NamedTuple):
    """message 32, key 160, signature 192 bytes, as archived."""

    message: bytes
    key: bytes
    signature: bytes


class Secret(NamedTuple):
    """A key's secret, a nonce, a message, and what is added to the key and to R."""

    key: int
    nonce: int
    message: int
    key_shift: Point = jubjub.IDENTITY
    nonce_shift: Point = jubjub.IDENTITY

    def points(self) -> tuple[Point, Point]:
        """The key and R."""
        return (
            jubjub.add(jubjub.mul(self.key, jubjub.GENERATOR), self.key_shift),
            jubjub.add(jubjub.mul(self.nonce, jubjub.GENERATOR), self.nonce_shift),
        )


def signed(engine: Engine, secrets: Sequence[Secret], rng: random.Random) -> list[Signature]:
    """u = nonce - c key for the challenge of the points as they are, shifted ones too."""
    points = [s.points() for s in secrets]
    hashed = kit.montgomery(Field.BLS12_381_FR, [x for s, (a, r) in zip(secrets, points, strict=True) for x in (*r, *a, s.message)])
    found, status = engine.poseidon_hash(kit.addresses_of(hashed)[::5].copy(), np.full(len(secrets), 5, np.uint64))
    assert set(status) == {Status.OK}
    out = []
    for s, (a, r), c in zip(secrets, points, kit.plain(Field.BLS12_381_FR, found), strict=True):
        u = kit.montgomery(Field.JUBJUB_FR, [(s.nonce - c % (1 << 250) * s.key) % jubjub.R]).tobytes()
        raw = [jubjub_raw(p, rng.randrange(1, kit.BLS_R), rng.randrange(1, kit.BLS_R)) for p in (a, r)]
        out.append(Signature(kit.montgomery(Field.BLS12_381_FR, [s.message]).tobytes(), raw[0], u + raw[1]))
    return out


def secret(rng: random.Random, key_shift: Point = jubjub.IDENTITY, nonce_shift: Point = jubjub.IDENTITY) -> Secret:
    return Secret(rng.randrange(1, jubjub.R), rng.randrange(1, jubjub.R), rng.randrange(kit.BLS_R), key_shift, nonce_shift)


def answers(engine: Engine, signatures: Sequence[Signature]) -> list[tuple[int, int]]:
    """(verdict, status) of each, as one batch."""
    columns = [kit.addresses_of_bytes([s[k] for s in signatures]) for k in range(3)]
    verdict, status = engine.schnorr(*(where for where, _ in columns))
    return list(zip(verdict.tolist(), status.tolist(), strict=True))


GOOD, BAD, PANIC = (1, Status.OK), (0, Status.OK), (0, Status.PANIC)


def test_no_shift_by_torsion_is_accepted_in_any_place(engine: Engine, thorough: bool) -> None:
    """All 8 x 8 shifts of key and R, each in every place of a batch of eight among good signatures. Among the shifts there are some
    with R + j T for j T = c i T, whose equation holds on the curve."""
    rng = random.Random(1)
    small = small_jubjub()
    shifts = [(i, j) for i in range(8) for j in range(8)]
    if not thorough:
        shifts = [(0, 0), (0, 4), (4, 0), (1, 7)]
    shifted = signed(engine, [secret(rng, small[i], small[j]) for i, j in shifts], rng)
    good = signed(engine, [secret(rng) for _ in range(8 if thorough else 2)], rng)
    wanted = [GOOD if shift == (0, 0) else BAD for shift in shifts]
    assert answers(engine, shifted) == wanted
    for place in range(8) if thorough else (1,):
        batch = [s if k == place else good[k] for s in shifted for k in range(len(good))]
        found = answers(engine, batch)
        assert found[place :: len(good)] == wanted
        assert all(found[k :: len(good)] == [GOOD] * len(shifts) for k in range(len(good)) if k != place)


def test_small_points_are_refused_in_any_place(engine: Engine, thorough: bool) -> None:
    """Keys and R of order dividing 8, with u = 0 and any other u."""
    rng = random.Random(2)
    [good] = signed(engine, [secret(rng)], rng)
    small = [jubjub_raw(p) for p in small_jubjub()][:: 1 if thorough else 4]
    crafted = [
        Signature(good.message, key, u + r)
        for key in [good.key, *small]
        for r in [good.signature[32:], *small]
        for u in (bytes(32), good.signature[:32])
        if (key, r) != (good.key, good.signature[32:])
    ]
    assert answers(engine, crafted) == [BAD] * len(crafted)
    mixed = [x for c in crafted for x in (c, good)]
    assert answers(engine, mixed) == [BAD, GOOD] * len(crafted)


def damaged(good: Signature, rng: random.Random) -> list[Signature]:
    """A signature wrong in one part, in each of its parts."""
    out = []
    for k, part in enumerate(good):
        for start in range(0, len(part), 32):
            at = start + rng.randrange(24)
            out.append(good._replace(**{Signature._fields[k]: part[:at] + bytes([part[at] ^ 1]) + part[at + 1 :]}))
    return out


def with_multiple(raw: bytes, position: int) -> bytes:
    """The limbs at `position` plus the modulus."""
    value = int.from_bytes(raw[position : position + 32], "little") + kit.BLS_R
    return raw[:position] + (value % (1 << 256)).to_bytes(32, "little") + raw[position + 32 :]


def mixture(engine: Engine, rng: random.Random, count: int) -> list[Signature]:
    """Good ones, damaged ones, unreduced limbs in each coordinate, and z = 0, which panics."""
    good = signed(engine, [secret(rng) for _ in range(count)], rng)
    out = list(good)
    for s in good[:2]:
        out += damaged(s, rng)
        out += [s._replace(key=with_multiple(s.key, 32 * i)) for i in range(5)]
        out += [s._replace(signature=s.signature[:32] + with_multiple(s.signature[32:], 32 * i)) for i in range(5)]
        out.append(s._replace(message=with_multiple(s.message, 0)))
        out.append(s._replace(signature=b"\xff" * 32 + s.signature[32:]))
        out.append(s._replace(key=bytes(160)))
        out.append(s._replace(key=s.key[:64] + bytes(32) + s.key[96:]))
    return out


def test_a_signature_is_answered_as_alone_in_batches_of_every_size(engine: Engine, thorough: bool) -> None:
    rng = random.Random(3)
    pool = mixture(engine, rng, 8 if thorough else 1)
    pool = pool if thorough else [*pool[::6], pool[-1]]
    alone = [answers(engine, [s])[0] for s in pool]
    assert {GOOD, BAD, PANIC} <= set(alone)
    for size in range(1, 41) if thorough else (3,):
        picked = [rng.randrange(len(pool)) for _ in range(size)]
        assert answers(engine, [pool[i] for i in picked]) == [alone[i] for i in picked]
    order = rng.sample(range(len(pool)), len(pool))
    assert answers(engine, [pool[i] for i in order]) == [alone[i] for i in order]
