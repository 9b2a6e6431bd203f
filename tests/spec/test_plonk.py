"""Dusk's PLONK: the gates vanish on what they are for, the domain interpolates, the verdict depends on everything."""

from __future__ import annotations

import random
from typing import Any

import pytest

from coproc.params import bls12_381, jubjub
from coproc.params.bls12_381 import R
from coproc.spec import plonk
from coproc.spec.fields import BLS12_381_FR
from coproc.spec.plonk import Domain
from coproc.spec.plonk_equation import Evaluations, delta, fixed_base_gate, logic_gate, range_gate, variable_base_gate
from coproc.spec.verdict import Invalid
from tests.vectors import load

S = 0xABCDEF  # a separation challenge


def row(**values: int) -> Evaluations:
    return Evaluations(**{name: values.get(name, 0) for name in Evaluations._fields})


def test_delta_vanishes_on_two_bits_alone() -> None:
    assert [x for x in range(-10, 10) if delta(x) == 0] == [0, 1, 2, 3]


def test_the_range_gate_vanishes_where_every_wire_continues_by_two_bits() -> None:
    d = 5
    c, b, a, d_w = (5 * 4 + 3), (5 * 4 + 3) * 4 + 1, ((5 * 4 + 3) * 4 + 1) * 4, (((5 * 4 + 3) * 4 + 1) * 4) * 4 + 2
    assert range_gate(row(a=a, b=b, c=c, d=d, d_w=d_w), S) % R == 0
    assert range_gate(row(a=a, b=b, c=c, d=d, d_w=d_w + 2), S) % R != 0


@pytest.mark.parametrize(("q_c", "operation"), [(R - 1, int.__xor__), (1, int.__and__)])
def test_the_logic_gate_vanishes_on_its_operation_alone(q_c: int, operation: Any) -> None:
    for x in range(4):
        for y in range(4):
            for result in range(4):
                e = row(a=7, b=9, d=2, c=x * y, a_w=28 + x, b_w=36 + y, d_w=8 + result, q_c=q_c)
                assert (logic_gate(e, S) % R == 0) == (result == operation(x, y))


def test_the_variable_base_gate_vanishes_on_sums_of_jubjub_points_alone() -> None:
    p, q = jubjub.mul(5, jubjub.GENERATOR), jubjub.mul(9, jubjub.GENERATOR)
    x, y = jubjub.add(p, q)
    good = row(a=p[0], b=p[1], c=q[0], d=q[1], a_w=x, b_w=y, d_w=p[0] * q[1] % R)
    assert variable_base_gate(good, S) % R == 0
    for name in ("a", "b", "c", "d", "a_w", "b_w", "d_w"):
        assert variable_base_gate(good._replace(**{name: getattr(good, name) + 1}), S) % R != 0


@pytest.mark.parametrize("bit", [-1, 0, 1])
def test_the_fixed_base_gate_vanishes_where_a_bit_adds_its_point(bit: int) -> None:
    """c holds the product of the added coordinates, q_c that of the fixed point's."""
    p, q = jubjub.mul(5, jubjub.GENERATOR), jubjub.mul(9, jubjub.GENERATOR)
    addend = jubjub.IDENTITY if bit == 0 else (bit * q[0] % R, q[1])
    x, y = jubjub.add(p, addend)
    good = row(a=p[0], b=p[1], c=bit * q[0] * q[1] % R, d=6, a_w=x, b_w=y, d_w=12 + bit, q_l=q[0], q_r=q[1], q_c=q[0] * q[1] % R)
    assert fixed_base_gate(good, S) % R == 0
    assert fixed_base_gate(good._replace(d_w=14), S) % R != 0
    assert fixed_base_gate(good._replace(a_w=x + 1), S) % R != 0


@pytest.mark.parametrize(("n", "size"), [(0, 1), (1, 1), (2, 2), (3, 4), (1024, 1024), (1025, 2048), ((1 << 31), 1 << 31)])
def test_a_domain_is_a_power_of_two_of_roots_of_unity(n: int, size: int) -> None:
    domain = Domain.of(n)
    assert domain.size == size
    assert pow(domain.omega, size, R) == 1
    assert size == 1 or pow(domain.omega, size // 2, R) == R - 1


@pytest.mark.parametrize("n", [(1 << 31) + 1, 1 << 32, 1 << 63, (1 << 63) + 1, (1 << 64) - 1])
def test_a_domain_that_is_too_large_is_refused(n: int) -> None:
    with pytest.raises(Invalid):
        Domain.of(n)


def test_interpolation_gives_the_polynomial_through_the_values() -> None:
    """f(x) = 3 + 5x + 7x^3 on 4 points, evaluated elsewhere; an index counts modulo the size, and repetitions add up."""
    domain, z = Domain.of(4), 123456789

    def f(x: int) -> int:
        return (3 + 5 * x + 7 * x**3) % R

    values = tuple(f(pow(domain.omega, i, R)) for i in range(4))
    assert domain.interpolate_at(z, (0, 1, 2, 3), values) == f(z)
    assert domain.interpolate_at(z, (0, 5, 2 + (1 << 62), 3), values) == f(z)
    assert domain.interpolate_at(z, (0, 0), (1, 2)) == domain.interpolate_at(z, (0,), (3,)) == 3 * domain.first_lagrange_at(z) % R


def first_valid(version: str) -> tuple[bytes, bytes, tuple[int, ...]]:
    for case in load.dusk("verify_plonk"):
        if case.version == version and case.expect is True and case.args is not None and case.args["public_inputs"]:
            inputs = tuple(int.from_bytes(bytes.fromhex(x), "little") for x in case.args["public_inputs"] if isinstance(x, str))
            if len(inputs) == len(case.args["public_inputs"]):
                return bytes.fromhex(case.args["verifier_data"]), bytes.fromhex(case.args["proof"]), inputs
    raise AssertionError(version)


@pytest.mark.parametrize("version", ["V1", "V2", "V3"])
def test_a_proof_verifies_under_the_version_it_was_made_for_alone(version: str) -> None:
    data, proof, inputs = first_valid(version)
    assert [plonk.verify(data, proof, inputs, v) for v in (1, 2, 3)] == [version == f"V{v}" for v in (1, 2, 3)]


def test_every_evaluation_and_every_input_counts() -> None:
    data, proof, inputs = first_valid("V3")
    draw = random.Random(7)
    for i in draw.sample(range(15), 4):
        at = 528 + 32 * i
        changed = (int.from_bytes(proof[at : at + 32], "little") + 1) % R
        assert not plonk.verify(data, proof[:at] + changed.to_bytes(32, "little") + proof[at + 32 :], inputs, 3)
    assert not plonk.verify(data, proof, ((inputs[0] + 1) % R, *inputs[1:]), 3)
    assert plonk.verify(data + b"tail", proof + b"tail", inputs, 3)


def test_malformed_parts_are_refused() -> None:
    data, proof, inputs = first_valid("V3")
    noncanonical = proof[:528] + R.to_bytes(32, "little") + proof[560:]
    for bad_data, bad_proof, bad_inputs in (
        (data[:-1], proof, inputs), (data[:47], proof, inputs), (b"", proof, inputs),
        (data, proof[:-1], inputs), (data, noncanonical, inputs),
        (data, proof, inputs[1:]), (data, proof, (*inputs, 0)), (b"\xff" * 8 + data[8:], proof, inputs),
        (data[:24] + b"\xff" * 8 + data[32:], proof, inputs), (data, bytes([proof[0] ^ 0x80]) + proof[1:], inputs),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            plonk.verify(bad_data, bad_proof, bad_inputs, 3)


def test_scalars_of_the_opening_claim_sum_over_one_msm() -> None:
    """27 terms and 2 terms, in the names that engines use."""
    data, proof, inputs = first_valid("V3")
    terms, x_terms = plonk.opening_terms(plonk.decode_verifier_data(data), plonk.decode_proof(proof), inputs, 3)
    assert set(terms) == {*plonk.SELECTORS, *plonk.COMMITMENTS, "g"}
    assert set(x_terms) == {"w_z", "w_zw"}
    assert all(0 <= x < BLS12_381_FR.p == bls12_381.R for x in (*terms.values(), *x_terms.values()))
