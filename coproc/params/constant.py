"""What a parameter file may ask to be printed: six kinds of constant, independent of the language that prints them.

Every parameter file ends with ``EXPORTS``, a mapping from printed name to one of these. The name in Python, in C++ and in
device code is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Nested: TypeAlias = "int | tuple[Nested, ...]"


@dataclass(frozen=True)
class Field:
    """A prime field: ``limbs`` 64-bit limbs (R = 2^(64 limbs)) and ``limbs52`` 52-bit limbs (R = 2^(52 limbs52)).

    ``plain`` adds plain integers (exponents) by name, ``elements`` field elements, ``words`` small numbers.
    """

    modulus: int
    limbs: int
    limbs52: int
    plain: dict[str, int] = field(default_factory=dict)
    elements: dict[str, int] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Elements:
    """Field elements: an int, or nested tuples of ints (an Fp2 element is a pair c0, c1)."""

    field: Field
    values: Nested


@dataclass(frozen=True)
class Plain:
    """Plain integers below 2^(64 limbs), an int or nested tuples of ints; never negative."""

    values: Nested
    limbs: int


@dataclass(frozen=True)
class Word:
    """One 64-bit word."""

    value: int


@dataclass(frozen=True)
class Digits:
    """Small signed numbers, an int or nested tuples of ints in -128..127."""

    values: Nested


@dataclass(frozen=True)
class Octets:
    """A string of bytes."""

    value: bytes


Constant: TypeAlias = Field | Elements | Plain | Word | Digits | Octets


def shape(values: Nested) -> tuple[int, ...]:
    """Dimensions of nested tuples; raises ValueError where they are ragged."""
    if isinstance(values, int):
        return ()
    inner = {shape(v) for v in values}
    if len(inner) != 1:
        raise ValueError("ragged constant")
    return (len(values), *inner.pop())


def flatten(values: Nested) -> tuple[int, ...]:
    """All integers of nested tuples, in order."""
    if isinstance(values, int):
        return (values,)
    return tuple(x for v in values for x in flatten(v))
