"""BLS signatures on limbs: point checks, multiples, line coefficients and the Miller loop, in upstream's order of operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from coproc.params import bls12_381
from coproc.spec import encode
from coproc.spec import tower as exact
from coproc.spec.curve import BLS12_381_G1, G1Point
from coproc.spec.decode import LARGER
from coproc.spec.fields import BLS12_381_FP2
from coproc.spec.pairing import BLS12_381
from coproc.spec.raw import fp, tower
from coproc.spec.raw.fp import Fp2
from coproc.spec.raw.fp import Fp2Field as K

T = TypeVar("T")
Projective = tuple[T, T, T]  # (x : y : z), infinity (0 : 1 : 0)
Line = tuple[Fp2, Fp2, Fp2]
X_ABS: Final = bls12_381.X_ABS
BETA: Final = fp.constant(bls12_381.BETA)
PSI_X: Final[Fp2] = (fp.constant(bls12_381.PSI_X[0]), fp.constant(bls12_381.PSI_X[1]))
PSI_Y: Final[Fp2] = (fp.constant(bls12_381.PSI_Y[0]), fp.constant(bls12_381.PSI_Y[1]))


class Limbs(Protocol[T]):
    """Fp or Fp2 on limbs."""

    @property
    def zero(self) -> T: ...
    @property
    def one(self) -> T: ...
    @property
    def b(self) -> T: ...
    def add(self, x: T, y: T, /) -> T: ...
    def sub(self, x: T, y: T, /) -> T: ...
    def neg(self, x: T, /) -> T: ...
    def mul(self, x: T, y: T, /) -> T: ...
    def sqr(self, x: T, /) -> T: ...
    def mul_by_3b(self, x: T, /) -> T: ...


class Affine(NamedTuple, Generic[T]):
    """An archived point; any byte but zero says infinity."""

    x: T
    y: T
    infinity: int


FP: Final[Limbs[int]] = fp.Fp()
FP2: Final[Limbs[Fp2]] = K()


def _coordinates(archived: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(archived[i : i + 48], "little") for i in range(0, len(archived) - 8, 48))


def load_signature(archived: bytes) -> Affine[int]:
    """104 bytes."""
    x, y = _coordinates(archived)
    return Affine(x, y, archived[96])


def load_key(archived: bytes) -> Affine[Fp2]:
    """200 bytes."""
    x0, x1, y0, y1 = _coordinates(archived)
    return Affine((x0, x1), (y0, y1), archived[192])


# ---- points -----------------------------------------------------------------------------------------------------------------
def double(k: Limbs[T], p: Projective[T]) -> Projective[T]:
    x, y, z = p
    if z == k.zero:
        return k.zero, k.one, k.zero
    t0 = k.sqr(y)
    z3 = k.add(t0, t0)
    z3 = k.add(z3, z3)
    z3 = k.add(z3, z3)
    t1 = k.mul(y, z)
    t2 = k.mul_by_3b(k.sqr(z))
    x3 = k.mul(t2, z3)
    y3 = k.add(t0, t2)
    z3 = k.mul(t1, z3)
    t1 = k.add(t2, t2)
    t2 = k.add(t1, t2)
    t0 = k.sub(t0, t2)
    y3 = k.add(x3, k.mul(t0, y3))
    x3 = k.mul(t0, k.mul(x, y))
    return k.add(x3, x3), y3, z3


def add(k: Limbs[T], p: Projective[T], q: Projective[T]) -> Projective[T]:
    (x, y, z), (a, b, c) = p, q
    t0, t1, t2 = k.mul(x, a), k.mul(y, b), k.mul(z, c)
    t3 = k.sub(k.mul(k.add(x, y), k.add(a, b)), k.add(t0, t1))
    t4 = k.sub(k.mul(k.add(y, z), k.add(b, c)), k.add(t1, t2))
    y3 = k.sub(k.mul(k.add(x, z), k.add(a, c)), k.add(t0, t2))
    t0 = k.add(k.add(t0, t0), t0)
    t2 = k.mul_by_3b(t2)
    z3 = k.add(t1, t2)
    t1 = k.sub(t1, t2)
    y3 = k.mul_by_3b(y3)
    x3 = k.sub(k.mul(t3, t1), k.mul(t4, y3))
    y3 = k.add(k.mul(t1, z3), k.mul(y3, t0))
    return x3, y3, k.add(k.mul(z3, t4), k.mul(t0, t3))


def mul_by_x(k: Limbs[T], p: Projective[T]) -> Projective[T]:
    """[x] P, x negative: bits of |x| from the second lowest up."""
    x, y, z = k.zero, k.one, k.zero
    bits = X_ABS >> 1
    while bits:
        p = double(k, p)
        if bits & 1:
            x, y, z = add(k, (x, y, z), p)
        bits >>= 1
    return x, k.neg(y), z


def multiply(k: Limbs[T], p: Affine[T], scalar: int) -> Projective[T]:
    """255 bits from the top."""
    out = (k.zero, k.one, k.zero)
    for i in range(254, -1, -1):
        out = double(k, out)
        if scalar >> i & 1:
            out = add(k, out, (p.x, p.y, k.one))
    return out


def same(k: Limbs[T], p: Projective[T], q: Projective[T]) -> bool:
    """Equal as projective points."""
    if p[2] == k.zero or q[2] == k.zero:
        return p[2] == q[2]
    return k.mul(p[0], q[2]) == k.mul(q[0], p[2]) and k.mul(p[1], q[2]) == k.mul(q[1], p[2])


def on_curve(k: Limbs[T], p: Affine[T]) -> bool:
    return k.sub(k.sqr(p.y), k.mul(k.sqr(p.x), p.x)) == k.b


def valid_signature(p: Affine[int]) -> bool:
    """[-x^2] P = (beta x, y), on the curve, not infinity."""
    x, y, z = mul_by_x(FP, mul_by_x(FP, (p.x, p.y, FP.one)))
    torsion_free = same(FP, (x, fp.neg(y), z), (fp.mul(p.x, BETA), p.y, FP.one))
    return torsion_free and on_curve(FP, p) and not p.infinity


def valid_key(p: Affine[Fp2]) -> bool:
    """psi(P) = [x] P, on the curve, not infinity."""
    psi = K.mul(K.conj(p.x), PSI_X), K.mul(K.conj(p.y), PSI_Y), K.conj(K.one)
    return same(FP2, psi, mul_by_x(FP2, (p.x, p.y, K.one))) and on_curve(FP2, p) and not p.infinity


# ---- the pairing ------------------------------------------------------------------------------------------------------------
def _twice(a: Fp2, times: int = 1) -> Fp2:
    for _ in range(times):
        a = K.add(a, a)
    return a


def double_step(r: Projective[Fp2]) -> tuple[Line, Projective[Fp2]]:
    x, y, z = r
    t0, t1 = K.sqr(x), K.sqr(y)
    t2 = K.sqr(t1)
    t3 = _twice(K.sub(K.sub(K.sqr(K.add(t1, x)), t0), t2))
    t4 = K.add(_twice(t0), t0)
    t6 = K.add(x, t4)
    t5, zz = K.sqr(t4), K.sqr(z)
    x3 = K.sub(K.sub(t5, t3), t3)
    z3 = K.sub(K.sub(K.sqr(K.add(z, y)), t1), zz)
    y3 = K.sub(K.mul(K.sub(t3, x3), t4), _twice(t2, 3))
    l1 = K.neg(_twice(K.mul(t4, zz)))
    l2 = K.sub(K.sub(K.sub(K.sqr(t6), t0), t5), _twice(t1, 2))
    return (_twice(K.mul(z3, zz)), l1, l2), (x3, y3, z3)


def add_step(r: Projective[Fp2], q: Affine[Fp2]) -> tuple[Line, Projective[Fp2]]:
    x, y, z = r
    zz, yy = K.sqr(z), K.sqr(q.y)
    t0 = K.mul(zz, q.x)
    t1 = K.mul(K.sub(K.sub(K.sqr(K.add(q.y, z)), yy), zz), zz)
    t2 = K.sub(t0, x)
    t3 = K.sqr(t2)
    t4 = _twice(t3, 2)
    t5 = K.mul(t4, t2)
    t6 = K.sub(K.sub(t1, y), y)
    t9, t7 = K.mul(t6, q.x), K.mul(t4, x)
    x3 = K.sub(K.sub(K.sub(K.sqr(t6), t5), t7), t7)
    z3 = K.sub(K.sub(K.sqr(K.add(z, t2)), zz), t3)
    t10 = K.add(q.y, z3)
    t8 = K.mul(K.sub(t7, x3), t6)
    y3 = K.sub(t8, _twice(K.mul(y, t5)))
    t10 = K.sub(K.sub(K.sqr(t10), yy), K.sqr(z3))
    return (_twice(z3), _twice(K.neg(t6)), K.sub(_twice(t9), t10)), (x3, y3, z3)


def lines(q: Affine[Fp2]) -> list[Line]:
    """68 lines: |x| >> 1 below its leading one, then one more doubling."""
    r: Projective[Fp2] = (q.x, q.y, K.one)
    out = []
    for bit in bin(X_ABS >> 1)[3:]:
        line, r = double_step(r)
        out.append(line)
        if bit == "1":
            line, r = add_step(r, q)
            out.append(line)
    return [*out, double_step(r)[0]]


def miller_loop(pairs: Iterable[tuple[Affine[int], Affine[Fp2]]]) -> tower.Fp12:
    """Every line step takes the pairs in their order; a pair with an infinity is left out."""
    live = [(p, lines(q)) for p, q in pairs if not p.infinity and not q.infinity]
    f, used = tower.ONE, 0

    def step(f: tower.Fp12) -> tower.Fp12:
        for p, prepared in live:
            l0, l1, l2 = prepared[used]
            f = tower.mul_by_line(f, l2, K.scale(l1, p.x), K.scale(l0, p.y))
        return f

    for bit in bin(X_ABS >> 1)[3:]:
        f = step(f)
        used += 1
        if bit == "1":
            f = step(f)
            used += 1
        f = tower.sqr(f)
    return tower.conj(step(f))


def is_one(pairs: Iterable[tuple[Affine[int], Affine[Fp2]]]) -> bool:
    """The Miller loop on limbs; its value is reduced, and the final exponentiation any exact one."""
    coordinates = tuple(fp.value(x) for x in exact.Tower.coordinates(miller_loop(pairs)))
    return BLS12_381.final_exponentiation(exact.Tower.from_coordinates(coordinates)) == BLS12_381.tower.one


# ---- signatures -------------------------------------------------------------------------------------------------------------
def from_g1(point: G1Point) -> Affine[int]:
    return Affine(0, FP.one, 1) if point is None else Affine(fp.constant(point[0]), fp.constant(point[1]), 0)


def _values(a: Fp2) -> Fp2:
    return fp.value(a[0]), fp.value(a[1])


def compress(p: Affine[Fp2]) -> bytes:
    """96 bytes of the values; the sort flag looks at c0 where the *limbs* of c1 are all zero."""
    x, y = _values(p.x), _values(p.y)
    out = bytearray(encode.zcash_g2((x, (y[0], y[1]))))
    larger = BLS12_381_FP2.base.is_larger(y[1]) or (p.y[1] == 0 and BLS12_381_FP2.base.is_larger(y[0]))
    out[0] = (out[0] & ~LARGER) | (LARGER if larger else 0)
    return bytes(out)


def to_affine(p: Projective[Fp2]) -> Affine[Fp2]:
    """Products with the reduced 1/z."""
    if p[2] == K.zero:
        return Affine(K.zero, K.one, 1)
    inverse = BLS12_381_FP2.inv(_values(p[2]))
    z = fp.constant(inverse[0]), fp.constant(inverse[1])
    return Affine(K.mul(p[0], z), K.mul(p[1], z), 0)


G2_GENERATOR: Final[Affine[Fp2]] = Affine(
    (fp.constant(bls12_381.G2[0][0]), fp.constant(bls12_381.G2[0][1])),
    (fp.constant(bls12_381.G2[1][0]), fp.constant(bls12_381.G2[1][1])),
    0,
)


def verify_points(message_point: G1Point, key: Affine[Fp2], signature: Affine[int]) -> bool:
    if not valid_key(key) or not valid_signature(signature):
        return False
    return is_one([(signature, G2_GENERATOR), (from_g1(BLS12_381_G1.neg(message_point)), key)])


def verify(message_point: G1Point, key: bytes, signature: bytes) -> bool:
    """e(sig, g2) e(-H(msg), pk) = 1 for archived points; ``message_point``: H(msg)."""
    return verify_points(message_point, load_key(key), load_signature(signature))


def verify_multisig(message_point: G1Point, keys: tuple[bytes, ...], signature: bytes, coefficient: Callable[[bytes], int]) -> bool:
    """The same for sum t_i pk_i, t_i the coefficient of a key's compressed bytes; every key must be valid."""
    points = [load_key(key) for key in keys]
    if not all(valid_key(point) for point in points):
        return False
    total: Projective[Fp2] = (K.zero, K.one, K.zero)
    for point in points:
        weighted = to_affine(multiply(FP2, point, coefficient(compress(point))))
        total = add(FP2, total, (weighted.x, weighted.y, K.zero if weighted.infinity else K.one))
    return verify_points(message_point, to_affine(total), load_signature(signature))
