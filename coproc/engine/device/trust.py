"""Why an answer that went through an accelerator can be believed: checks on the host that no fault of the device passes by accident.

A device returns group elements, never "yes". Zeros would satisfy an equation of sums, yesterday's result another batch's, and a lost item
hides its own error; so

  * a sum goes out with a term that only the host knows, a multiple of the generator (`Blinds`), or a pair with one (`PairBlinds`), which
    the host takes off again: what is no fresh result of this very call becomes a random element;
  * every item carries a random tag, which kernels add up where they add the item;
  * the items of a sum go out in a random order, with random signs on both of their parts (P and k, P and Q): what is left of an earlier
    call in one buffer does not belong to what is in the others;
  * what the host computes with is an element of its field: it looks, for its arithmetic is defined for nothing else;
  * a decoded point is encoded again and compared with the bytes, and must be on the curve; the subgroup test compares what the device
    multiplied with what the host's endomorphism says;
  * multiples are compared in one random linear combination of both sides;
  * what is a number (a hash) is computed twice, the second time with a pad on it, from another copy of the input.

What does not pass is a `Mismatch`: the host computes that call itself. "No" is never believed at all: the host looks again.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Any, Final

import numpy as np

from coproc.engine.cpu import CpuEngine
from coproc.engine.device.elements import are_elements
from coproc.engine.device.families import Sums
from coproc.engine.protocol import (
    ENCODED_BYTES,
    FIELD_WORDS,
    GT_WORDS,
    POINT_WORDS,
    U8,
    U64,
    Check,
    Curve,
    Encoding,
    Field,
    FieldOp,
    Group,
    Status,
)
from coproc.errors import EngineError
from coproc.params import bls12_381, bn254

GROUP_1: Final = {Curve.BLS12_381: Group.BLS12_381_G1, Curve.BN254: Group.BN254_G1}
GROUP_2: Final = {Curve.BLS12_381: Group.BLS12_381_G2, Curve.BN254: Group.BN254_G2}
CURVE_OF: Final = {g: c for groups in (GROUP_1, GROUP_2) for c, g in groups.items()}
BASE: Final = {Curve.BLS12_381: Field.BLS12_381_FP, Curve.BN254: Field.BN254_FP}
SCALARS: Final = {Curve.BLS12_381: Field.BLS12_381_FR, Curve.BN254: Field.BN254_FR}
ORDER: Final = {Curve.BLS12_381: bls12_381.R, Curve.BN254: bn254.R}
_PARAMS: Final[dict[Curve, Any]] = {Curve.BLS12_381: bls12_381, Curve.BN254: bn254}


class Mismatch(EngineError):
    """The device's result is not what it must be."""


def random_words(shape: tuple[int, ...]) -> U64:
    """Words that nobody can know beforehand."""
    count = int(np.prod(shape, dtype=np.int64))
    return np.random.Generator(np.random.PCG64(int.from_bytes(os.urandom(16)))).integers(0, 1 << 64, count, np.uint64).reshape(shape)


def words_of(curve: Curve, *elements: int) -> U64:
    """Elements of Fp in Montgomery form, one after the other."""
    p, words = _PARAMS[curve].P, FIELD_WORDS[BASE[curve]]
    return np.frombuffer(b"".join((e * (1 << 64 * words) % p).to_bytes(8 * words, "little") for e in elements), "<u8").astype(np.uint64)


def one(curve: Curve) -> U64:
    """uint64[words of Gt]: what a product of no pairs is, exactly."""
    out = np.zeros(GT_WORDS[curve], np.uint64)
    out[: FIELD_WORDS[BASE[curve]]] = words_of(curve, 1)
    return out


def generator(group: Group) -> U64:
    """uint64[1, words]."""
    curve = CURVE_OF[group]
    params = _PARAMS[curve]
    flat = params.G1 if group == GROUP_1[curve] else (*params.G2[0], *params.G2[1])
    return words_of(curve, *flat).reshape(1, -1)


def negative(cpu: CpuEngine, group: Group, points: U64) -> U64:
    """uint64[n, words]: -P."""
    half = POINT_WORDS[group] // 2
    field = BASE[CURVE_OF[group]]
    y = np.ascontiguousarray(points[:, half:]).reshape(-1, FIELD_WORDS[field])
    return np.concatenate((points[:, :half], cpu.field(field, FieldOp.NEG, y).reshape(-1, half)), axis=1)


# ---- sums ----
class Blinds:
    """Secret multiples of the generator of a group in the first place: each is used once, then doubled."""

    def __init__(self, cpu: CpuEngine, curve: Curve, size: int = 64) -> None:
        self._cpu, self._curve, self._group = cpu, curve, GROUP_1[curve]
        self.generator = generator(self._group)
        mont = cpu.field(SCALARS[curve], FieldOp.TO_MONT, random_words((size, 4)))
        self._scalars = cpu.field(SCALARS[curve], FieldOp.FROM_MONT, mont)
        self._points = cpu.scalar_mul(self._group, np.repeat(self.generator, size, axis=0), self._scalars)
        self._lock, self._next = Lock(), 0

    def take(self, m: int) -> tuple[U64, U64]:
        """b uint64[m, 4] plain, b G uint64[m, words]."""
        scalars, points = [self._scalars[:0]], [self._points[:0]]
        with self._lock:
            while m > 0:
                start, stop = self._next, min(self._next + m, len(self._scalars))
                taken, images = self._scalars[start:stop].copy(), self._points[start:stop].copy()
                self._scalars[start:stop] = self._cpu.field(SCALARS[self._curve], FieldOp.ADD, taken, taken)
                self._points[start:stop] = self._cpu.add(self._group, images, images)
                scalars.append(taken)
                points.append(images)
                self._next = stop % len(self._scalars)
                m -= stop - start
        return np.concatenate(scalars), np.concatenate(points)


class PairBlinds:
    """Secret pairs (b G, H) with the inverse of their Miller value: each is used once, then b is doubled, the value squared."""

    def __init__(self, cpu: CpuEngine, curve: Curve, size: int = 64) -> None:
        self._cpu, self._curve = cpu, curve
        self._scalars = Blinds(cpu, curve, size)
        _, points = self._scalars.take(size)
        group = GROUP_2[curve]
        mont = cpu.field(SCALARS[curve], FieldOp.TO_MONT, random_words((1, 4)))
        self.g2 = cpu.scalar_mul(group, generator(group), cpu.field(SCALARS[curve], FieldOp.FROM_MONT, mont))
        self.lines = cpu.lines(curve, self.g2)
        self._points = points
        opposite = np.ascontiguousarray(negative(cpu, GROUP_1[curve], points))
        offsets = np.arange(size + 1, dtype=np.uint64)
        self._values = cpu.miller_loop(curve, offsets, opposite, np.repeat(self.g2, size, axis=0))
        self._lock, self._next = Lock(), 0

    def take(self, m: int) -> tuple[U64, U64]:
        """b G uint64[m, words], and what their pair with `g2` is multiplied by to be one (after the final exponentiation)."""
        points, values = [self._points[:0]], [self._values[:0]]
        with self._lock:
            while m > 0:
                start, stop = self._next, min(self._next + m, len(self._points))
                taken, inverse = self._points[start:stop].copy(), self._values[start:stop].copy()
                self._points[start:stop] = self._cpu.add(GROUP_1[self._curve], taken, taken)
                self._values[start:stop] = self._cpu.fp12(self._curve, FieldOp.SQR, inverse)
                points.append(taken)
                values.append(inverse)
                self._next = stop % len(self._points)
                m -= stop - start
        return np.concatenate(points), np.concatenate(values)


def with_last(offsets: U64) -> tuple[U64, Any, Any]:
    """Sums that get one item more at the end of each: their offsets, and where the old and the new items are."""
    m, sizes = len(offsets) - 1, np.diff(offsets).astype(np.int64)
    wider = (offsets + np.arange(m + 1, dtype=np.uint64)).astype(np.uint64)
    last = wider[1:].astype(np.int64) - 1
    old = np.arange(int(offsets[-1]), dtype=np.int64) + np.repeat(np.arange(m, dtype=np.int64), sizes)
    return wider, old, last


def shuffled(offsets: U64) -> Any:
    """int64[k]: the items of each stretch in a random order."""
    stretch = np.repeat(np.arange(len(offsets) - 1, dtype=np.uint64), np.diff(offsets).astype(np.int64))
    return np.argsort((stretch << np.uint64(40)) | (random_words((len(stretch),)) >> np.uint64(24)))


def signs(n: int) -> Any:
    """bool[n], random."""
    return (random_words((n,)) & np.uint64(1)).astype(np.bool_)


def with_signs(cpu: CpuEngine, group: Group, points: U64, minus: Any) -> U64:
    """uint64[n, words]: -P where `minus` says so."""
    return np.where(minus[:, None], negative(cpu, group, points), points)


def scalars_with_signs(cpu: CpuEngine, curve: Curve, scalars: U64, minus: Any) -> U64:
    """uint64[n, 4], plain and reduced: -k mod r where `minus` says so."""
    field = SCALARS[curve]
    k = cpu.field(field, FieldOp.FROM_MONT, cpu.field(field, FieldOp.TO_MONT, scalars))
    return np.where(minus[:, None], cpu.field(field, FieldOp.NEG, k), k)


def tag_sums(tags: U64, offsets: U64) -> U64:
    """uint64[m]: the sum of the tags of each stretch, mod 2^64; every stretch has an item."""
    return np.add.reduceat(tags, offsets[:-1].astype(np.int64), dtype=np.uint64)


def compare_tags(what: str, sums: Sums, tags: U64, offsets: U64) -> None:
    """Raises Mismatch."""
    with np.errstate(over="ignore"):
        expected = tag_sums(tags, offsets) * np.uint64(sums.times)
    if not np.array_equal(expected, sums.tags):
        raise Mismatch(f"{what}: {np.count_nonzero(expected != sums.tags)} of {len(expected)} sums lack an item or have one twice")


# ---- points ----
def decoded_rightly(cpu: CpuEngine, group: Group, encoding: Encoding, data: U8, points: U64) -> Any:
    """bool[n]: the point is on the curve, and these bytes are its encoding. data uint8[n, bytes].

    Bytes that are another encoding of the same point are refused, too: the host decodes them.
    """
    points = np.where(are_elements(BASE[CURVE_OF[group]], points)[:, None], points, np.uint64(0))
    finite = points.any(axis=1)
    on_curve = cpu.check(group, Check.ON_CURVE, points) == Status.OK
    assert data.shape[1] == ENCODED_BYTES[group, encoding]
    return on_curve & finite & (cpu.encode(group, encoding, points) == data).all(axis=1)


def in_subgroup(cpu: CpuEngine, group: Group, points: U64, multiples: U64) -> Any:
    """bool[n]: `multiples`, from the device, are what they are for a point of prime order; see kernels_cuda/kernels/subgroup.inc.

    points uint64[n, words]: on the curve, which the host knows.
    """
    finite = points.any(axis=1)
    return finite & (multiples == negative(cpu, group, endomorphism(cpu, group, points))).all(axis=1)


def endomorphism(cpu: CpuEngine, group: Group, points: U64) -> U64:
    """uint64[n, words]: phi(P) in BLS12-381's first group, psi(P) in its second, P in BN254's second."""
    curve = CURVE_OF[group]
    if curve == Curve.BN254:
        return points
    words = FIELD_WORDS[BASE[curve]]
    if group == Group.BLS12_381_G1:
        x = np.ascontiguousarray(points[:, :words])
        beta = np.repeat(words_of(curve, bls12_381.BETA).reshape(1, -1), len(points), axis=0)
        return np.concatenate((cpu.field(BASE[curve], FieldOp.MUL, x, beta), points[:, words:]), axis=1)
    return np.concatenate(
        [
            _times(cpu, curve, _conjugate(cpu, curve, points[:, k : k + 2 * words]), factor)
            for k, factor in ((0, bls12_381.PSI_X), (2 * words, bls12_381.PSI_Y))
        ],
        axis=1,
    )


def _conjugate(cpu: CpuEngine, curve: Curve, a: U64) -> U64:
    words = a.shape[1] // 2
    return np.concatenate((a[:, :words], cpu.field(BASE[curve], FieldOp.NEG, np.ascontiguousarray(a[:, words:]))), axis=1)


def _times(cpu: CpuEngine, curve: Curve, a: U64, factor: tuple[int, int]) -> U64:
    """uint64[n, 2 words]: a times a constant of Fp2 = Fp[i], i^2 = -1."""
    n, words = len(a), a.shape[1] // 2
    field = BASE[curve]
    real, imaginary = (np.repeat(words_of(curve, f).reshape(1, -1), n, axis=0) for f in factor)
    a0, a1 = np.ascontiguousarray(a[:, :words]), np.ascontiguousarray(a[:, words:])

    def mul(x: U64, y: U64) -> U64:
        return cpu.field(field, FieldOp.MUL, x, y)

    c0 = cpu.field(field, FieldOp.SUB, mul(a0, real), mul(a1, imaginary))
    return np.concatenate((c0, cpu.field(field, FieldOp.ADD, mul(a0, imaginary), mul(a1, real))), axis=1)


def combination(cpu: CpuEngine, curve: Curve, scalars: U64) -> tuple[U64, U64]:
    """Random s uint64[n, 4] of 64 bits, and s times `scalars` mod r: plain, for both sides of one linear combination."""
    s = np.zeros((len(scalars), 4), np.uint64)
    s[:, 0] = random_words((len(scalars),)) | np.uint64(1)
    field = SCALARS[curve]
    mont = cpu.field(field, FieldOp.TO_MONT, np.ascontiguousarray(scalars))
    return s, cpu.field(field, FieldOp.MUL, mont, s)  # Montgomery times plain is plain


# ---- numbers ----
def pads(cpu: CpuEngine, n: int) -> U64:
    """uint64[n, 4]: random elements of Fr of BLS12-381, reduced."""
    return cpu.field(Field.BLS12_381_FR, FieldOp.TO_MONT, random_words((n, 4)))


def without(cpu: CpuEngine, numbers: U64, pads: U64) -> U64:
    """uint64[n, 4]: numbers minus pads, mod r."""
    return cpu.field(Field.BLS12_381_FR, FieldOp.SUB, numbers, pads)


def expect_elements(what: str, curve: Curve, rows: U64) -> None:
    """Raises Mismatch where a row is none of elements of Fp."""
    if wrong := np.count_nonzero(~are_elements(BASE[curve], rows)):
        raise Mismatch(f"{what}: {wrong} of {len(rows)} results are no elements of the field")
