"""Machine instructions of each primitive on registers: a loop of one primitive, compiled, and the loop counted."""

from __future__ import annotations

from collections import Counter

from benches.gpu_gate.cubin import longest_loop, sections
from benches.gpu_gate.nvrtc import compile_text, disassemble
from coproc.codegen.device.leaf import BASE, SCALARS, XI, leaf, prologue
from coproc.codegen.device.primitives import PRIMITIVES, PRIMITIVES2
from coproc.codegen.device.source import source

FIELDS = {
    "bls12_381.fp": (BASE["bls12_381"], XI["bls12_381"]),
    "bn254.fp": (BASE["bn254"], XI["bn254"]),
    "bls12_381.fr": (SCALARS["bls12_381"], None),
}
BLOCK = 64


def _kernel(name: str) -> str:
    outputs, operands, _ = (PRIMITIVES | PRIMITIVES2)[name]
    arrays = [f"x{i}" for i in range(len(operands))]
    loads = " ".join(f"fpr_load(x{i}, p + {i} * FP_LIMBS * BLOCK + TID, BLOCK);" for i in range(len(operands)))
    stores = " ".join(f"fpr_store(p + {i} * FP_LIMBS * BLOCK + TID, BLOCK, x{i});" for i in range(len(outputs)))
    call = f"{name}({', '.join([*arrays[: len(outputs)], *arrays])});"
    declared = ", ".join(f"{x}[FP_LIMBS]" for x in arrays)
    body = f"u32 {declared}; {loads} ROLLED for (u32 k = 0; k < n; k++) {call} {stores}"
    return f"KERNEL(gauge_{name})(GLOBAL u32 *p, const u32 n) {{ {body} }}\n"


def text(field: str) -> str:
    base, xi = FIELDS[field]
    names = PRIMITIVES | (PRIMITIVES2 if xi else {})
    return prologue(base, BLOCK) + leaf(base, "cuda", xi) + "".join(_kernel(name) for name in names)


def row_text() -> str:
    """Hades's own arithmetic: a row of its matrix of small numbers, the longest loop of the mix."""
    body = "SCRATCH_BEGIN; hades_mix_at(SCRATCH_PASS 0, HADES_CONSTANTS, 0); p[TID] = SLOT_WORD(0, 0);"
    kernel = f"KERNEL(gauge_hades_row)(GLOBAL u32 *p SCRATCH_PARAM) {{ {body} }}\n"
    return source("poseidon", "bls12_381", "cuda", BLOCK) + kernel


def instructions(program: str) -> dict[str, Counter[str]]:
    """By primitive, for sm_90."""
    cubin, _ = compile_text(program, "sm_90")
    code = sections(disassemble(cubin))
    prefix = "gauge_"
    return {name.removeprefix(prefix): longest_loop(body) for name, body in code.items() if name.startswith(prefix)}
