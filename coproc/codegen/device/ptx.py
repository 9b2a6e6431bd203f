"""Prints a carry chain of 32-bit words as PTX in one asm statement."""

from __future__ import annotations

from coproc.codegen.device.ir import Chain, Op, Value, Word


def statement(ch: Chain, names: dict[str, str]) -> str:
    """An asm statement; ``names`` maps inputs and outputs of the chain to arrays of u32."""
    assert ch.width == 32
    outs = [(f"{names[k]}[{w}]", v) for k, values in ch.outputs.items() for w, v in enumerate(values)]
    ins = [(f"{names[k]}[{w}]", v) for k, values in ch.inputs.items() for w, v in enumerate(values)]
    place = {v.index: f"%{len(outs) + i}" for i, (_, v) in enumerate(ins)}
    lines = [f".reg .u32 t<{ch.words}>;", ".reg .pred q<9>;"]
    masks: dict[int, str] = {}

    def of(value: Value) -> str:
        if isinstance(value, Word):
            return place.get(value.index, f"t{value.index}")
        return f"{value:#x}"

    for op in ch.ops:
        lines += _instructions(op, of(op.out), of(op.a), of(op.b), of(op.c), masks)
    lines += [f"mov.u32 %{i}, {of(value)};" for i, (_, value) in enumerate(outs)]
    text = "\n".join(f'      "{line}\\n\\t"' for line in lines)
    out_list = ", ".join(f'"=r"({name})' for name, _ in outs)
    in_list = ", ".join(f'"r"({name})' for name, _ in ins)
    return f'  asm("{{\\n\\t"\n{text}\n      "}}"\n      : {out_list}\n      : {in_list});\n'


def _instructions(op: Op, out: str, a: str, b: str, c: str, masks: dict[int, str]) -> list[str]:
    ci, cc = "c" if op.carry_in else "", ".cc" if op.carry_out else ""
    match op.kind:
        case "mul":
            return [f"mul.lo.u32 {out}, {a}, {b};"]
        case "hi" if not op.carry_in and not op.carry_out and op.c == 0:
            return [f"mul.hi.u32 {out}, {a}, {b};"]
        case "lo" | "hi":
            return [f"mad{ci}.{op.kind}{cc}.u32 {out}, {a}, {b}, {c};"]
        case "add" | "wrap":
            return [f"add{ci}{cc}.u32 {out}, {a}, {b};"]
        case "sub":
            return [f"sub{ci}{cc}.u32 {out}, {a}, {b};"]
        case "mask":
            masks[op.out.index] = f"q{len(masks)}"
            return [f"subc.u32 {out}, 0, 0;", f"setp.ne.u32 {masks[op.out.index]}, {out}, 0;"]
        case "select":
            assert isinstance(op.c, Word)
            return [f"selp.u32 {out}, {a}, {b}, {masks[op.c.index]};"]
        case "and" | "xor":
            return [f"{op.kind}.b32 {out}, {a}, {b};"]
        case _:
            raise ValueError(op.kind)
