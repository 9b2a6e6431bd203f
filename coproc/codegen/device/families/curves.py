"""Points: decoding, subgroups, multiples, sums, hashing. Names end in the group: decode_g1, decode_g2, ..."""

from __future__ import annotations

from functools import partial

from coproc.codegen.device import curves
from coproc.codegen.device.families.family import Family, Part

_BLOCKS = (64, 32)


def _text(value: str, _: str) -> str:
    return value


def _define(name: str, value: int) -> Part:
    return partial(_text, f"#define {name} {value}\n")


def _curve(degree: int) -> Part:
    return partial(curves.curve, degree=degree)


def _kernels(*names: str) -> tuple[str, ...]:
    return tuple(f"kernels/{name}.inc" for name in names)


def _of_group(degree: int) -> tuple[Family, ...]:
    g, fq = f"g{degree}", degree
    tower = degree == 2
    power = 4 if degree == 1 else 10
    group = (_curve(degree), *_kernels("coordinates"))
    return (
        Family(
            f"decode_{g}",
            (*group, _define("POWER", power), curves.power, *_kernels("power", "decode")),
            slots=power + 9,
            tower=tower,
            blocks=_BLOCKS,
        ),
        Family(
            f"subgroup_{g}",
            (*group, *_kernels("jacobian", "subgroup")),
            slots=10 * fq,
            curves=("bls12_381", "bn254") if tower else ("bls12_381",),
            tower=tower,
            blocks=_BLOCKS,
        ),
        Family(f"affine_{g}", (*group, *_kernels("jacobian", "affine")), slots=10 * fq, tower=tower, blocks=_BLOCKS),
        Family(
            f"multiples_{g}",
            (*group, partial(curves.lattice, degree=degree), *_kernels("jacobian", "endomorphism", "split", "scalar_mul")),
            slots=10 * fq,
            tower=tower,
            blocks=_BLOCKS,
        ),
        Family(
            f"msm_small_{g}",
            (*group, *_kernels("jacobian", "endomorphism", "msm_small")),
            slots=10 * fq + 1,
            tower=tower,
            blocks=(128, 64, 32),
        ),
        Family(
            f"msm_large_{g}",
            (*group, *_kernels("jacobian", "endomorphism", "msm_large")),
            slots=10 * fq,
            tower=tower,
            blocks=_BLOCKS,
        ),
    )


FAMILIES: tuple[Family, ...] = (
    *_of_group(1),
    *_of_group(2),
    Family(
        "hash_to_g1",
        (
            _curve(1),
            *_kernels("coordinates", "jacobian"),
            _define("POWER", 10),
            curves.power,
            curves.hash_to_g1,
            *_kernels("power", "hash_to_g1"),
        ),
        slots=20,
        curves=("bls12_381",),
        blocks=_BLOCKS,
    ),
    Family("sort", _kernels("sort"), slots=6, curves=("bls12_381",), blocks=(256, 128, 64)),
    Family("invert", (_define("POWER", 5), curves.power, *_kernels("power", "invert")), slots=14, blocks=_BLOCKS),
)
