"""Hashing to G1 of BLS12-381 on a device: map_to_curve and clear_cofactor; messages are expanded by the host.

Arrays are those of `Engine`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from coproc.codegen.device.families import FAMILIES
from coproc.engine.device.points import affine, download_points, fitting, groups_of, jacobian_words
from coproc.engine.device.protocol import Stream
from coproc.engine.protocol import FIELD_WORDS, U64, Field, Group

GROUP: Final = Group.BLS12_381_G1
SERVES: Final = frozenset((GROUP,))
_FAMILY: Final = "hash_to_g1"


def _mapped(stream: Stream, u: U64, count: int, block: int | None) -> U64:
    n = len(u) // count
    planes = stream.allocate(4 * jacobian_words(GROUP) * n)
    stream.fill(planes, 0xFF)
    block = fitting(stream, _FAMILY, "bls12_381", block)
    module = stream.module(_FAMILY, "bls12_381", block)
    sizes = np.uint32(n), np.uint32(count)
    stream.launch(module, "map_to_g1", groups_of(n, block), stream.upload(u), planes, *sizes, slots=FAMILIES[_FAMILY].slots)
    return download_points(stream, GROUP, affine(stream, GROUP, planes, n, block), n)


def map_to_g1(stream: Stream, u: U64, block: int | None = None) -> U64:
    """uint64[n, 6] -> uint64[n, 12], as `Engine.map_to_g1`."""
    return _mapped(stream, u, 1, block)


def hash_to_g1(stream: Stream, u: U64, block: int | None = None) -> U64:
    """uint64[n, 2, 6], the two elements of hash_to_field (Montgomery) of each message -> uint64[n, 12]: the sum of their images in G1."""
    return _mapped(stream, u.reshape(-1, FIELD_WORDS[Field.BLS12_381_FP]), 2, block)
