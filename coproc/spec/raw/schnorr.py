"""Schnorr signatures over JubJub on limbs: upstream's extended coordinates, in upstream's order of operations."""

from __future__ import annotations

from typing import Final

from coproc.params import jubjub
from coproc.spec.poseidon import truncated
from coproc.spec.raw import fr
from coproc.spec.raw.poseidon import poseidon_hash
from coproc.spec.verdict import Panic

Extended = tuple[int, ...]  # (u, v, z, t1, t2): the point (u/z, v/z), t1 t2 = u v / z
Niels = tuple[int, int, int, int]  # (v + u, v - u, z, 2 d t1 t2)

D: Final = fr.constant(jubjub.D)
D2: Final = fr.constant(2 * jubjub.D)
IDENTITY: Final[Extended] = (0, fr.ONE, fr.ONE, 0, 0)
NIELS_IDENTITY: Final[Niels] = (fr.ONE, fr.ONE, fr.ONE, 0)
GENERATOR: Final[Extended] = (
    fr.constant(jubjub.GENERATOR[0]),
    fr.constant(jubjub.GENERATOR[1]),
    fr.ONE,
    fr.constant(jubjub.GENERATOR[0]),
    fr.constant(jubjub.GENERATOR[1]),
)
LADDER_BITS: Final = 252


def _extended(u: int, v: int, z: int, t: int) -> Extended:
    """The completed point ((u : z), (v : t))."""
    return fr.mul(u, t), fr.mul(v, z), fr.mul(z, t), u, v


def niels(p: Extended) -> Niels:
    u, v, z, t1, t2 = p
    return fr.add(v, u), fr.sub(v, u), z, fr.mul(fr.mul(t1, t2), D2)


def add(p: Extended, q: Niels) -> Extended:
    u, v, z, t1, t2 = p
    a = fr.mul(fr.sub(v, u), q[1])
    b = fr.mul(fr.add(v, u), q[0])
    c = fr.mul(fr.mul(t1, t2), q[3])
    d = fr.mul(z, q[2])
    d = fr.add(d, d)
    return _extended(fr.sub(b, a), fr.add(b, a), fr.add(d, c), fr.sub(d, c))


def double(p: Extended) -> Extended:
    u, v, z = p[:3]
    uu, vv, zz = fr.sqr(u), fr.sqr(v), fr.sqr(z)
    zz2, uv2 = fr.add(zz, zz), fr.sqr(fr.add(u, v))
    plus, minus = fr.add(vv, uu), fr.sub(vv, uu)
    return _extended(fr.sub(uv2, plus), plus, minus, fr.sub(zz2, minus))


def mul(p: Extended, k: int) -> Extended:
    """252 bits from the top, doubling and then adding P or the neutral point."""
    point, out = niels(p), IDENTITY
    for i in range(LADDER_BITS - 1, -1, -1):
        out = add(double(out), point if k >> i & 1 else NIELS_IDENTITY)
    return out


def is_identity(p: Extended) -> bool:
    return p[0] == 0 and p[1] == p[2]


def affine(p: Extended) -> tuple[int, int]:
    """Panic where the limbs of z are all zero."""
    if p[2] == 0:
        raise Panic("a point with z = 0")
    inverse = fr.inv(p[2])
    return fr.mul(p[0], inverse), fr.mul(p[1], inverse)


def is_valid(p: Extended) -> bool:
    """Torsion-free, then on the curve, then not the identity."""
    if not is_identity(mul(p, jubjub.R)):
        return False
    u, v = affine(p)
    u2, v2 = fr.sqr(u), fr.sqr(v)
    on_curve = fr.sub(fr.sub(v2, u2), fr.mul(fr.mul(D, u2), v2)) == fr.ONE
    consistent = fr.mul(fr.mul(u, v), p[2]) == fr.mul(p[3], p[4])
    return on_curve and consistent and not is_identity(p)


def verify(message: int, key: Extended, u: int, commitment: Extended) -> bool:
    """Limbs of the message, of the key and of R; the scalar u, reduced."""
    if not is_valid(key) or not is_valid(commitment):
        return False
    c = truncated(fr.value(poseidon_hash((*affine(commitment), *affine(key), message))))
    x, y, z, _, _ = add(mul(GENERATOR, u), niels(mul(key, c)))
    return fr.mul(x, commitment[2]) == fr.mul(commitment[0], z) and fr.mul(y, commitment[2]) == fr.mul(commitment[1], z)
