"""The primitives on registers as carry chains, and their text for each backend: fpr_mul, fpr_sqr, fpr_add, fpr_sub."""

from __future__ import annotations

from collections.abc import Callable

from coproc.codegen.device import c, ptx
from coproc.codegen.device.ir import Chain, Value, Word
from coproc.codegen.device.multiply import Modulus, add, correct, multiply, reduce, square, sub
from coproc.codegen.device.tables import BITS, limbs
from coproc.params.constant import Field

Operands = tuple[tuple[Word, ...], ...]
Body = Callable[[Chain, Modulus, Operands], list[Value]]

PRIMITIVES: dict[str, tuple[tuple[str, ...], Body]] = {
    "fpr_mul": (("a", "b"), lambda ch, m, x: correct(ch, m, multiply(ch, m, x[1], x[0]))),  # a may be any words
    "fpr_sqr": (("a",), lambda ch, m, x: correct(ch, m, reduce(ch, m, square(ch, x[0])))),
    "fpr_add": (("a", "b"), lambda ch, m, x: add(ch, m, x[0], x[1])),
    "fpr_sub": (("a", "b"), lambda ch, m, x: sub(ch, m, x[0], x[1])),
}


def modulus(field: Field, width: int) -> Modulus:
    return Modulus(field.modulus, limbs(field) * BITS // width, width)


def program(name: str, m: Modulus) -> Chain:
    """The chain of a primitive: inputs by name, output d."""
    operands, body = PRIMITIVES[name]
    ch = Chain(m.width)
    ch.outputs["d"] = tuple(body(ch, m, tuple(ch.input(o, m.n) for o in operands)))
    return ch


def function(name: str, field: Field, backend: str) -> str:
    """DEVICE void name(u32 *d, const u32 *a, ...); d may be an operand."""
    operands = PRIMITIVES[name][0]
    head = f"DEVICE void {name}(u32 *d, {', '.join(f'const u32 *{o}' for o in operands)}) {{\n"
    names = {o: o for o in ("d", *operands)}
    if backend == "cuda":
        return head + ptx.statement(program(name, modulus(field, 32)), names) + "}\n"
    narrow, wide = (c.statements(program(name, modulus(field, width)), names) for width in (32, 64))
    return f"{head}#ifdef __SIZEOF_INT128__\n{wide}#else\n{narrow}#endif\n}}\n"


def registers(field: Field, backend: str) -> str:
    return "\n".join(function(name, field, backend) for name in PRIMITIVES)
