"""JubJub, the twisted Edwards curve over Fr of BLS12-381.

Equation    -u^2 + v^2 = 1 + d u^2 v^2, d = -(10240/10241), a non-square, so that addition is complete (-1 is a square)
Order       8 r_j, r_j prime of 252 bits; the 8-torsion is cyclic
Generator   Dusk's: v = 0x12
Sources     [zcash-protocol] 5.4.9.3, [jubjub] Dusk's fork for the generator
"""

from __future__ import annotations

from coproc.params import bls12_381
from coproc.params.arithmetic import is_prime, is_square
from coproc.params.constant import Constant, Elements, Field, Plain, Word

Q = bls12_381.R
R = 0x0E7DB4EA6533AFA906673B0101343B00A6682093CCC81082D0970E5ED6F72CB7
COFACTOR = 8
assert is_prime(R)
assert R.bit_length() == 252
# Hasse: 8 r_j is the only multiple of r_j in the interval, once a point of order r_j is known (below).
assert (COFACTOR * R - Q - 1) ** 2 < 4 * Q
assert R > 4 * (1 << 128)

D = -10240 * pow(10241, -1, Q) % Q
assert is_square(Q - 1, Q)
assert not is_square(D, Q)

Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def contains(point: Point) -> bool:
    u, v = point
    return (v * v - u * u - 1 - D * u * u % Q * v * v) % Q == 0


def add(a: Point, b: Point) -> Point:
    """The complete affine addition law."""
    (u1, v1), (u2, v2) = a, b
    t = D * u1 % Q * u2 % Q * v1 % Q * v2 % Q
    denominators = pow((1 + t) * (1 - t), -1, Q)
    return (u1 * v2 + v1 * u2) * denominators * (1 - t) % Q, (v1 * v2 + u1 * u2) * denominators * (1 + t) % Q


def mul(n: int, point: Point) -> Point:
    out = IDENTITY
    for bit in bin(n)[2:]:
        out = add(out, out)
        if bit == "1":
            out = add(out, point)
    return out


GENERATOR: Point = (0x3FD2814C43AC65A6F1FBF02D0FD6CCE62E3EBB21FD6C54ED4DF7B7FFEC7BEACA, 0x12)
assert contains(GENERATOR)
assert GENERATOR != IDENTITY
assert mul(R, GENERATOR) == IDENTITY

# A point T of order 8; the cyclic torsion subgroup is {iT : i = 0..7}.
TORSION: Point = (
    0x71D4DF38BA9E7973EAAAE086A16618D17AA41AC43DAE8582D92E6A7927200D43,
    0x4958BDB21966982E16A13035AD4D72669106EE90F384A4A1FF0D2068EFF496DD,
)
assert contains(TORSION)
assert mul(4, TORSION) == (0, Q - 1)
assert mul(8, TORSION) == IDENTITY

FR = Field(R, 4, 5)

EXPORTS: dict[str, Constant] = {
    "Fr": FR,
    "D": Elements(bls12_381.FR, D),
    "D2": Elements(bls12_381.FR, 2 * D % Q),
    "COFACTOR": Word(COFACTOR),
    "GENERATOR_U": Elements(bls12_381.FR, GENERATOR[0]),
    "GENERATOR_V": Elements(bls12_381.FR, GENERATOR[1]),
    "TORSION_U": Elements(bls12_381.FR, TORSION[0]),
    "TORSION_V": Elements(bls12_381.FR, TORSION[1]),
    "ORDER": Plain(R, 4),
}
