"""The leaf alone: each primitive as a kernel, for tests and for measuring."""

from __future__ import annotations

from coproc.codegen.device.families.family import Family

FAMILIES: tuple[Family, ...] = (
    Family("leaf", ("kernels/leaf_fp.inc", "kernels/leaf_fp2.inc"), slots=8, tower=True),
    Family("leaf_fr", ("kernels/leaf_fp.inc",), slots=8, base="fr"),
)
