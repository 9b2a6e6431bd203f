"""What `DeviceEngine` calls: the functions of each family, all of them plain, on whole arrays that fit the device (`chunks` cuts).

Arrays are those of `Engine`. `tags` uint64[k] are random; a kernel that adds up items adds their tags in the same loop, and where items
pass through several kernels the tag travels with the data (the lines of a point carry the tag of that point), so that what an earlier
kernel lost is missed at the end. `Sums.tags` is what was added up, mod 2^64, `Sums.times` how often each item had to be seen.
Buffers of a stream that checks are filled with 0xff bytes when they are allocated: a group, a launch or a copy that is lost leaves no zeros
and nothing of yesterday.

    points.py     decode(stream, group, encoding, data)            -> points uint64[n, words], status uint8[n]
                      data uint8[n, bytes]; on the curve or INVALID; no subgroup check
                  subgroup(stream, group, points)                  -> uint64[n, words], affine: the multiple that `trust` compares with
                      minus a map of the point: BLS12-381 G1 [x^2]P with -phi(P), G2 [|x|]P with -psi(P), BN254 G2
                      Q + psi(Q) + psi^2(Q) - 2 psi^3(Q) for Q = [z]P with -P
                  scalar_mul(stream, group, points, scalars)       -> uint64[n, words]
    msm.py        msm(stream, group, offsets, points, scalars, tags) -> Sums, points uint64[k, words]
    pairings.py   miller(stream, curve, offsets, g1, g2, tags)     -> Sums of uint64[m, words of Gt]
                  miller_lines(stream, curve, offsets, g1, lines, which, tags) -> the same; lines uint64[u, words], which uint32[k]: the
                      row of each pair
    hash_to_g1.py map_to_g1(stream, u)                             -> uint64[n, 12]
    poseidon.py   poseidon(stream, scalars, counts, pads)          -> uint64[n, 4]: the hash plus pads[i] mod r; scalars uint64[k, 4] flat
                  hades(stream, states, pads)                      -> uint64[n, 5, 4]: the permuted state plus pads[i], uint64[n, 5, 4]
    schnorr.py    requests(messages, keys, signatures)             -> rows uint64[n, 12, 4], bool[n]: the device's part
                  accepted(stream, cpu, secrets, rows)             -> bool[n]: valid beyond doubt; secrets a `Secrets(cpu)`

Which groups, encodings and curves a family serves, it says itself: `SERVES`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from coproc.engine.protocol import U64
from coproc.errors import EngineUnavailable


class Sums(NamedTuple):
    """values uint64[m, words]; tags uint64[m]: the sum of the tags that went in, each counted `times` times, mod 2^64."""

    values: U64
    tags: U64
    times: int = 1


@cache
def _family(name: str) -> Any:
    try:
        return import_module(f"coproc.engine.device.{name}")
    except ModuleNotFoundError as error:
        raise EngineUnavailable(f"no kernels: {error}") from None


def points() -> Any:
    return _family("points")


def msm() -> Any:
    return _family("msm")


def pairings() -> Any:
    return _family("pairings")


def hash_to_g1() -> Any:
    return _family("hash_to_g1")


def poseidon() -> Any:
    return _family("poseidon")


def schnorr() -> Any:
    return _family("schnorr")
