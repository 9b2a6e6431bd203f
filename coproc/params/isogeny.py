"""A normalised isogeny from the polynomial of its kernel: Velu's formulas as Kohel wrote them.

On y^2 = f(x) = x^3 + a x + b let h(x) be the monic polynomial of degree n whose roots are the x of the kernel's points other than
infinity, one for each pair +-Q, so that the degree of the isogeny is 2n + 1. Then
    X = N / h^2,  N = ((2n+1) x - 2 s1) h^2 - 2 (3x^2 + a) h h' - 4 f (h'' h - h'^2),   Y = y X'(x) = y (N' h - 2 N h') / h^3
maps it onto y^2 = x^3 + (a - 5t) x + (b - 7w), with s_i the elementary symmetric functions of the roots,
    t = 6 (s1^2 - 2 s2) + 2 a n,   w = 10 (s1^3 - 3 s1 s2 + 3 s3) + 6 a s1 + 4 b n.
[Kohel96] 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from coproc.params.arithmetic import Curve, FieldOps, polynomial_at, polynomial_mul

T = TypeVar("T")
Poly = list[T]


def _times(k: FieldOps[T], n: int, a: T) -> T:
    out = k.zero
    for _ in range(abs(n)):
        out = k.add(out, a)
    return out if n >= 0 else k.sub(k.zero, out)


def _sum(k: FieldOps[T], *terms: tuple[int, Poly[T]]) -> Poly[T]:
    """Sum of n_i f_i for small integers n_i, without leading zeros."""
    out = [k.zero] * max(len(f) for _, f in terms)
    for n, f in terms:
        for i, c in enumerate(f):
            out[i] = k.add(out[i], _times(k, n, c))
    while len(out) > 1 and out[-1] == k.zero:
        out.pop()
    return out


def _derivative(k: FieldOps[T], f: Poly[T]) -> Poly[T]:
    return [_times(k, i, c) for i, c in enumerate(f)][1:] or [k.zero]


@dataclass(frozen=True)
class Isogeny(Generic[T]):
    """(x, y) -> (x_num/x_den, y y_num/y_den) from ``source`` onto ``target``; coefficients lowest first, denominators monic."""

    source: Curve[T]
    target: Curve[T]
    x_num: Poly[T]
    x_den: Poly[T]
    y_num: Poly[T]
    y_den: Poly[T]

    def __call__(self, point: tuple[T, T] | None) -> tuple[T, T] | None:
        if point is None:
            return None
        k, (x, y) = self.source.k, point
        x_den, y_den = polynomial_at(k, self.x_den, x), polynomial_at(k, self.y_den, x)
        if x_den == k.zero:
            return None
        return (
            k.mul(polynomial_at(k, self.x_num, x), k.inv(x_den)),
            k.mul(y, k.mul(polynomial_at(k, self.y_num, x), k.inv(y_den))),
        )


def isogeny(source: Curve[T], h: Poly[T], scale: T) -> Isogeny[T]:
    """The isogeny with kernel h, followed by the isomorphism (x, y) -> (scale^2 x, scale^3 y)."""
    k, a, b, n = source.k, source.a, source.b, len(h) - 1
    assert h[-1] == k.one
    signed = [h[n - i] if i <= n else k.zero for i in range(4)]
    s1, s2, s3 = _times(k, -1, signed[1]), signed[2], _times(k, -1, signed[3])
    square = k.mul(s1, s1)
    power2 = k.sub(square, _times(k, 2, s2))
    power3 = k.add(k.mul(s1, k.sub(square, _times(k, 3, s2))), _times(k, 3, s3))
    t = k.add(_times(k, 6, power2), _times(k, 2 * n, a))
    w = k.add(k.add(_times(k, 10, power3), _times(k, 6, k.mul(a, s1))), _times(k, 4 * n, b))

    h1 = _derivative(k, h)
    h2 = _derivative(k, h1)
    f = [b, a, k.zero, k.one]
    hh = polynomial_mul(k, h, h)
    slope = [a, k.zero, _times(k, 3, k.one)]
    curvature = _sum(k, (1, polynomial_mul(k, h2, h)), (-1, polynomial_mul(k, h1, h1)))
    numerator = _sum(
        k,
        (1, polynomial_mul(k, [_times(k, -2, s1), _times(k, 2 * n + 1, k.one)], hh)),
        (-2, polynomial_mul(k, slope, polynomial_mul(k, h, h1))),
        (-4, polynomial_mul(k, f, curvature)),
    )
    y_numerator = _sum(k, (1, polynomial_mul(k, _derivative(k, numerator), h)), (-2, polynomial_mul(k, numerator, h1)))
    c2 = k.mul(scale, scale)
    c3, c4, c6 = k.mul(c2, scale), k.mul(c2, c2), k.mul(k.mul(c2, c2), c2)
    target = Curve(k, k.mul(c4, k.sub(a, _times(k, 5, t))), k.mul(c6, k.sub(b, _times(k, 7, w))))
    return Isogeny(source, target, [k.mul(c2, c) for c in numerator], hh, [k.mul(c3, c) for c in y_numerator], polynomial_mul(k, hh, h))


def assert_homomorphism(phi: Isogeny[T], p: tuple[T, T], q: tuple[T, T]) -> None:
    """phi maps p, q, p + q and p + p onto the target and respects both sums."""
    assert phi.source.contains(p)
    assert phi.source.contains(q)
    assert p != q
    image_p, image_q = phi(p), phi(q)
    assert image_p is not None
    assert image_q is not None
    assert phi.target.contains(image_p)
    assert phi.target.contains(image_q)
    assert phi(phi.source.add(p, q)) == phi.target.add(image_p, image_q)
    assert phi(phi.source.add(p, p)) == phi.target.add(image_p, image_p)
