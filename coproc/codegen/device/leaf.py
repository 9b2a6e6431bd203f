"""The leaf of a module: constants of its base field, arithmetic in registers, arithmetic in slots, Fp2 where a tower stands on it."""

from __future__ import annotations

from pathlib import Path

from coproc.codegen.device.primitives import registers
from coproc.codegen.device.tables import field_constants, limbs
from coproc.params import bls12_381, bn254
from coproc.params.constant import Field

KERNELS = Path(__file__).resolve().parents[2] / "kernels_cuda"
BASE = {"bls12_381": bls12_381.FP, "bn254": bn254.FP}
SCALARS = {"bls12_381": bls12_381.FR, "bn254": bn254.FR}
XI = {"bls12_381": bls12_381.XI, "bn254": bn254.XI}


def text(name: str) -> str:
    """A text file of ``kernels_cuda``."""
    return (KERNELS / name).read_text()


def prologue(field: Field, block: int) -> str:
    """What stands before everything else: BLOCK, FP_LIMBS and the platform."""
    if not (0 < block <= 1024):
        raise ValueError(f"a group of {block} work-items")
    return f"#define BLOCK {block}\n#define FP_LIMBS {limbs(field)}\n{text('platform.h')}"


def leaf(field: Field, backend: str, xi: tuple[int, int] | None) -> str:
    """Constants and all fpr_ and fp_ primitives of a field; fp2_ too where ``xi`` is given."""

    parts = [field_constants(field), registers(field, backend, xi is not None), text("field/registers.inc"), text("field/slots.inc")]
    if xi is not None:
        assert xi[1] == 1
        assert xi[0] in (1, 9)
        parts += [f"#define XI_C0 {xi[0]}\n", text("field/fp2.inc")]
    return "\n".join(parts)
