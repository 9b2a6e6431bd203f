"""``python -m benches.gpu_gate [--write]``: the gate of the device code where no GPU is.

Every module is compiled for three generations of cards and must have no stack, no spills, no local and no generic accesses; the cycles of
primitives and the figures of the model must not be worse than those kept in benches/results/gpu-model.json by more than 3 %.
``--write`` keeps the present ones. Exit status: 0, or 1 and what is wrong. What was compiled is kept in build/gpu by content.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benches.gpu_gate.figures import figures, primitives
from benches.gpu_gate.nvrtc import HOME, version
from benches.gpu_gate.store import compiled
from coproc.codegen.device.families import FAMILIES

ARCHITECTURES = ("sm_80", "sm_90", "sm_120")
GOLDEN = HOME / "benches" / "results" / "gpu-model.json"
WORSE = 1.03
Report = dict[str, Any]


def modules() -> list[tuple[str, str, int, str]]:
    """family, curve, block, architecture of everything that is compiled; the slowest first."""
    every = [(f.name, curve, f.blocks[0], arch) for f in FAMILIES.values() for curve in f.curves for arch in ARCHITECTURES]
    return sorted(every, key=lambda m: not m[0].endswith(("g2", "miller", "final_exponentiation")))


def compile_all() -> tuple[Report, list[str]]:
    """The kernels of sm_90 by module and name, and what is wrong on any architecture."""
    kept: Report = {}
    wrong: list[str] = []
    every = modules()
    with ProcessPoolExecutor(2) as pool:
        for (family, curve, _, arch), made in zip(every, pool.map(compiled, every), strict=True):
            if "error" in made:
                wrong.append(f"{family} {curve} {arch} does not compile: {made['error']}")
                continue
            for name, kernel in made["kernels"].items():
                wrong += [f"{family} {curve} {name} {arch}: {what}" for what in kernel["wrong"]]
            if arch == "sm_90":
                kept[f"{family} {curve}"] = {
                    name: {k: v for k, v in kernel.items() if k != "wrong"} for name, kernel in made["kernels"].items()
                }
    return dict(sorted(kept.items())), wrong


def regressions(now: Report, golden: Report) -> list[str]:
    """Primitives that take more cycles or wide multiplications, figures that are lower, by more than 3 %; what is no longer there."""
    found = []
    for field, by_name in golden["primitives"].items():
        for name, before in by_name.items():
            after = now["primitives"].get(field, {}).get(name)
            if after is None:
                found.append(f"{field} {name} is gone")
                continue
            found += [
                f"{field} {name}: {after[what]:.0f} {what}, {before[what]:.0f} before"
                for what in ("cycles", "wide")
                if after[what] > before[what] * WORSE
            ]
    for name, before in golden["figures"].items():
        after = now["figures"].get(name)
        if after is None:
            found.append(f"{name} is gone")
        elif after["expected"] * WORSE < before["expected"]:
            found.append(f"{name}: {after['expected']:.4g}, {before['expected']:.4g} before")
    return found


def show(now: Report) -> None:
    for field, by_name in now["primitives"].items():
        for name, c in by_name.items():
            print(f"{field:14s} {name:10s} {c['instructions']:5.0f} instructions {c['wide']:4.0f} wide {c['cycles']:6.0f} cycles")
    for name, figure in now["figures"].items():
        print(f"{name:58s} ceiling {figure['ceiling']:10.4g} expected {figure['expected']:10.4g} wanted {figure['wanted']:10.4g}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benches.gpu_gate", description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="keep the present figures")
    write = parser.parse_args().write
    began = time.monotonic()
    kernels, wrong = compile_all()
    print(
        f"NVRTC {version()}: {sum(map(len, kernels.values()))} kernels for {', '.join(ARCHITECTURES)} in {time.monotonic() - began:.0f} s"
    )
    cycles = primitives()
    now: Report = {
        "source": "a model (coproc/codegen/device/model.py), not a measurement: one H100 at 1.755 GHz",
        "compiler": f"NVRTC {version()}",
        "primitives": cycles,
        "figures": figures(cycles, kernels) if not wrong else {},
        "kernels": kernels,
    }
    show(now)
    if write and not wrong:
        GOLDEN.write_text(json.dumps(now, indent=1) + "\n")
    elif not wrong:
        wrong += regressions(now, json.loads(GOLDEN.read_text()))
    for what in wrong:
        print(f"wrong: {what}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
