"""The text of one module: (family, curve, backend, group size) -> the dialect of ``kernels_cuda/platform.h``."""

from __future__ import annotations

from functools import cache

from coproc.codegen.device.families import FAMILIES
from coproc.codegen.device.leaf import BASE, SCALARS, XI, leaf, prologue, text

BACKENDS = ("cuda", "opencl", "host")


@cache
def source(family: str, curve: str, backend: str, block: int) -> str:
    """``backend`` is "cuda" (PTX leaf), "opencl" or "host" (C leaf; OpenCL C 1.2 and g++). Raises ValueError for what there is not."""
    if family not in FAMILIES or backend not in BACKENDS:
        raise ValueError(f"no module {family} for {backend}")
    made = FAMILIES[family]
    if curve not in made.curves:
        raise ValueError(f"no module {family} for {curve}")
    field = (BASE if made.base == "fp" else SCALARS)[curve]
    xi = XI[curve] if made.tower else None
    head = f"#define CURVE_{curve.upper()} 1\n"
    parts = [part(curve) if callable(part) else text(part) for part in made.parts]
    return "\n".join([head + prologue(field, block), leaf(field, backend, xi), *parts])
