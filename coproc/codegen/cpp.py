"""Printer for C++20: ``constants.hpp``."""

from __future__ import annotations

from collections.abc import Callable

from coproc.codegen.sections import SECTIONS, digest, field_arrays, field_words, montgomery, words
from coproc.params.constant import Constant, Digits, Elements, Field, Nested, Octets, Plain, Word, shape

HEADER = """// Printed by python3 -m coproc.codegen from coproc/params; do not edit. sha256 {digest}
#pragma once
#include <cstdint>

namespace coproc::constants {{

using u64 = std::uint64_t;

// One field element in Montgomery form, for R = 2^(64 N64) and for R = 2^(52 N52).
template <int N64, int N52>
struct Element {{
  u64 r64[N64];
  u64 r52[N52];
}};
"""


def hexadecimal(values: tuple[int, ...]) -> str:
    return "{" + ", ".join(f"{v:#x}" for v in values) + "}"


def element_text(field: Field, value: int) -> str:
    r64, r52 = montgomery(field, value)
    return "{" + hexadecimal(r64) + ", " + hexadecimal(r52) + "}"


def nested(values: Nested, leaf: Callable[[int], str]) -> str:
    if isinstance(values, int):
        return leaf(values)
    separator = ",\n    " if values and not isinstance(values[0], int) else ", "
    return "{" + separator.join(nested(v, leaf) for v in values) + "}"


def dimensions(values: Nested, *inner: int) -> str:
    return "".join(f"[{n}]" for n in (*shape(values), *inner))


def field_struct(name: str, field: Field) -> str:
    out = [f"struct {name} {{"]
    for word, value in field_words(field).items():
        kind = "u64" if word.startswith("N0") else "int"
        out.append(f"  static constexpr {kind} {word} = {value:#x};" if kind == "u64" else f"  static constexpr int {word} = {value};")
    for word, limbs in field_arrays(field).items():
        out.append(f"  static constexpr u64 {word}[{len(limbs)}] = {hexadecimal(limbs)};")
    for word, value in field.elements.items():
        kind = f"Element<{field.limbs}, {field.limbs52}>"
        out.append(f"  static constexpr {kind} {word} = {element_text(field, value)};")
    return "\n".join([*out, "};"])


def constant_text(name: str, constant: Constant) -> str:
    if isinstance(constant, Field):
        return field_struct(name, constant)
    if isinstance(constant, Elements):
        field = constant.field
        body = nested(constant.values, lambda v: element_text(field, v))
        kind = f"Element<{field.limbs}, {field.limbs52}>"
        return f"inline constexpr {kind} {name}{dimensions(constant.values)} = {body};"
    if isinstance(constant, Plain):
        limbs = constant.limbs
        body = nested(constant.values, lambda v: hexadecimal(words(v, limbs)))
        return f"inline constexpr u64 {name}{dimensions(constant.values, limbs)} = {body};"
    if isinstance(constant, Word):
        return f"inline constexpr u64 {name} = {hexadecimal(words(constant.value, 1))[1:-1]};"
    if isinstance(constant, Digits):
        body = nested(constant.values, str)
        return f"inline constexpr signed char {name}{dimensions(constant.values)} = {body};"
    assert isinstance(constant, Octets)
    return f"inline constexpr std::uint8_t {name}[{len(constant.value)}] = {hexadecimal(tuple(constant.value))};"


def constants_hpp() -> str:
    """The whole header."""
    parts = [HEADER.format(digest=digest())]
    for section, exports in SECTIONS:
        body = "\n".join(constant_text(name, constant) for name, constant in exports.items())
        parts.append(f"namespace {section} {{\n{body}\n}}  // namespace {section}\n")
    parts.append("}  // namespace coproc::constants\n")
    return "\n".join(parts)
