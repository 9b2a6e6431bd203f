"""The primitives on registers as carry chains, and their text for each backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coproc.codegen.device import c, ptx
from coproc.codegen.device.ir import Chain, Word
from coproc.codegen.device.lazy import multiply2, multiply_lazy, square2, wide_square
from coproc.codegen.device.multiply import Modulus, Words, add, correct, reduce, sub
from coproc.codegen.device.tables import BITS, limbs
from coproc.params.constant import Field

Operands = tuple[tuple[Word, ...], ...]
Body = Callable[[Chain, Modulus, Operands], Sequence[Words]]

PRIMITIVES: dict[str, tuple[tuple[str, ...], tuple[str, ...], Body]] = {
    "fpr_mul": (("d",), ("a", "b"), lambda ch, m, x: [correct(ch, m, multiply_lazy(ch, m, *x))]),  # a may be any words
    "fpr_sqr": (("d",), ("a",), lambda ch, m, x: [correct(ch, m, reduce(ch, m, wide_square(ch, x[0])))]),
    "fpr_add": (("d",), ("a", "b"), lambda ch, m, x: [add(ch, m, *x)]),
    "fpr_sub": (("d",), ("a", "b"), lambda ch, m, x: [sub(ch, m, *x)]),
}
"""Name: outputs, operands, body."""

PRIMITIVES2: dict[str, tuple[tuple[str, ...], tuple[str, ...], Body]] = {
    "fpr2_mul": (("d0", "d1"), ("a0", "a1", "b0", "b1"), lambda ch, m, x: multiply2(ch, m, x[:2], x[2:])),
    "fpr2_sqr": (("d0", "d1"), ("a0", "a1"), lambda ch, m, x: square2(ch, m, x)),
}
"""Those of Fp2."""


NVIDIA = "defined(__NV_CL_C_VERSION)"
WIDE = "defined(__SIZEOF_INT128__) && (defined(__x86_64__) || defined(__aarch64__))"


def modulus(field: Field, width: int) -> Modulus:
    return Modulus(field.modulus, limbs(field) * BITS // width, width)


def program(name: str, m: Modulus) -> Chain:
    """The chain of a primitive."""
    outputs, operands, body = (PRIMITIVES | PRIMITIVES2)[name]
    ch = Chain(m.width)
    made = body(ch, m, tuple(ch.input(o, m.n) for o in operands))
    ch.outputs.update({o: tuple(words) for o, words in zip(outputs, made, strict=True)})
    return ch


def function(name: str, field: Field, backend: str) -> str:
    """DEVICE void name(u32 *d, const u32 *a, ...); an output may be an operand.

    "cuda" and "host" have the same chain of 32-bit words; "opencl" has PTX where NVIDIA compiles, 64-bit words where a CPU's compiler
    has 128-bit integers, else the chain in C.
    """
    outputs, operands, _ = (PRIMITIVES | PRIMITIVES2)[name]
    parameters = [*(f"u32 *{o}" for o in outputs), *(f"const u32 *{o}" for o in operands)]
    head = f"DEVICE void {name}({', '.join(parameters)}) {{\n"
    names = {o: o for o in (*outputs, *operands)}
    narrow = program(name, modulus(field, 32))
    if backend == "cuda":
        return head + ptx.statement(narrow, names) + "}\n"
    if backend == "host":
        return f"{head}  COUNT({name});\n{c.statements(narrow, names)}}}\n"
    bodies = (ptx.statement(narrow, names), c.statements(program(name, modulus(field, 64)), names), c.statements(narrow, names))
    return f"{head}#if {NVIDIA}\n{bodies[0]}#elif {WIDE}\n{bodies[1]}#else\n{bodies[2]}#endif\n}}\n"


def registers(field: Field, backend: str, tower: bool) -> str:
    return "\n".join(function(name, field, backend) for name in (PRIMITIVES | PRIMITIVES2 if tower else PRIMITIVES))
