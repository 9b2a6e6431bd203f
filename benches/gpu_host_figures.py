"""What follows from the host's share: rates that a machine with one H100 would reach, by the model and by the time of its cores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from benches import machine
from benches.table import duration, markdown

CORES: Final = 16
SUM: Final = "sum of 255-bit multiples"
WANTED: Final = {"verify_plonk": 0.3e6}
"""End to end, a second, with `CORES` cores."""
DEVICE: Final = {
    "verify_groth16_bn254": ("Groth16 BN254 in folded batches, proofs a second", 1.0),
    "verify_plonk": ("PLONK, device time, proofs a second", 1.0),
    "verify_schnorr": ("Schnorr on JubJub, a second", 1.0),
    "poseidon_hash": ("Poseidon width 5, permutations a second", 0.5),
    SUM: ("MSM of 2^16 terms, G1 of BLS12-381, sums a second", float(1 << 16)),
}
"""Where benches/results/gpu-model.json has the device's rate, and items for one of what it counts (four elements are one permutation,
done twice). The model has no rate for the others."""


def _device() -> dict[str, float]:
    figures = json.loads((machine.RESULTS / "gpu-model.json").read_text(encoding="utf-8"))["figures"]
    return {op: figures[name]["expected"] * times for op, (name, times) in DEVICE.items()}


def interpreter(measured: list[dict[str, Any]]) -> float:
    """Nanoseconds of a batch outside native code that do not grow with it: Python between calls, which holds the interpreter's lock.

    What grows with the batch are the loops of numpy, which release it. By the smallest and the largest batch that were measured.
    """
    few, many = measured[0], measured[-1]
    a, b = (row["n"] * row["total"]["other"] for row in (few, many))
    if few["n"] == many["n"]:
        return float(b)
    return max(0.0, float(a - (b - a) / (many["n"] - few["n"]) * few["n"]))


def predicted(rows: Mapping[str, list[dict[str, Any]]], cores: int) -> dict[str, dict[str, Any]]:
    """Items a second of each operation, by the largest batch that was measured, and what bounds them.

    cores: as many of them, each as fast as the one measured, batches side by side. interpreter: the bound of one process by its lock.
    """
    device = _device()
    found = {}
    for op, measured in rows.items():
        last, held = measured[-1], interpreter(measured)
        rates = {"cores": cores * 1e9 / (last["total"]["native"] + last["total"]["other"])}
        if held:
            rates["interpreter"] = last["n"] * 1e9 / held
        if op in device:
            rates["device"] = device[op]
        bound = min(rates, key=rates.__getitem__)
        found[op] = {"rates": rates, "a_second": rates[bound], "bound": bound, "interpreter_ns_a_batch": held, "wanted": WANTED.get(op)}
    return found


def _rate(rate: float | None) -> str:
    return "–" if rate is None else f"{rate / 1e6:.2f} M" if rate < 1e7 else f"{rate / 1e6:.0f} M"


def table(result: Mapping[str, Any]) -> str:
    """Three tables: the share by size, its stages, the rates."""
    shares, stages = [], []
    for op, measured in result["measured"].items():
        for row in measured:
            total = row["total"]
            both = total["native"] + total["other"]
            shares.append(
                [op, f"{row['n']:,}", duration(both), duration(total["native"]), duration(total["other"]), duration(row["polling"])]
            )
        row = measured[-1]
        for stage, spent in sorted(row["stages"].items(), key=lambda item: -sum(item[1].values())):
            stages.append([op, stage, duration(spent["native"]), duration(spent["other"])])
    rates = [
        [
            op,
            *(_rate(p["rates"].get(what)) for what in ("device", "cores", "interpreter")),
            _rate(p["a_second"]),
            p["bound"],
            _rate(p["wanted"]),
        ]
        for op, p in result["predicted"].items()
    ]
    cores = result["cores"]
    return "\n".join(
        [
            f"# The host beside a device: {result['host']} on {result['machine']['cpu']}",
            "",
            f"Commit {result['commit']}, {result['at']}. Processor time of the calling thread an item, without waiting; the device is"
            f" {result['device']}, which computes in other threads.",
            "",
            markdown(("operation", "batch", "host, an item", "native", "Python, numpy", "polling (not counted)"), shares),
            "",
            f"## Predicted for one H100 and {cores} such cores",
            "",
            "A prediction, no measurement: the device by `gpu-model.json` (expected), the cores by the largest batch above, one process by"
            " what of a batch does not grow with it outside native code (Python, which holds the interpreter's lock; numpy's loops do"
            " not).",
            "",
            markdown(("operation", "device", f"{cores} cores", "one process", "end to end, a second", "bound", "wanted"), rates),
            "",
            "## Stages of the largest batch",
            "",
            markdown(("operation", "stage", "native", "Python, numpy"), stages),
        ]
    )
