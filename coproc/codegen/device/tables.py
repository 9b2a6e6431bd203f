"""Constant tables of the device dialect: 32-bit little-endian words, field elements in Montgomery form for R = 2^(64 limbs)."""

from __future__ import annotations

from collections.abc import Iterable

from coproc.codegen.sections import words
from coproc.params.constant import Field, Nested, flatten

BITS = 32
A_LINE = 12


def limbs(field: Field) -> int:
    """32-bit words of an element: FP_LIMBS."""
    return 2 * field.limbs


def element_words(field: Field, value: int) -> tuple[int, ...]:
    """The words of value R mod p; raises ValueError where the value is not reduced."""
    if not 0 <= value < field.modulus:
        raise ValueError("field element not reduced")
    return words((value << BITS * limbs(field)) % field.modulus, limbs(field), BITS)


def table(name: str, values: Iterable[int], kind: str = "u32") -> str:
    """``TABLE u32 name[n] = {...};`` of flat words."""
    flat = tuple(values)
    rows = [", ".join(f"{v:#x}" if kind != "i32" else str(v) for v in flat[i : i + A_LINE]) for i in range(0, len(flat), A_LINE)]
    return f"TABLE {kind} {name}[{len(flat)}] = {{\n  " + ",\n  ".join(rows) + "};\n"


def element_table(name: str, field: Field, values: Nested) -> str:
    """Field elements, nested tuples flattened in order: element i begins at word i FP_LIMBS."""
    return table(name, (w for v in flatten(values) for w in element_words(field, v)))


def plain_table(name: str, values: Nested, count: int) -> str:
    """Plain integers of ``count`` 32-bit words each."""
    return table(name, (w for v in flatten(values) for w in words(v, count, BITS)))


def field_constants(field: Field) -> str:
    """FP_BITS, FP_N0 = -1/p mod 2^32, and the tables FP_MODULUS, FP_ONE = R, FP_R2 = R^2, and FP_P_MINUS_2 for inversion."""
    n, p = limbs(field), field.modulus
    r = 1 << BITS * n
    return "".join(
        (
            f"#define FP_BITS {p.bit_length()}\n#define FP_N0 {-pow(p, -1, 1 << BITS) % (1 << BITS):#x}u\n",
            plain_table("FP_MODULUS", p, n),
            plain_table("FP_ONE", r % p, n),
            plain_table("FP_R2", r * r % p, n),
            plain_table("FP_P_MINUS_2", p - 2, n),
        )
    )
