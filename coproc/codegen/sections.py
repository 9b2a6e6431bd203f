"""What is printed, independent of the language: the parameter files in order, and their constants as plain integers.

A printer is a function from sections to text; ``cpp.py`` is one. ``digest`` hashes the sections themselves, so that it pins the
constants and not their spelling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from coproc.params import bls12_381, bls12_381_hash, bn254, hades, hades_scaled, jubjub, jubjub_schnorr
from coproc.params.constant import Constant, Digits, Elements, Field, Octets, Plain, Word, flatten, shape

WORD = 64
WORD52 = 52

SECTIONS: tuple[tuple[str, Mapping[str, Constant]], ...] = (
    ("bls12_381", {**bls12_381.EXPORTS, **bls12_381_hash.EXPORTS}),
    ("bn254", bn254.EXPORTS),
    ("jubjub", {**jubjub.EXPORTS, **jubjub_schnorr.EXPORTS}),
    ("hades", {**hades.EXPORTS, **hades_scaled.EXPORTS}),
)


def words(value: int, count: int, bits: int = WORD) -> tuple[int, ...]:
    """``count`` little-endian limbs of ``bits`` bits; raises ValueError where the value does not fit."""
    if value < 0 or value >> (count * bits):
        raise ValueError("constant out of range")
    return tuple(value >> (bits * i) & ((1 << bits) - 1) for i in range(count))


def montgomery(field: Field, value: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Limbs of value R mod p for R = 2^(64 limbs) and for R = 2^(52 limbs52)."""
    if not 0 <= value < field.modulus:
        raise ValueError("field element not reduced")
    return (
        words((value << WORD * field.limbs) % field.modulus, field.limbs),
        words((value << WORD52 * field.limbs52) % field.modulus, field.limbs52, WORD52),
    )


def field_words(field: Field) -> dict[str, int]:
    """The small numbers of a field."""
    return {
        "LIMBS": field.limbs,
        "LIMBS52": field.limbs52,
        "BITS": field.modulus.bit_length(),
        **field.words,
        "N0": -pow(field.modulus, -1, 1 << WORD) % (1 << WORD),
        "N052": -pow(field.modulus, -1, 1 << WORD52) % (1 << WORD52),
    }


def field_arrays(field: Field) -> dict[str, tuple[int, ...]]:
    """The limb arrays of a field: modulus, R, R^2 in both radices, and plain exponents."""
    p, n, n52 = field.modulus, field.limbs, field.limbs52
    r, r52 = 1 << WORD * n, 1 << WORD52 * n52
    assert p < r
    assert 16 * p < r52
    assert p % 2 == 1
    plain = {"P_MINUS_2": p - 2, "HALF": (p - 1) // 2, **field.plain}
    return {
        "MODULUS": words(p, n),
        "ONE": words(r % p, n),
        "R2": words(r * r % p, n),
        "MODULUS52": words(p, n52, WORD52),
        "ONE52": words(r52 % p, n52, WORD52),
        "R2_52": words(r52 * r52 % p, n52, WORD52),
        **{name: words(value, n) for name, value in plain.items()},
    }


def lines() -> Iterator[str]:
    """One line a constant: section, name, dimensions and every integer that is printed."""
    for section, exports in SECTIONS:
        for name, constant in exports.items():
            yield f"{section}.{name}: {describe(constant)}"


def describe(constant: Constant) -> str:
    if isinstance(constant, Field):
        elements = {name: montgomery(constant, value) for name, value in constant.elements.items()}
        return f"field {field_words(constant)} {field_arrays(constant)} {elements}"
    if isinstance(constant, Elements):
        values = [montgomery(constant.field, value) for value in flatten(constant.values)]
        return f"elements {shape(constant.values)} {values}"
    if isinstance(constant, Plain):
        return f"plain {shape(constant.values)} {[words(value, constant.limbs) for value in flatten(constant.values)]}"
    if isinstance(constant, Word):
        return f"word {words(constant.value, 1)}"
    if isinstance(constant, Digits):
        return f"digits {shape(constant.values)} {flatten(constant.values)}"
    assert isinstance(constant, Octets)
    return f"octets {constant.value.hex()}"


def digest() -> str:
    """sha256, hex, of everything that is printed: the golden hash of the constants."""
    return hashlib.sha256("\n".join(lines()).encode()).hexdigest()
