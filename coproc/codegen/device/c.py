"""Prints a carry chain as C with double words: 32-bit words with u64, or 64-bit words where the compiler has 128-bit integers."""

from __future__ import annotations

from coproc.codegen.device.ir import Chain, Op, Value, Word

TYPES = {32: ("u32", "u64", "u"), 64: ("u64", "unsigned __int128", "ul")}


def statements(ch: Chain, names: dict[str, str]) -> str:
    """Declarations and statements; ``names`` maps inputs and outputs of the chain to arrays of u32."""
    word, wide, _ = TYPES[ch.width]
    lines = [f"{wide} x; {word} f = 0;"]
    for key, inputs in ch.inputs.items():
        lines += [f"const {word} t{w.index} = {_read(names[key], i, ch.width)};" for i, w in enumerate(inputs)]
    k = 0
    while k < len(ch.ops):
        op, after = ch.ops[k], ch.ops[k + 1] if k + 1 < len(ch.ops) else None
        if after is not None and op.kind in ("mul", "lo") and after.kind == "hi" and (after.a, after.b) == (op.a, op.b):
            lines += _pair(op, after, ch.width)
            k += 2
        else:
            lines.append(_single(op, ch.width))
            k += 1
    for key, outputs in ch.outputs.items():
        for i, value in enumerate(outputs):
            lines += _write(names[key], i, _of(value, ch.width), ch.width)
    return "".join(f"  {line}\n" for line in lines)


def _of(value: Value, width: int) -> str:
    return f"t{value.index}" if isinstance(value, Word) else f"{value:#x}{TYPES[width][2]}"


def _read(array: str, i: int, width: int) -> str:
    return f"{array}[{i}]" if width == 32 else f"(u64){array}[{2 * i + 1}] << 32 | {array}[{2 * i}]"


def _write(array: str, i: int, text: str, width: int) -> list[str]:
    if width == 32:
        return [f"{array}[{i}] = {text};"]
    return [f"{array}[{2 * i}] = (u32){text};", f"{array}[{2 * i + 1}] = (u32)({text} >> 32);"]


def _pair(low: Op, high: Op, width: int) -> list[str]:
    """Both halves of one product."""
    word, wide, _ = TYPES[width]
    a, b = _of(low.a, width), _of(low.b, width)
    total = f"({wide}){a} * {b}"
    if low.c != 0:
        total += f" + {_of(low.c, width)}"
    if low.carry_in:
        total += " + f"
    lines = [f"x = {total};", f"const {word} t{low.out.index} = ({word})x;"]
    if high.c == 0:  # a b + c + f is below 2^(2 width)
        lines.append(f"const {word} t{high.out.index} = ({word})(x >> {width});")
        return [*lines, "f = 0;"] if high.carry_out else lines
    lines += [f"x = (x >> {width}) + {_of(high.c, width)};", f"const {word} t{high.out.index} = ({word})x;"]
    return [*lines, f"f = ({word})(x >> {width});"] if high.carry_out else lines


def _single(op: Op, width: int) -> str:
    word, wide, _ = TYPES[width]
    out, a, b, c = f"const {word} t{op.out.index} = ", _of(op.a, width), _of(op.b, width), _of(op.c, width)
    match op.kind:
        case "mul":
            return f"{out}{a} * {b};"
        case "and":
            return f"{out}{a} & {b};"
        case "xor":
            return f"{out}{a} ^ {b};"
        case "mask":
            return f"{out}({word})0 - f;"
        case "select":
            return f"{out}{c} ? {a} : {b};"
        case "add" | "wrap":
            total = f"({wide}){a} + {b}" + (" + f" if op.carry_in else "")
        case "sub":
            total = f"({wide}){a} - {b}" + (" - f" if op.carry_in else "")
        case "hi":
            assert not op.carry_in
            total = f"(({wide}){a} * {b} >> {width}) + {c}"
        case _:
            raise ValueError(op.kind)
    flag = f" f = ({word})(x >> {width}) & 1;" if op.carry_out else ""
    return f"x = {total}; {out}({word})x;{flag}"
