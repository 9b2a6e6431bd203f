"""The linearisation of Dusk's PLONK: every gate's identity at z, with the commitments as unknowns.

Four wires a b c d; a_w b_w d_w are the wires of the next row. K1, K2, K3 = 7, 13, 17 separate the wires in the permutation argument.
Source: [dusk-plonk] src/proof_system/widget/*/verifierkey.rs.
"""

from __future__ import annotations

from typing import NamedTuple

from coproc.params.bls12_381 import R
from coproc.params.jubjub import D as EDWARDS_D

Terms = dict[str, int]
K1, K2, K3 = 7, 13, 17


class Evaluations(NamedTuple):
    """In the order of the proof; z is the permutation polynomial at z omega."""

    a: int
    b: int
    c: int
    d: int
    a_w: int
    b_w: int
    d_w: int
    q_arith: int
    q_c: int
    q_l: int
    q_r: int
    s_sigma_1: int
    s_sigma_2: int
    s_sigma_3: int
    z: int


class Challenges(NamedTuple):
    """In the order of the transcript."""

    beta: int
    gamma: int
    alpha: int
    range: int
    logic: int
    fixed: int
    variable: int
    z: int
    v: int
    v_w: int
    u: int


def delta(x: int) -> int:
    """Zero iff x is one of 0, 1, 2, 3."""
    return x * (x - 1) * (x - 2) * (x - 3) % R


def arithmetic(e: Evaluations) -> Terms:
    """q_arith (a b q_m + a q_l + b q_r + c q_o + d q_f + q_c)."""
    factors = {"q_m": e.a * e.b, "q_l": e.a, "q_r": e.b, "q_o": e.c, "q_f": e.d, "q_c": 1}
    return {name: e.q_arith * factor for name, factor in factors.items()}


def range_gate(e: Evaluations, s: int) -> int:
    """Each wire continues an accumulator by one digit of base 4."""
    k = s * s
    return s * (delta(e.c - 4 * e.d) + k * delta(e.b - 4 * e.c) + k**2 * delta(e.a - 4 * e.b) + k**3 * delta(e.d_w - 4 * e.a))


def logic_gate(e: Evaluations, s: int) -> int:
    """AND or XOR (by q_c) of two digits of base 4, A and B, into D; c holds the product of A and B."""
    k, w = s * s, e.c
    a, b, d = e.a_w - 4 * e.a, e.b_w - 4 * e.b, e.d_w - 4 * e.d
    f = w * (w * (4 * w - 18 * (a + b) + 81) + 18 * (a * a + b * b) - 81 * (a + b) + 83)
    xor_and = e.q_c * (9 * d - 3 * (a + b)) + 3 * (a + b + d) - 2 * f
    return s * (delta(a) + k * delta(b) + k**2 * delta(d) + k**3 * (w - a * b) + k**4 * xor_and)


def fixed_base_gate(e: Evaluations, s: int) -> int:
    """One step of a scalar multiplication of a fixed point of JubJub: a bit in -1, 0, 1 adds (x, y) = bit (q_l, q_r) to (a, b)."""
    k, bit = s * s, e.d_w - 2 * e.d
    y, x = bit * bit * (e.q_r - 1) + 1, e.q_l * bit
    product = e.c * e.a * e.b * EDWARDS_D
    return s * (
        bit * (bit - 1) * (bit + 1)
        + k * (bit * e.q_c - e.c)
        + k**2 * (e.a_w + e.a_w * product - (x * e.b + y * e.a))
        + k**3 * (e.b_w - e.b_w * product - (x * e.a + y * e.b))
    )


def variable_base_gate(e: Evaluations, s: int) -> int:
    """The sum of the points (a, b) and (c, d) of JubJub is (a_w, b_w); d_w = a d."""
    k = s * s
    product = e.d_w * e.b * e.c * EDWARDS_D
    return s * (
        (e.a * e.d - e.d_w) + k * (e.d_w + e.b * e.c - e.a_w - e.a_w * product) + k**2 * (e.b * e.d + e.a * e.c - e.b_w + e.b_w * product)
    )


def linearisation(e: Evaluations, c: Challenges, lagrange: int) -> tuple[Terms, int]:
    """Scalars by commitment, without the quotient's, and r0 - PI(z); ``lagrange``: L_1(z)."""
    terms = arithmetic(e)
    terms["q_range"] = range_gate(e, c.range)
    terms["q_logic"] = logic_gate(e, c.logic)
    terms["q_fixed_group_add"] = fixed_base_gate(e, c.fixed)
    terms["q_variable_group_add"] = variable_base_gate(e, c.variable)
    identity = (e.a + c.beta * c.z + c.gamma) * (e.b + c.beta * K1 * c.z + c.gamma)
    identity *= (e.c + c.beta * K2 * c.z + c.gamma) * (e.d + c.beta * K3 * c.z + c.gamma)
    copy = (e.a + c.beta * e.s_sigma_1 + c.gamma) * (e.b + c.beta * e.s_sigma_2 + c.gamma) * (e.c + c.beta * e.s_sigma_3 + c.gamma)
    terms["z"] = identity * c.alpha + lagrange * c.alpha**2 + c.u
    terms["s_sigma_4"] = -copy * c.beta * e.z * c.alpha
    constant = -lagrange * c.alpha**2 - c.alpha * copy * (e.d + c.gamma) * e.z
    return {name: scalar % R for name, scalar in terms.items()}, constant % R
