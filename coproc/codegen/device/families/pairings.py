"""Lines, Miller loops, products and final exponentiation."""

from __future__ import annotations

from coproc.codegen.device.families.family import Family
from coproc.codegen.device.pairing import MILLER_TEMPORARIES, programs_of, tables

FAMILIES: tuple[Family, ...] = (
    Family(
        "lines",
        (tables, programs_of("double_step", "add_step", "psi", "multiply_lines"), "kernels/fp2_inverse.inc", "kernels/lines.inc"),
        slots=18,
        tower=True,
        blocks=(64, 32),
    ),
    Family(
        "miller",
        (
            tables,
            programs_of("fp12_sqr", "mul_by_line", "mul_by_joined", "mul_by_stored_line", "fp12_conj"),
            "kernels/fp12.inc",
            "kernels/miller.inc",
        ),
        slots=12 + max(MILLER_TEMPORARIES.values()),
        tower=True,
        blocks=(64, 32),
    ),
    Family("product", (programs_of("fp12_mul"), "kernels/fp12.inc", "kernels/product.inc"), slots=32, tower=True, blocks=(64, 32)),
    Family(
        "final_exponentiation",
        (
            tables,
            programs_of("fp12_mul", "fp12_norm", "fp6_adjoint", "fp12_inverse", "fp12_conj", "cyclotomic_sqr"),
            programs_of("frobenius_1", "frobenius_2", "frobenius_3"),
            "kernels/fp12.inc",
            "kernels/fp2_inverse.inc",
            "kernels/final_exponentiation.inc",
        ),
        slots=32,
        tower=True,
        blocks=(64, 32),
    ),
)
