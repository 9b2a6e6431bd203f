"""The engine's own methods as batches: what an accelerator does under `Engine`, whether an operation asks for it today or not.

Tampered: bytes of points changed, points off the curve or outside the subgroup, infinities and zeros among the items. Numbers and images
have no invalid items.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple

import numpy as np

from benches.soak.faults.small import BUCKETS, JOINED, LADDER, PRODUCTS, SORTED, Way
from coproc.engine.cpu import CpuEngine
from coproc.engine.device.trust import GROUP_1, GROUP_2, one
from coproc.engine.protocol import U64, Check, Curve, Encoding, Engine, Field, FieldOp, Group, host_of, rows_of
from coproc.errors import EngineLost
from coproc.keys import KeyRegistry
from coproc.measure.groups import ORDER, limbs, multiples_of_generator

Ask = Callable[[Engine, KeyRegistry], tuple[tuple[Any, ...], bool]]
_CHECKS: Final = Check.ON_CURVE | Check.IN_SUBGROUP


class Method(NamedTuple):
    """made(host, random, bad): what asks an engine for it. invalid: the tampered form has items that are refused."""

    name: str
    made: Callable[[CpuEngine, Random, bool], Ask]
    way: Way = LADDER
    invalid: bool = True


def _asking(f: Callable[[Engine], tuple[Any, ...]]) -> Ask:
    """The host answers where the device is lost."""

    def ask(engine: Engine, keys: KeyRegistry) -> tuple[tuple[Any, ...], bool]:
        del keys
        try:
            return f(engine), True
        except EngineLost:
            return f(host_of(engine)), False

    return ask


def _points(host: CpuEngine, group: Group, random: Random, n: int) -> U64:
    return multiples_of_generator(host, group, [random.randrange(1, ORDER[group]) for _ in range(n)])


def _scalars(group: Group, random: Random, n: int, bad: bool) -> U64:
    values = [random.randrange(ORDER[group]) for _ in range(n)]
    if bad:
        values[random.randrange(n)] = 0
        values[random.randrange(n)] = ORDER[group] - 1
    return limbs(values)


def _without(points: U64, random: Random, bad: bool) -> U64:
    """Some infinite where the batch is not all right."""
    if bad:
        points = points.copy()
        points[random.randrange(len(points))] = 0
    return points


def decode(group: Group, encoding: Encoding) -> Callable[[CpuEngine, Random, bool], Ask]:
    def made(host: CpuEngine, random: Random, bad: bool) -> Ask:
        data = host.encode(group, encoding, _points(host, group, random, 6))
        if bad:
            for i in range(len(data)):
                if random.random() < 0.5:
                    data[i, random.randrange(data.shape[1])] ^= 1 << random.randrange(8)
        return _asking(lambda engine: _refused(*engine.decode(group, encoding, _CHECKS, rows_of(data))))

    return made


def _refused(points: U64, status: Any) -> tuple[Any, ...]:
    """What is refused has no point."""
    return np.where((status == 0)[:, None], points, 0), status


def check(group: Group) -> Callable[[CpuEngine, Random, bool], Ask]:
    def made(host: CpuEngine, random: Random, bad: bool) -> Ask:
        points = _points(host, group, random, 6)
        if bad:
            points = np.where(np.arange(6)[:, None] % 3 == 1, _outside(host, group, random), points)
            points[random.randrange(6), 0] ^= np.uint64(1)
        return _asking(lambda engine: (engine.check(group, _CHECKS, points),))

    return made


def _outside(host: CpuEngine, group: Group, random: Random) -> U64:
    """uint64[1, words]: a point of the curve outside the subgroup."""
    encoding = Encoding.ZCASH if group in (Group.BLS12_381_G1, Group.BLS12_381_G2) else Encoding.ARK_COMPRESSED
    sample = host.encode(group, encoding, _points(host, group, random, 1))
    while True:
        data = sample.copy()
        data[0, 5:30] = np.frombuffer(random.randbytes(25), np.uint8)
        points, status = host.decode(group, encoding, Check.ON_CURVE, rows_of(data))
        if status[0] == 0 and host.check(group, _CHECKS, points)[0] != 0:
            return points


def scalar_mul(group: Group) -> Callable[[CpuEngine, Random, bool], Ask]:
    def made(host: CpuEngine, random: Random, bad: bool) -> Ask:
        points, scalars = _without(_points(host, group, random, 5), random, bad), _scalars(group, random, 5, bad)
        return _asking(lambda engine: (engine.scalar_mul(group, points, scalars),))

    return made


def _held_or_confirmed(engine: Engine, ask: Callable[[Engine], Any]) -> tuple[Any, ...]:
    """What equations hold: as folds do, a "no" of the engine's is the host's word."""
    held = ask(engine)
    return (held,) if held.all() else (held | ask(host_of(engine)),)


def msm(group: Group, alike: bool) -> Callable[[CpuEngine, Random, bool], Ask]:
    """Which sums are zero. A sum of an accelerator's is believed where nobody could have made it pass, no further.

    alike: all scalars are one, so that buckets are long.
    """

    def made(host: CpuEngine, random: Random, bad: bool) -> Ask:
        cuts, order = (0, 7, 44) if alike else (0, 7, 24), ORDER[group]
        logs = [random.randrange(1, order) for _ in range(cuts[-1])]
        values = [random.randrange(1, order)] * len(logs) if alike else [random.randrange(order) for _ in logs]
        for start, last in ((cuts[0], cuts[1] - 1), (cuts[1], cuts[2] - 1)):
            values[start] *= alike
            others = sum(x * y for x, y in zip(logs[start:last], values[start:last], strict=True))
            logs[last] = -others * pow(values[last], -1, order) % order
        if bad:
            values[random.choice((1, 8))] ^= 1 << random.randrange(200)
        points, scalars = multiples_of_generator(host, group, logs), limbs(values)
        offsets = np.array(cuts, np.uint64)

        def zero(engine: Engine) -> Any:
            return ~engine.msm(group, offsets, rows_of(points), scalars).any(axis=1)

        return _asking(lambda engine: _held_or_confirmed(engine, zero))

    return made


def miller(curve: Curve, prepared: bool) -> Callable[[CpuEngine, Random, bool], Ask]:
    """Which products of pairings are one; the final exponentiation is the host's."""

    def made(host: CpuEngine, random: Random, bad: bool) -> Ask:
        offsets, order = np.array([0, 2, 7], np.uint64), ORDER[GROUP_1[curve]]
        a, b = ([random.randrange(1, order) for _ in range(7)] for _ in range(2))
        for start, last in ((0, 1), (2, 6)):
            others = sum(x * y for x, y in zip(a[start:last], b[start:last], strict=True))
            a[last] = -others * pow(b[last], -1, order) % order
        if bad:
            a[random.randrange(7)] = random.choice((0, 1))
        g1, g2 = multiples_of_generator(host, GROUP_1[curve], a), multiples_of_generator(host, GROUP_2[curve], b)
        lines = host.lines(curve, g2)

        def is_one(engine: Engine) -> Any:
            if prepared:
                values = engine.miller_loop_lines(curve, offsets, g1, rows_of(lines))
            else:
                values = engine.miller_loop(curve, offsets, g1, g2)
            return (host.final_exponentiation(curve, values) == one(curve)).all(axis=1)

        return _asking(lambda engine: _held_or_confirmed(engine, is_one))

    return made


def hades(host: CpuEngine, random: Random, bad: bool) -> Ask:
    words = np.frombuffer(random.randbytes(5 * 5 * 32), np.uint64).reshape(-1, 4)
    states = host.field(Field.BLS12_381_FR, FieldOp.TO_MONT, words.copy()).reshape(5, 5, 4)
    if bad:
        states[random.randrange(5)] = 0
    return _asking(lambda engine: (engine.hades_permute(states),))


def map_to_g1(host: CpuEngine, random: Random, bad: bool) -> Ask:
    words = np.frombuffer(random.randbytes(5 * 48), np.uint64).reshape(-1, 6)
    u = host.field(Field.BLS12_381_FP, FieldOp.TO_MONT, words.copy())
    if bad:
        u[random.randrange(5)] = 0
    return _asking(lambda engine: (engine.map_to_g1(u),))


_G1, _G2, _B1, _B2 = Group.BLS12_381_G1, Group.BLS12_381_G2, Group.BN254_G1, Group.BN254_G2
METHODS: Final = (
    Method("decode bls12_381_g1", decode(_G1, Encoding.ZCASH)), Method("decode bls12_381_g2", decode(_G2, Encoding.ZCASH)),
    Method("decode bn254_g1", decode(_B1, Encoding.ARK_COMPRESSED)), Method("decode bn254_g2", decode(_B2, Encoding.ARK_COMPRESSED)),
    Method("check bls12_381_g1", check(_G1)), Method("check bls12_381_g2", check(_G2)), Method("check bn254_g2", check(_B2)),
    *(Method(f"scalar_mul {group.name.lower()}", scalar_mul(group), invalid=False) for group in Group),
    *(Method(f"msm {group.name.lower()} {name}", msm(group, way == JOINED), way) for group in (_G1, _B1)
      for name, way in (("ladder", LADDER), ("buckets", BUCKETS), ("sorted", SORTED), ("joined", JOINED))),
    *(Method(f"miller_loop {curve.name.lower()}{' lines' * prepared}", miller(curve, prepared), PRODUCTS)
      for curve in Curve for prepared in (False, True)),
    Method("hades_permute", hades, invalid=False), Method("map_to_g1", map_to_g1, invalid=False),
)  # fmt: skip
