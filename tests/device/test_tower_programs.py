"""The programs of the pairings, run on integers, equal coproc.spec: as formulas, and in their slots."""

from __future__ import annotations

import random
from typing import Any

import pytest

from coproc.codegen.device.families import FAMILIES
from coproc.codegen.device.pairing import PAIRINGS, counts, program, slots
from coproc.codegen.device.program import Integers, interpret, interpret_slots
from coproc.spec import pairing as spec

SPEC: dict[str, spec.Pairing] = {"bls12_381": spec.BLS12_381, "bn254": spec.BN254}
both = pytest.mark.parametrize("curve", PAIRINGS)


def integers(curve: str, memory: dict[str, Any] | None = None) -> Integers:
    p = PAIRINGS[curve]
    tables: dict[str, Any] = {"B2_TIMES_3": p.b2_times_3, **dict(zip(("PSI_X", "PSI_Y"), p.psi, strict=False))}
    for k, gammas in enumerate(p.frobenius, 1):
        for i, gamma in enumerate(gammas):
            tables[f"FROBENIUS_{k} + {i if k == 2 else 2 * i} * FP_LIMBS"] = gamma[:1] if k == 2 else gamma
    return Integers(p.field.modulus, p.xi, tables | (memory or {}))


def run(curve: str, name: str, memory: dict[str, Any] | None = None, **regions: Any) -> dict[str, list[int]]:
    """A program, both ways; regions and memory as nested tuples."""
    made = program(curve, name)
    k = integers(curve, {key: flat(v) for key, v in (memory or {}).items()})
    given = {key: list(flat(v)) for key, v in regions.items()}
    wanted = interpret(made.trace, k, given)
    in_slots = interpret_slots(made, k, given)
    for region, values in wanted.items():
        assert in_slots[region][: len(values)] == values
    return wanted


def flat(values: Any) -> tuple[int, ...]:
    return (values,) if isinstance(values, int) else tuple(x for v in values for x in flat(v))


def elements(curve: str, count: int) -> list[Any]:
    """Random ones, one, and some with components zero."""
    draw, p = random.Random(count), PAIRINGS[curve].field.modulus
    tower = SPEC[curve].tower
    out = [tower.from_coordinates(tuple(draw.randrange(p) for _ in range(12))) for _ in range(count)]
    out += [tower.from_coordinates(tuple(draw.randrange(p) if draw.random() < 0.4 else 0 for _ in range(12))) for _ in range(count)]
    return [*out, tower.one, tower.from_coordinates((0,) * 6 + (1,) + (0,) * 5)]


@both
def test_products_and_squares(curve: str) -> None:
    tower = SPEC[curve].tower
    values = elements(curve, 4)
    for a, b in zip(values, values[1:] + values[:1], strict=True):
        assert tuple(run(curve, "fp12_sqr", f=a)["f"]) == flat(tower.sqr(a))
        assert tuple(run(curve, "fp12_mul", {"g": b}, f=a)["f"]) == flat(tower.mul(a, b))
        assert tuple(run(curve, "fp12_conj", f=a)["f"]) == flat(tower.conj(a))
        for k in (1, 2, 3):
            assert tuple(run(curve, f"frobenius_{k}", f=a)["f"]) == flat(tower.frobenius(a, k))


@both
def test_inverses(curve: str) -> None:
    tower = SPEC[curve].tower
    for a in elements(curve, 3):
        norm = run(curve, "fp12_norm", f=a)["f"]
        got = run(curve, "fp6_adjoint", a=norm)
        scale = tower.fp2.inv((got["norm"][0], got["norm"][1]))
        f = [*got["a"], *([0] * 6)]
        assert tuple(run(curve, "fp12_inverse", {"g": a}, f=f, s=scale)["f"]) == flat(tower.inv(a))


@both
def test_squares_in_the_cyclotomic_subgroup(curve: str) -> None:
    tower = SPEC[curve].tower
    for a in elements(curve, 2):
        b = tower.mul(tower.conj(a), tower.inv(a))
        c = tower.mul(tower.frobenius(b, 2), b)
        assert tuple(run(curve, "cyclotomic_sqr", f=c)["f"]) == flat(tower.sqr(c))


@both
def test_products_with_lines(curve: str) -> None:
    pairing = SPEC[curve]
    tower, draw, p = pairing.tower, random.Random(7), PAIRINGS[curve].field.modulus
    for a in elements(curve, 3):
        line = tuple((draw.randrange(p), draw.randrange(p)) for _ in range(3))
        x, y = draw.randrange(p), draw.randrange(p)
        wanted = flat(tower.mul(a, pairing.line_at((line[0], line[1], line[2]), (x, y))))
        evaluated = tower.fp2.scale(line[0], y), tower.fp2.scale(line[1], x), line[2]
        assert tuple(run(curve, "mul_by_line", {"line": evaluated}, f=a)["f"]) == wanted
        if PAIRINGS[curve].m_twist:
            stored = line[1:]
            wanted = flat(tower.mul(a, pairing.line_at(((1, 0), line[1], line[2]), (x, y))))
        else:
            stored = line
        assert tuple(run(curve, "mul_by_stored_line", {"line": stored, "g1": (x, y)}, f=a)["f"]) == wanted


@both
def test_products_with_two_lines_at_once(curve: str) -> None:
    pairing, made = SPEC[curve], PAIRINGS[curve]
    tower, draw, p = pairing.tower, random.Random(8), made.field.modulus
    for a in elements(curve, 2):
        lines: list[Any] = [tuple((draw.randrange(p), draw.randrange(p)) for _ in range(3)) for _ in range(2)]
        one = ((0, 0), (0, 0), (1, 0)) if made.m_twist else ((1, 0), (0, 0), (0, 0))
        for line, other in (lines, (lines[0], one), (one, one), (lines[1], lines[1])):
            out = run(curve, "multiply_lines", {"line": line, "next": other})["out"]
            wanted = flat(tower.mul(tower.mul(a, pairing.line_at(line, (1, 1))), pairing.line_at(other, (1, 1))))
            assert tuple(run(curve, "mul_by_joined", {"line": out[:6], "next": out[6:]}, f=a)["f"]) == wanted


@both
def test_steps_give_the_lines_of_the_specification(curve: str) -> None:
    pairing, made = SPEC[curve], PAIRINGS[curve]
    k = pairing.g2.field
    q = pairing.g2.mul(12345, pairing.g2.generator)
    assert q is not None
    t, lines = (*flat(q), 1, 0), []
    for digit in made.digits:
        got = run(curve, "double_step", point=t)
        t = tuple(got["point"])
        lines.append(tuple(got["line"]))
        if digit:
            got = run(curve, "add_step", point=t, q=q if digit > 0 else (q[0], k.neg(q[1])))
            t = tuple(got["point"])
            lines.append(tuple(got["line"]))
    if made.psi:
        once = run(curve, "psi", q=q)["q"]
        twice = run(curve, "psi", q=once)["q"]
        for point in (once, [*twice[:2], *(-c % made.field.modulus for c in twice[2:])]):
            got = run(curve, "add_step", point=t, q=point)
            t = tuple(got["point"])
            lines.append(tuple(got["line"]))
    assert lines == [flat(line) for line in pairing.lines(q)]


@both
def test_both_loops_have_the_same_count(curve: str) -> None:
    made = PAIRINGS[curve]
    for digits in (made.digits, made.point_digits):
        value = 1
        for d in digits:
            value = 2 * value + d
        assert value == (made.seed if made.m_twist else 6 * made.seed + 2)
    assert made.lines(made.digits) == SPEC[curve].line_count


@both
def test_families_have_the_slots_that_their_programs_take(curve: str) -> None:
    for name, needed in slots(curve).items():
        assert FAMILIES[name].slots >= needed


def test_eight_warps_of_accumulators_share_a_multiprocessor() -> None:
    for curve, threads in (("bls12_381", 256), ("bn254", 320)):
        groups, room = threads // 64, 4 * 2 * PAIRINGS[curve].field.limbs * 64 * slots(curve)["miller"]
        assert groups * (room + 1024) <= 228 * 1024


def test_a_fused_pair_has_the_multiplications_of_the_plan() -> None:
    bls, bn = counts("bls12_381"), counts("bn254")
    assert (bls.lines, bls.pair, bls.accumulator) == (1780, 2652, 2232)
    assert bls.fused(8) < 4_500
    assert bn.fused(8) < 6_200
    assert bls.fused(16) < 4_300
    assert bn.fused(16) < 6_000
    assert max(bls.final_exponentiation, bn.final_exponentiation) < 8_500
