"""What is an element of a field, and what only has the size of one.

The host's arithmetic is defined for reduced elements alone, and may read beyond its tables for others: whatever comes from a device is
looked at before the host computes with it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from coproc.engine.protocol import FIELD_WORDS, U64, Field
from coproc.params import bls12_381, bn254

_MODULUS: Final = {
    Field.BLS12_381_FP: bls12_381.P, Field.BLS12_381_FR: bls12_381.R, Field.BN254_FP: bn254.P, Field.BN254_FR: bn254.R,
}  # fmt: skip


def below(limbs: U64, modulus: int) -> Any:
    """bool[n]: limbs uint64[n, k] below a modulus of k limbs. The highest limb decides nearly always."""
    top = limbs.shape[1] - 1
    less: Any = limbs[:, top] < np.uint64(modulus >> 64 * top)
    rest = np.flatnonzero(~less)
    if len(rest):
        some, under, equal = limbs[rest], np.zeros(len(rest), np.bool_), np.ones(len(rest), np.bool_)
        for k in range(top, -1, -1):
            limb = np.uint64(modulus >> 64 * k & 0xFFFFFFFFFFFFFFFF)
            under |= equal & (some[:, k] < limb)
            equal &= some[:, k] == limb
        less[rest] = under
    return less


def are_elements(field: Field, rows: U64) -> Any:
    """bool[n]: rows uint64[n, words] of one or more elements of a field, all of them reduced."""
    elements = np.ascontiguousarray(rows).reshape(-1, FIELD_WORDS[field])
    return below(elements, _MODULUS[field]).reshape(len(rows), -1).all(axis=1)
