"""Prepared Groth16 keys that are nearly honest: targets times roots of unity of small order; lines swapped, scaled or perturbed; flags."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from coproc.engine.protocol import Curve, Engine, Field, FieldOp
from coproc.params.bn254 import P
from tests.engine import kit

LINES = 91
LINE_BYTES = 192
INFINITY_G1, INFINITY_G2 = bytes(63) + b"\x40", bytes(127) + b"\x40"
# Roots of unity of Fp12 by their first coordinates: -1, u and -u (order 4), those of order 3 and 6 in Fp, and one of order 12.
CUBE_ROOT = pow(3, (P - 1) // 3, P)
SMALL_ORDERS = (
    [P - 1],
    [0, 1],
    [0, P - 1],
    [CUBE_ROOT],
    [CUBE_ROOT * CUBE_ROOT % P],
    [P - CUBE_ROOT],
    [0, CUBE_ROOT],
)
assert CUBE_ROOT != 1
assert pow(CUBE_ROOT, 3, P) == 1


@dataclass(frozen=True)
class Parts:
    """A prepared key cut open. lines: coefficients of -gamma and -delta, each of 192 bytes."""

    points: tuple[bytes, bytes, bytes, bytes]
    gamma_abc: bytes
    target: bytes
    lines: tuple[list[bytes], list[bytes]]
    infinity: tuple[int, int] = (0, 0)
    behind: bytes = b""

    def data(self) -> bytes:
        out = [*self.points, self.gamma_abc, self.target]
        for lines, flag in zip(self.lines, self.infinity, strict=True):
            out += [len(lines).to_bytes(8, "little"), *lines, bytes([flag])]
        return b"".join(out) + self.behind


def cut(data: bytes) -> Parts | None:
    """The parts of a key; None if a list has another length than an honest one."""
    at = 448 + 8 + 64 * int.from_bytes(data[448:456], "little")
    lists = []
    start = at + 384
    for _ in range(2):
        if int.from_bytes(data[start : start + 8], "little") != LINES:
            return None
        lists.append([data[start + 8 + LINE_BYTES * i :][:LINE_BYTES] for i in range(LINES)])
        start += 8 + LINE_BYTES * LINES + 1
    points = data[:64], data[64:192], data[192:320], data[320:448]
    return Parts(points, data[448:at], data[at : at + 384], (lists[0], lists[1]), behind=data[start:])


def gt(engine: Engine, data: bytes, factor: list[int] | None = None) -> bytes:
    """A target times an element of Fp12 (by its first coordinates), or squared."""
    value = kit.montgomery(Field.BN254_FP, [int.from_bytes(data[i : i + 32], "little") for i in range(0, 384, 32)]).reshape(1, 48)
    other = value if factor is None else kit.montgomery(Field.BN254_FP, factor + [0] * (12 - len(factor))).reshape(1, 48)
    product = engine.fp12(Curve.BN254, FieldOp.MUL, value, other)
    return b"".join(x.to_bytes(32, "little") for x in kit.plain(Field.BN254_FP, product.reshape(-1, 4)))


def scaled(line: bytes, c: tuple[int, int]) -> bytes:
    """A coefficient times an element of Fp2: the pairing does not notice."""
    out = []
    for i in range(0, LINE_BYTES, 64):
        a, b = int.from_bytes(line[i : i + 32], "little"), int.from_bytes(line[i + 32 : i + 64], "little")
        out += [(a * c[0] - b * c[1]) % P, (a * c[1] + b * c[0]) % P]
    return b"".join(x.to_bytes(32, "little") for x in out)


KINDS = (
    "honest", "bytes behind", "root of unity", "target squared", "target one", "target random", "lists swapped", "lines swapped",
    "line perturbed", "line scaled", "all lines scaled", "one line more", "one line less", "gamma infinite", "delta infinite",
    "alpha infinite", "beta infinite", "gamma point infinite", "delta point infinite", "alpha other", "beta other", "line zero",
)  # fmt: skip
HONEST = ("honest", "bytes behind")


def variant(engine: Engine, parts: Parts, kind: str, rng: random.Random) -> Parts:
    """A key of a kind; the kinds in HONEST are honest."""
    g, d = (list(lines) for lines in parts.lines)
    which = rng.choice((g, d))
    i, j = rng.sample(range(LINES), 2)
    points = list(parts.points)
    replaced = {
        "alpha infinite": (0, INFINITY_G1),
        "beta infinite": (1, INFINITY_G2),
        "gamma point infinite": (2, INFINITY_G2),
        "delta point infinite": (3, INFINITY_G2),
        "alpha other": (0, parts.gamma_abc[8:72]),
        "beta other": (1, points[2]),
    }
    target = parts.target
    if kind in replaced:
        place, value = replaced[kind]
        points[place] = value
    elif kind == "root of unity":
        target = gt(engine, target, list(rng.choice(SMALL_ORDERS)))
    elif kind == "target squared":
        target = gt(engine, target)
    elif kind == "target one":
        target = (1).to_bytes(384, "little")
    elif kind == "target random":
        target = b"".join(rng.randrange(P).to_bytes(32, "little") for _ in range(12))
    elif kind == "lists swapped":
        g, d = d, g
    elif kind == "lines swapped":
        which[i], which[j] = which[j], which[i]
    elif kind == "line perturbed":
        at = 32 * rng.randrange(6)
        moved = (int.from_bytes(which[i][at : at + 32], "little") + rng.choice((1, P - 1))) % P
        which[i] = which[i][:at] + moved.to_bytes(32, "little") + which[i][at + 32 :]
    elif kind == "line zero":
        which[i] = bytes(LINE_BYTES)
    elif kind == "line scaled":
        which[i] = scaled(which[i], (rng.randrange(1, P), rng.randrange(P)))
    elif kind == "all lines scaled":
        which[:] = [scaled(line, (rng.randrange(1, P), rng.randrange(P))) for line in which]
    elif kind == "one line more":
        which.append(which[j])
    elif kind == "one line less":
        which.pop()
    flags = (int(kind == "gamma infinite"), int(kind == "delta infinite"))
    behind = rng.randbytes(5) if kind == "bytes behind" else parts.behind
    return replace(parts, points=tuple(points), target=target, lines=(g, d), infinity=flags, behind=behind)
