"""Forged batches: points moved so that errors cancel under coefficients that somebody might guess, or remembers. None is accepted."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.cpu import CpuEngine
from coproc.engine.protocol import Curve, Engine, Group
from coproc.fold.coefficients import coefficients, halves
from coproc.fold.settle import Combiner, Record
from coproc.operation import Request
from coproc.wire import rkyv
from tests.conftest import NATIVE
from tests.engine import kit, torsion
from tests.fuzz import mutate, points
from tests.fuzz.parts import LAYOUT, Part
from tests.samples import requests

G1, B1 = Group.BLS12_381_G1, Group.BN254_G1


class Target(NamedTuple):
    """A point of an operation's arguments on which the claim's logarithm depends linearly."""

    op: str
    part: Part
    group: Group
    read: Callable[[bytes], kit.Point]
    write: Callable[[kit.Point], bytes]


def zcash(data: bytes) -> kit.Point:
    return points.decompressed(G1, data, lambda p: points.zcash(G1, p))


TARGETS = (
    Target("verify_bls", Part(2, 0, 104, "raw_g1"), G1, lambda d: points.raw_point(G1, d), lambda p: points.raw(G1, p)),
    Target("verify_bls_multisig", Part(2, 0, 104, "raw_g1"), G1, lambda d: points.raw_point(G1, d), lambda p: points.raw(G1, p)),
    Target("verify_kzg_proof", Part(2, 0, 48, "zcash_g1"), G1, zcash, lambda p: points.zcash(G1, p)),
    Target("verify_groth16_bn254", Part(1, 96, 32, "ark_g1"), B1,
           lambda d: points.decompressed(B1, d, lambda p: points.ark(B1, p)), lambda p: points.ark(B1, p)),
)  # fmt: skip
EACH = pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.op)

#: Multiples of one point that cancel under coefficients that are equal, 1 2 3, 2^i, falling, 0 1, and +-1.
CANCELLING = ([1, -1], [1, 1, -2], [2, -1], [3, 0, -1], [4, -2, 0], [2, -1, 0, 0], [0, 4, -2], [-1, 3, -2], [9], [1, 1], [7, -7, 5, -5])


def moved(target: Target, which: int, by: kit.Point) -> Request:
    """An accepted request whose point is moved by another."""
    cases = [c for c in requests.cases(target.op, accepted=True) if c.case.startswith("valid") and c.version in (None, "Aegis")]
    if target.op == "verify_groth16_bn254":
        cases = cases[:1]  # errors of different keys do not cancel
    case = cases[which % len(cases)]
    fields = mutate.fields_of(case)
    part = target.part
    point = target.read(fields[part.field][part.offset : part.offset + part.size])
    mutate._put(fields, part, target.write(torsion.add(target.group, point, by)))
    return requests.request_of(case)._replace(args=rkyv.write(LAYOUT[target.op], fields))


def multiple(engine: Engine, group: Group, k: int) -> kit.Point:
    base = kit.points(group, [kit.GENERATOR[group]])
    order = kit.ORDER[kit.curve_of(group)]
    return kit.coordinates(group, engine.scalar_mul(group, base, kit.scalars([k % order])))[0]


def answers(cp: Coprocessor, asked: Sequence[Request]) -> list[object]:
    return [a.value for a in cp.run(list(asked))]


@EACH
def test_errors_that_cancel_under_guessed_coefficients_are_refused(engine: Engine, thorough: bool, target: Target) -> None:
    """In every order, beside true requests and alone."""
    rng = random.Random(target.op)
    with Coprocessor(engine, workers=1) as cp:
        good = moved(target, 0, None)
        assert answers(cp, [good, good]) == [True, True]  # the key is known from now on
        for factors in CANCELLING if thorough else CANCELLING[:1]:
            d = rng.randrange(1, 1 << 128)
            batch = [(moved(target, i, multiple(engine, target.group, f * d)), f == 0) for i, f in enumerate(factors)]
            batch += [(good, True)] * (3 if thorough else 1)
            for _ in range(2 if thorough else 1):
                assert answers(cp, [r for r, _ in batch]) == [true for _, true in batch]
                rng.shuffle(batch)


@EACH
def test_remembered_coefficients_do_not_help(target: Target) -> None:
    """Errors made for the coefficients of the batch before, for which even the same seed is drawn again: what changed is read."""
    engine = CpuEngine(NATIVE[-1])
    curve = Curve.BLS12_381 if target.group == G1 else Curve.BN254
    records: list[Record] = []
    with Coprocessor(engine, workers=1) as cp:
        cp.combiner = Combiner(draw_seed=lambda: bytes(32), on_record=records.append)
        honest = [moved(target, i % 2, None) for i in range(4)]
        for _ in range(2):
            assert answers(cp, honest) == [True] * 4
        r = kit.ints_of(coefficients(engine, curve, halves(records[-1].digest, 4)).plain)
        forged = [moved(target, 0, multiple(engine, target.group, r[1])), moved(target, 1, multiple(engine, target.group, -r[0]))]
        assert answers(cp, forged + honest[2:]) == [False, False, True, True]
        assert records[-1].digest != records[-2].digest


@EACH
def test_torsion_that_cancels_is_refused(target: Target) -> None:
    """P + T and P - T for T of each small order: a sum would lose T, and one time in three a weighted sum loses one of order 3."""
    engine = CpuEngine(NATIVE[-1])
    with Coprocessor(engine, workers=1) as cp:
        good = moved(target, 0, None)
        for order in torsion.SMALL_ORDERS[target.group]:
            small = torsion.point_of_order(target.group, order)
            times = [1, order - 1, 1, order - 1, 1, 1]
            batch = [moved(target, i, torsion.multiply(target.group, k, small)) for i, k in enumerate(times)]
            assert answers(cp, [*batch, good, good, good]) == [False] * len(batch) + [True] * 3, order


@pytest.mark.slow
@EACH
def test_thousands_of_forged_batches_are_refused(target: Target) -> None:
    """Five hundred batches of up to 64 requests, most of them true, errors that cancel under one of the guesses, at random places."""
    engine = CpuEngine(NATIVE[-1])
    rng = random.Random(f"many {target.op}")
    with Coprocessor(engine, workers=1) as cp:
        good = [moved(target, i, None) for i in range(4)]
        for _ in range(500):
            factors, d = rng.choice(CANCELLING), rng.randrange(1, 1 << 255)
            batch = [(moved(target, i, multiple(engine, target.group, f * d)), f == 0) for i, f in enumerate(factors)]
            batch += [(rng.choice(good), True) for _ in range(rng.randrange(60))]
            rng.shuffle(batch)
            assert answers(cp, [r for r, _ in batch]) == [true for _, true in batch]
