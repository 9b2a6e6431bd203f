"""Tables of JubJub and of Schnorr signatures on it for devices, and what a verification costs.

The generator's multiples lie in global memory, where the host puts them: for byte j of a scalar and each of its values d, the entry
d 2^(8 j) 2^-256 G as (v + u, v - u, 2 d_curve u v). The factor 2^-256 makes a scalar's Montgomery limbs the scalar.
"""

from __future__ import annotations

from typing import Final

from coproc.codegen.device import hades
from coproc.codegen.device.chains import chain, multiplications
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
"""32-bit words of a request: message, u, key and R of five elements each."""
OUT_WORDS: Final = 26
TABLE_ENTRIES: Final = 9
ENTRY_ELEMENTS: Final = 4
ENTRIES: Final = TABLE_ENTRIES * ENTRY_ELEMENTS + 3
"""Elements in global memory of a signature: the key's multiples and R."""

_SUM: Final = 7
_DOUBLING: Final = 7
MULTIPLICATIONS: Final = {
    "inverse": multiplications(Q - 2, POWER_BITS) + 3,
    "affine": 2 * 2,
    "residuals": 2 * (3 + 4 + 3),
    "tate": multiplications(TATE_EXPONENT, POWER_BITS) + 16,
    "key": (TABLE_ENTRIES - 2) * (_SUM + 2) + 2 + (KEY_WINDOWS - 1) * (KEY_BITS * _DOUBLING + 1) + KEY_WINDOWS * _SUM,
    "generator": GENERATOR_BYTES * _SUM,
    "commitment": _SUM + 2,
    "challenge": 2 * (hades.MULTIPLICATIONS - 5) + 5 + 2,
}
"""In the field, of one signature; beside them twice `hades.MIXES` mixes."""


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
