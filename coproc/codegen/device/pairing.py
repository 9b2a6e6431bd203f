"""The pairings of BLS12-381 and BN254 as programs: lines, Miller loop, final exponentiation; both curves from one text.

A line is (l0, l1, l2), see coproc.spec.pairing; at P = (x, y) it is l2 + (l1 x) v + (l0 y) v w (M-twist, BLS12-381) or
l0 y + (l1 x + l2 v) w (D-twist, BN254).
Sources: [CLN10] and [AKLGL10] for the steps in homogeneous coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from coproc.codegen.device.allocate import compiled
from coproc.codegen.device.program import Fp, Fp2, Program, Recorder, Trace
from coproc.codegen.device.tables import element_table, table
from coproc.codegen.device.tower import Factor, Fp6, Fp12
from coproc.params import bls12_381, bn254
from coproc.params.constant import Field


def non_adjacent(k: int) -> tuple[int, ...]:
    """Signed digits of k > 0 below the leading one, most significant first; no two neighbours are both nonzero."""
    digits: list[int] = []
    while k:
        d = (2 - k % 4) if k % 2 else 0
        digits.append(d)
        k = (k - d) // 2
    assert digits[-1] == 1
    return tuple(reversed(digits[:-1]))


@dataclass(frozen=True)
class Pairing:
    """digits: of the loop, for lines in the stored form (arkworks' order for BN254). point_digits: of the loop whose lines are not kept.
    m_twist: the twist, and whether the value is conjugated in the end, since the seed is negative. seed: its absolute value."""

    field: Field
    xi: tuple[int, int]
    m_twist: bool
    digits: tuple[int, ...]
    point_digits: tuple[int, ...]
    seed: int
    frobenius: tuple[tuple[tuple[int, int], ...], ...]
    psi: tuple[tuple[int, int], ...]
    b2_times_3: tuple[int, int]

    def lines(self, digits: tuple[int, ...]) -> int:
        """Lines of a loop."""
        return len(digits) + sum(d != 0 for d in digits) + (0 if self.m_twist else 2)


PAIRINGS = {
    "bls12_381": Pairing(
        bls12_381.FP, bls12_381.XI, True,
        tuple(int(bit) for bit in bin(bls12_381.X_ABS)[3:]), tuple(int(bit) for bit in bin(bls12_381.X_ABS)[3:]), bls12_381.X_ABS,
        (bls12_381.FROBENIUS_1, bls12_381.FROBENIUS_2, bls12_381.FROBENIUS_3), (), (12, 12),
    ),
    "bn254": Pairing(
        bn254.FP, bn254.XI, False,
        bn254.LOOP_DIGITS, non_adjacent(6 * bn254.Z + 2), bn254.Z,
        (bn254.FROBENIUS_1, bn254.FROBENIUS_2, bn254.FROBENIUS_3), (bn254.PSI_X, bn254.PSI_Y), bn254.B2_TIMES_3,
    ),
}  # fmt: skip


# ---- lines ----------------------------------------------------------------------------------------------------------------
def double_step(pairing: Pairing) -> Trace:
    """T = (X : Y : Z) <- 2T; l = the tangent (-2YZ, 3X^2, 3b'Z^2 - Y^2)."""
    r = Recorder("double_step")
    x, y, z = r.fp2("point", 3, lost=True)
    yy, zz = y.sqr(), z.sqr()
    # 3b' = 12 xi for b' = 4 xi
    e = (zz.dbl() + zz).dbl().dbl().mul_xi() if pairing.m_twist else zz * r.set_fp2("B2_TIMES_3")
    yz2 = (y + z).sqr() - yy - zz
    xx, f = x.sqr(), e.dbl() + e
    square = e.sqr()
    out = (x * y).half() * (yy - f), (yy + f).half().sqr() - square - square.dbl(), yy * yz2
    return r.trace(point=out, line=(-yz2, xx.dbl() + xx, e - yy))


def add_step() -> Trace:
    """T <- T + Q for affine Q = (x, y); with theta = Y - y Z, lambda = X - x Z the chord is (lambda, -theta, theta x - lambda y)."""
    r = Recorder("add_step")
    x, y, z = r.fp2("point", 3, lost=True)
    qx, qy = r.fp2("q", 2, lost=True)
    theta, lam = y - qy * z, x - qx * z
    d = lam.sqr()
    e, g = lam * d, x * d
    h = theta.sqr() * z + e - g.dbl()
    line = (lam, -theta, theta * qx - lam * qy)
    return r.trace(point=(lam * h, theta * (g - h) - e * y, z * e), line=line)


def psi() -> Trace:
    """Q <- psi(Q) = (conj(x) xi^((p-1)/3), conj(y) xi^((p-1)/2)) on BN254's twist."""
    r = Recorder("psi")
    x, y = r.fp2("q", 2, lost=True)
    return r.trace(q=(x.conj() * r.set_fp2("PSI_X"), y.conj() * r.set_fp2("PSI_Y")))


# ---- Miller loop ----------------------------------------------------------------------------------------------------------
def _f(r: Recorder) -> Fp12:
    return Fp12.of(r.fp2("f", 6, lost=True))


def _line(f: Fp12, l0: Factor, l1: Factor, l2: Factor, *, m_twist: bool) -> Fp12:
    """l0 y, l1 x and l2 are given."""
    return f.mul_line_m(l0, l2, l1) if m_twist else f.mul_line_d(l0, l1, l2)


def fp12_sqr() -> Trace:
    r = Recorder("fp12_sqr")
    return r.trace(f=_f(r).sqr().coordinates)


def mul_by_line(pairing: Pairing) -> Trace:
    """f <- f times a line that `lines` evaluated at its P."""
    r = Recorder("mul_by_line")
    l0, l1, l2 = (_loads(r, "line", 2 * i) for i in range(3))
    return r.trace(f=_line(_f(r), l0, l1, l2, m_twist=pairing.m_twist).coordinates)


def multiply_lines(pairing: Pairing) -> Trace:
    """out <- the product of two evaluated lines, as `Fp12.mul_joined` takes it: c0, c1, c2, d0, d1. Six products."""
    r = Recorder("multiply_lines")
    h, l1, l2 = (r.load_fp2("line", 2 * i) for i in range(3))
    h_, l1_, l2_ = (r.load_fp2("next", 2 * i) for i in range(3))
    g0, g1, g0_, g1_ = (l2, l1, l2_, l1_) if pairing.m_twist else (l1, l2, l1_, l2_)
    x, y, z = h * h_, g0 * g0_, g1 * g1_
    cross = (g0 + g1) * (g0_ + g1_) - y - z
    d0, d1 = (g0 + h) * (g0_ + h_) - x - y, (g1 + h) * (g1_ + h_) - x - z
    # M: (g0 + g1 v + h v w)^2 has v^2 w^2 = v^3 = xi; D: (h + (g0 + g1 v) w)^2 has w^2 = v
    c = (y + x.mul_xi(), cross, z) if pairing.m_twist else (x + z.mul_xi(), y, cross)
    return r.trace(out=(*c, d0, d1))


def mul_by_joined(pairing: Pairing) -> Trace:
    """f <- f times the product of two lines: c0, c1, c2 lie where the first was, d0 and d1 where the second was."""
    r = Recorder("mul_by_joined")
    c, d = [_loads(r, "line", 2 * i) for i in range(3)], [_loads(r, "next", 2 * i) for i in range(2)]
    return r.trace(f=_f(r).mul_joined(c, d, m_twist=pairing.m_twist).coordinates)


def mul_by_stored_line(pairing: Pairing) -> Trace:
    """f <- f times a line as the Engine stores it, at P: BLS12-381 (l1 / l0, l2 / l0), BN254 (l0, l1, l2)."""
    r = Recorder("mul_by_stored_line")
    f = _f(r)
    x, y = r.load_fp("g1", 0), r.load_fp("g1", 1)
    if pairing.m_twist:
        h, slope = y.embed(), r.load_fp2("line", 0) * x
        return r.trace(f=_line(f, lambda: h, lambda: slope, _loads(r, "line", 2), m_twist=True).coordinates)
    h, slope = r.load_fp2("line", 0) * y, r.load_fp2("line", 2) * x
    return r.trace(f=_line(f, lambda: h, lambda: slope, _loads(r, "line", 4), m_twist=False).coordinates)


def _loads(r: Recorder, pointer: str, index: int) -> Factor:
    return lambda: r.load_fp2(pointer, index)


def fp12_mul() -> Trace:
    """f <- f g, g in global memory."""
    r = Recorder("fp12_mul")
    f = _f(r)

    def half(k: int) -> Fp6:
        return Fp6(*(r.load_fp2("g", 6 * k + 2 * i) for i in range(3)))

    low, high = f.c0 * half(0), f.c1 * half(1)
    return r.trace(f=Fp12(low + high.mul_v(), (f.c0 + f.c1) * (half(0) + half(1)) - low - high).coordinates)


# ---- final exponentiation ---------------------------------------------------------------------------------------------------
def fp12_norm() -> Trace:
    """n <- f0^2 - v f1^2 in Fp6."""
    r = Recorder("fp12_norm")
    f = _f(r)
    n = f.c0.sqr() - f.c1.sqr().mul_v()
    return r.trace(f=(n.c0, n.c1, n.c2))


def fp6_adjoint() -> Trace:
    """a <- t, norm <- a t, so that 1/a = t / norm."""
    r = Recorder("fp6_adjoint")
    t, norm = Fp6(*r.fp2("a", 3, lost=True)).adjoint()
    return r.trace(a=(t.c0, t.c1, t.c2), norm=(norm,))


def fp12_inverse() -> Trace:
    """f <- conj(g) n s for g in global memory, n in Fp6 and s in Fp2: 1/g where n s = 1/norm(g)."""
    r = Recorder("fp12_inverse")
    f = r.fp2("f", 6, lost=True)
    (s,) = r.fp2("s")
    n = Fp6(f[0], f[1], f[2]).scale(s)
    a, b = (Fp6(*(r.load_fp2("g", 6 * k + 2 * i) for i in range(3))) for k in range(2))
    return r.trace(f=Fp12(a * n, -(b * n)).coordinates)


def fp12_conj() -> Trace:
    r = Recorder("fp12_conj")
    return r.trace(f=_f(r).conj().coordinates)


def cyclotomic_sqr(pairing: Pairing) -> Trace:
    r = Recorder("cyclotomic_sqr")
    return r.trace(f=_f(r).cyclotomic_sqr(cheap_xi=pairing.xi[0] == 1).coordinates)


def frobenius(power: int) -> Trace:
    """f <- f^(p^power)."""
    r = Recorder(f"frobenius_{power}")
    table = f"FROBENIUS_{power}"
    if power == 2:
        gammas: list[Fp | Fp2 | None] = [r.set_fp(f"{table} + {i} * FP_LIMBS") for i in range(6)]
    else:
        gammas = [r.set_fp2(f"{table} + {2 * i} * FP_LIMBS") for i in range(6)]
    gammas[0] = None
    return r.trace(f=_f(r).frobenius(gammas, conjugate=power % 2 == 1).coordinates)


# ---- modules ----------------------------------------------------------------------------------------------------------------
_TRACES: dict[str, tuple[Callable[[Pairing], Trace], int]] = {
    "double_step": (double_step, 24),
    "add_step": (lambda _: add_step(), 24),
    "psi": (lambda _: psi(), 24),
    "fp12_sqr": (lambda _: fp12_sqr(), 24),
    "multiply_lines": (multiply_lines, 24),
    "mul_by_line": (mul_by_line, 100),
    "mul_by_joined": (mul_by_joined, 60),
    "mul_by_stored_line": (mul_by_stored_line, 24),
    "fp12_mul": (lambda _: fp12_mul(), 24),
    "fp12_norm": (lambda _: fp12_norm(), 24),
    "fp6_adjoint": (lambda _: fp6_adjoint(), 24),
    "fp12_inverse": (lambda _: fp12_inverse(), 24),
    "fp12_conj": (lambda _: fp12_conj(), 1),
    "cyclotomic_sqr": (cyclotomic_sqr, 24),
    "frobenius_1": (lambda _: frobenius(1), 24),
    "frobenius_2": (lambda _: frobenius(2), 24),
    "frobenius_3": (lambda _: frobenius(3), 24),
}
"""Formulas, and how many orders the search for theirs keeps."""
MILLER_TEMPORARIES = {"bls12_381": 6, "bn254": 10}
"""Of the programs of the Miller loop, beside the 12 slots of the accumulator; the rest is spilled. 18 slots of 48 bytes and 22 of 32 bytes
let 256 and 320 accumulators share the 227 KiB of a multiprocessor of an H100."""
_LIMITED = ("fp12_sqr", "mul_by_line", "mul_by_joined", "mul_by_stored_line")


@cache
def program(curve: str, name: str) -> Program:
    trace, beam = _TRACES[name]
    return compiled(trace(PAIRINGS[curve]), beam, MILLER_TEMPORARIES[curve] if name in _LIMITED else None)


def spilled(curve: str) -> int:
    """Elements of Fp that an accumulator of a Miller loop spills."""
    return max(program(curve, name).spilled or 0 for name in _LIMITED)


def programs_of(*names: str) -> Callable[[str], str]:
    """Prints programs for a curve; `psi` where it has one."""

    def text(curve: str) -> str:
        return "\n".join(program(curve, name).text() for name in names if name != "psi" or PAIRINGS[curve].psi)

    return text


def tables(curve: str) -> str:
    """M_TWIST, loops, seed and the constants of programs."""
    pairing = PAIRINGS[curve]
    out = [
        f"#define M_TWIST {int(pairing.m_twist)}\n",
        f"#define POINT_STEPS {len(pairing.point_digits)}\n#define POINT_LINES {pairing.lines(pairing.point_digits)}\n",
        table("POINT_DIGITS", pairing.point_digits, "i32"),
        f"#define STEPS {len(pairing.digits)}\n#define LINES {pairing.lines(pairing.digits)}\n",
        table("DIGITS", pairing.digits, "i32"),
        f"#define SEED_STEPS {len(non_adjacent(pairing.seed))}\n",
        table("SEED_DIGITS", non_adjacent(pairing.seed), "i32"),
        element_table("B2_TIMES_3", pairing.field, pairing.b2_times_3),
    ]
    for k, gammas in enumerate(pairing.frobenius, 1):
        values = tuple(c0 for c0, _ in gammas) if k == 2 else gammas
        out.append(element_table(f"FROBENIUS_{k}", pairing.field, values))
    for name, value in zip(("PSI_X", "PSI_Y"), pairing.psi, strict=False):
        out.append(element_table(name, pairing.field, value))
    return "".join(out)


# ---- what it costs ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Counts:
    """Multiplications in Fp: of the lines of a pair (point on the way), of joining those of two pairs, of one pair and of two joined in
    the Miller loop, of a pair on stored lines, of an accumulator (its squares), of a product, of a final exponentiation. slots: of Fp, of a
    work-item of each family."""

    lines: int
    join: int
    pair: int
    joined_pairs: int
    stored_pair: int
    accumulator: int
    product: int
    final_exponentiation: int
    slots: dict[str, int]

    def fused(self, pairs: int) -> float:
        """A pair with `pairs` pairs an accumulator."""
        miller = pairs // 2 * (self.join + self.joined_pairs) + pairs % 2 * self.pair + self.accumulator
        return self.lines + miller / pairs


def counts(curve: str) -> Counts:
    """For the limit model of a GPU; static, from the programs."""
    pairing = PAIRINGS[curve]
    m = {name: program(curve, name).multiplications for name in _TRACES if name != "psi" or pairing.psi}
    steps, lines = len(pairing.point_digits), pairing.lines(pairing.point_digits)
    evaluate = 2 * 2
    psis = 3 * m["psi"] if pairing.psi else 0
    seed = non_adjacent(pairing.seed)
    power = len(seed) * m["cyclotomic_sqr"] + sum(d != 0 for d in seed) * m["fp12_mul"]
    inverse = m["fp12_norm"] + m["fp6_adjoint"] + m["fp12_inverse"] + 4 + pairing.field.modulus.bit_length()
    inverse += (pairing.field.modulus - 2).bit_count()
    easy = inverse + 2 * m["fp12_mul"] + m["frobenius_2"]
    if pairing.m_twist:
        hard = 5 * power + m["frobenius_1"] + m["frobenius_2"] + m["cyclotomic_sqr"] + 7 * m["fp12_mul"]
    else:
        hard = 3 * power + 3 * m["cyclotomic_sqr"] + 10 * m["fp12_mul"] + m["frobenius_1"] + m["frobenius_2"] + m["frobenius_3"]
    return Counts(
        lines=steps * m["double_step"] + (lines - steps) * m["add_step"] + lines * evaluate + psis,
        join=lines * m["multiply_lines"],
        pair=lines * m["mul_by_line"],
        joined_pairs=lines * m["mul_by_joined"],
        stored_pair=pairing.lines(pairing.digits) * m["mul_by_stored_line"],
        accumulator=(steps - 1) * m["fp12_sqr"],
        product=m["fp12_mul"],
        final_exponentiation=easy + hard,
        slots=slots(curve),
    )


def slots(curve: str) -> dict[str, int]:
    """Of each family, from the programs that its kernels call; see the kernels for where they lie."""

    def temporaries(*names: str) -> int:
        return max(program(curve, name).temporaries for name in names)

    return {
        "lines": max(14 + max(temporaries("double_step"), 4 + temporaries("add_step")), 10 + temporaries("multiply_lines")),
        "miller": 12 + temporaries(*_LIMITED),
        "product": 12 + temporaries("fp12_mul"),
        "final_exponentiation": 12
        + max(
            temporaries("fp12_mul", "fp12_norm", "cyclotomic_sqr", "frobenius_1", "frobenius_2", "frobenius_3", "fp12_conj"),
            2 + temporaries("fp12_inverse"),
            2 + temporaries("fp6_adjoint"),
            5,
        ),
    }
