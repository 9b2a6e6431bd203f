"""The figures of one H100 that the model predicts: work of the families times cycles of the primitives."""

from __future__ import annotations

from typing import Any

from benches.gpu_gate import gauge, sums
from benches.gpu_gate.nvrtc import HOME, version
from benches.gpu_gate.store import kept
from benches.gpu_gate.work import PRIMITIVES, RUNS, SOURCES, work
from coproc.codegen.device import model
from coproc.codegen.device.families import FAMILIES
from coproc.codegen.device.model import Cost
from coproc.codegen.device.source import source
from coproc.engine.protocol import Group

Report = dict[str, Any]
Counted = list[tuple[list[Any], dict[str, float]]]
LIMBS = {"bls12_381.fp": 12, "bn254.fp": 8, "bls12_381.fr": 8}

FIGURES: dict[str, tuple[float, dict[str, float]]] = {
    "Miller loops fused, BLS12-381, a second": (2.6e6, {"miller bls12_381": 1}),
    "Miller loops fused, BN254, a second": (4.4e6, {"miller bn254": 1}),
    "Groth16 BN254 in folded batches, proofs a second": (
        2.5e6,
        {"miller bn254": 1, "subgroup bn254 g2": 1, "scalar_mul 128 bn254 g1": 1, "msm 128 bn254 g1": 1},
    ),
    "PLONK, device time, proofs a second": (0.5e6, {"decode bls12_381 g1": 13, "subgroup bls12_381 g1": 13, "msm 255 bls12_381 g1": 18}),
    "Poseidon width 5, permutations a second": (25e6, {"hades": 1}),
    "Schnorr on JubJub, a second": (3e6, {"schnorr": 1}),
}
"""Name: what the issue wants, and how many items of which work."""

MULTIPLICATIONS = {
    "381-bit Montgomery multiplications a second": (20e9, "bls12_381.fp"),
    "254-bit Montgomery multiplications a second": (44e9, "bn254.fp"),
    "255-bit Montgomery multiplications (Fr of BLS12-381) a second": (44e9, "bls12_381.fr"),
}


SUMS = {10: 0.6, 16: 3.0, 20: 20.0}
"""Terms of 255 bits, as a power of two, and the milliseconds that the issue wants in G1 of BLS12-381."""


def _report(counts: dict[str, float]) -> Report:
    cost = model.total(counts)
    wide = sum(n for opcode, n in counts.items() if opcode.startswith("IMAD.WIDE"))
    return {"instructions": sum(counts.values()), "wide": wide, "cycles": cost.cycles, **vars(cost)}


def primitives() -> dict[str, Report]:
    """By field and name: instructions, wide multiplications, and cycles of each pipe for a warp."""
    found = {}
    for field in gauge.FIELDS:
        text = gauge.text(field)
        counts = kept(("gauge 1", version(), text), lambda text=text: gauge.instructions(text))  # type: ignore[misc]
        found[field] = {name: _report(mix) for name, mix in sorted(counts.items())}
    text = gauge.row_text()
    counts = kept(("gauge 1", version(), text), lambda: gauge.instructions(text))
    found["bls12_381.fr"]["hades_row"] = _report(counts["hades_row"])
    return found


def field_of(family: str, curve: str) -> str:
    return f"{curve}.{FAMILIES[family].base}"


def _cost(cycles: dict[str, Report], field: str, calls: dict[str, float]) -> Cost:
    """Of one item in every lane."""
    words = LIMBS[field]
    cost = model.total({"LDS": words * calls["fpr_get"], "STS": words * calls["fpr_put"]})
    for name in PRIMITIVES:
        if calls[name] and name in cycles[field]:
            pipes = cycles[field][name]
            cost += Cost(pipes["fma"], pipes["alu"], pipes["lsu"], pipes["issue"]) * calls[name]
    return cost


def _counted(name: str) -> Counted:
    texts = [source(family, curve, "host", 64) for family, curve in SOURCES[name]]
    texts += [path.read_text() for path in sorted((HOME / "coproc" / "engine" / "device").glob("*.py"))]
    return kept(("work 1", name, *texts), lambda: [(list(kernel), calls) for kernel, calls in work(name).items()])  # type: ignore[no-any-return]


def resident(kernel: list[Any], kernels: dict[str, Report]) -> float:
    """Warps a scheduler of a kernel."""
    family, curve, name, block, slots = kernel
    registers = kernels[f"{family} {curve}"][name]["registers"]
    return model.warps_a_scheduler(registers, slots * LIMBS[field_of(family, curve)] * 4 * block, block)


def times(name: str, cycles: dict[str, Report], kernels: dict[str, Report]) -> tuple[float, float]:
    """Cycles of a scheduler for a warp of items: of the busiest pipe alone, and with what the resident warps fill of it."""
    bare = filled = 0.0
    for kernel, calls in _counted(name):
        cost = _cost(cycles, field_of(kernel[0], kernel[1]), calls)
        bare += cost.cycles
        filled += cost.cycles / model.used(resident(kernel, kernels))
    return bare, filled


def figures(cycles: dict[str, Report], kernels: dict[str, Report]) -> dict[str, Report]:
    """By name: ceiling (the busiest pipe never waits), expected, wanted."""
    a_second = model.SCHEDULERS * model.LANES * model.CLOCK
    found: dict[str, Report] = {}
    for name, (wanted, field) in MULTIPLICATIONS.items():
        ceiling = a_second / cycles[field]["fpr_mul"]["cycles"]
        found[name] = {"ceiling": ceiling, "expected": ceiling * model.USED_BY_MANY, "wanted": wanted}
    parts = {name: times(name, cycles, kernels) for name in RUNS}
    for name, (wanted, of) in FIGURES.items():
        bare, filled = (sum(parts[part][k] * n for part, n in of.items()) for k in (0, 1))
        found[name] = {"ceiling": a_second / bare, "expected": a_second / filled, "wanted": wanted}
    for bits, most in SUMS.items():
        a_sum = sums.seconds(Group.BLS12_381_G1, 1 << bits)
        figure = {"ceiling": 1 / a_sum, "expected": 1 / a_sum, "wanted": 1e3 / most, "milliseconds": round(a_sum * 1e3, 3)}
        found[f"MSM of 2^{bits} terms, G1 of BLS12-381, sums a second"] = figure
    return found
