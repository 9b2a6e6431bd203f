"""Tables of JubJub and of Schnorr signatures on it for devices, and what a verification costs.

The generator's multiples lie in global memory, where the host puts them: for byte j of a scalar and each of its values d, the entry
d 2^(8 j) 2^-256 G as (v + u, v - u, 2 d_curve u v). The factor 2^-256 makes a scalar's Montgomery limbs the scalar.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from coproc.codegen.device import hades
from coproc.codegen.device.chains import chain, operations
from coproc.codegen.device.tables import element_table
from coproc.params.bls12_381 import FR
from coproc.params.jubjub import D, Q
from coproc.params.jubjub_schnorr import TATE_EXPONENT, TATE_INTERCEPT, TATE_SLOPE, TATE_SLOPE_2, TATE_VALUE

POWER_BITS: Final = 3
"""Of the windows of powers: four odd powers are kept."""
KEY_BITS: Final = 4
"""Of the signed digits of a challenge, -8 .. 7: multiples 0 .. 8 of the key are kept."""
CHALLENGE_BITS: Final = 250
KEY_WINDOWS: Final = 63
assert KEY_BITS * (KEY_WINDOWS - 1) <= CHALLENGE_BITS < KEY_BITS * KEY_WINDOWS - 1
KEY_OFFSET: Final = sum(8 << KEY_BITS * i for i in range(KEY_WINDOWS - 1))
"""Added to a challenge, it makes digits of all windows but the last: each less 8. The last is at most 4."""
assert ((1 << CHALLENGE_BITS) - 1 + KEY_OFFSET) >> KEY_BITS * (KEY_WINDOWS - 1) <= 4
GENERATOR_BYTES: Final = 32
SLOTS: Final = 13
ROW_WORDS: Final = 96
"""32-bit words of a request: message, key, u, R, the points of five elements each."""
OUT_WORDS: Final = 26
TABLE_ENTRIES: Final = 9
ENTRY_ELEMENTS: Final = 4
ENTRIES: Final = TABLE_ENTRIES * ENTRY_ELEMENTS + 3
"""Elements in global memory of a signature: the key's multiples and R."""


def jubjub_tables(curve: str) -> str:
    """JUBJUB_D, JUBJUB_D2 and the steps of INVERSE."""
    assert curve == "bls12_381"
    return element_table("JUBJUB_D", FR, D) + element_table("JUBJUB_D2", FR, 2 * D % Q) + chain("INVERSE", Q - 2, POWER_BITS)


def schnorr_tables(curve: str) -> str:
    """The constants and steps of TATE, and SCHNORR_TAG, the tag of Poseidon of five elements."""
    assert curve == "bls12_381"
    return "".join(
        (
            element_table("TATE_SLOPE", FR, TATE_SLOPE),
            element_table("TATE_INTERCEPT", FR, TATE_INTERCEPT),
            element_table("TATE_SLOPE_2", FR, TATE_SLOPE_2),
            element_table("TATE_VALUE", FR, TATE_VALUE),
            chain("TATE", TATE_EXPONENT, POWER_BITS),
            element_table("SCHNORR_TAG", FR, hades.tag(5)),
        )
    )


def _times(count: int, **calls: int) -> Counter[str]:
    return Counter({f"fp_{name}": count * n for name, n in calls.items()})


def _sums(count: int, *, affine: bool, with_t: bool) -> Counter[str]:
    return _times(count, mul=6 + with_t + (not affine), add=3, sub=3, dbl=int(affine))


def mul_operations() -> Counter[str]:
    """Calls of a multiple of a point by a scalar of CHALLENGE_BITS."""
    doublings = KEY_BITS * (KEY_WINDOWS - 1)
    table = _times(1, mul=1) + _times(TABLE_ENTRIES, mul=1, add=1, sub=1, dbl=1) + _sums(TABLE_ENTRIES - 2, affine=False, with_t=True)
    doubled = _times(doublings, sqr=4, mul=3, add=2, sub=3, dbl=1) + _times(KEY_WINDOWS - 1, mul=1)
    return table + doubled + _sums(KEY_WINDOWS - 1, affine=False, with_t=False) + _sums(1, affine=False, with_t=True)


def schnorr_operations() -> Counter[str]:
    """Calls of a signature."""
    parts = (
        operations(Q - 2, POWER_BITS) + _times(1, mul=3),  # 1 / z of both
        _times(2, sqr=2, mul=2 + 3 + 2 + 3, add=3, sub=4),  # affine, and what must be 0
        operations(TATE_EXPONENT, POWER_BITS) + _times(1, sqr=3, mul=13, add=2, sub=5),
        hades.operations() + hades.operations(1) + _times(1, mul=1, add=1),  # the challenge
        _times(1, mul=2, add=1, sub=1),  # R's entry
        mul_operations(),
        _sums(GENERATOR_BYTES + 1, affine=True, with_t=True),
        _times(1, add=1, mul=-1),  # the last t is not wanted
    )
    return sum(parts, Counter())
