"""``python -m benches.gpu_gate [--write]``: the gate of the device code where no GPU is.

Every module is compiled for three generations of cards, in groups of every size that the engine may choose, and must have no stack, no
spills, no local and no generic accesses; registers, wide multiplications and cycles of primitives must not be more, and the figures of the
model not lower, than those kept in benches/results/gpu-{kernels,model}.json, but for a small tolerance (`records`). ``--write`` keeps the
present ones. Exit status: 0, or 1 and what is wrong. What was compiled is kept in build/gpu by content.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benches.gpu_gate import records
from benches.gpu_gate.figures import figures, primitives
from benches.gpu_gate.nvrtc import HOME, version
from benches.gpu_gate.records import Table
from benches.gpu_gate.store import compiled
from coproc.codegen.device.families import FAMILIES

ARCHITECTURES = ("sm_80", "sm_90", "sm_120")
MODEL = HOME / "benches" / "results" / "gpu-model.json"
KERNELS = HOME / "benches" / "results" / "gpu-kernels.json"
Report = dict[str, Any]


def modules() -> list[tuple[str, str, int, str]]:
    """family, curve, block, architecture of everything that is compiled; the slowest first."""
    every = [(f.name, curve, block, arch) for f in FAMILIES.values() for curve in f.curves for block in f.blocks for arch in ARCHITECTURES]
    return sorted(every, key=lambda m: not m[0].endswith(("g2", "miller", "final_exponentiation")))


def compile_all() -> tuple[Report, Table, list[str]]:
    """The kernels of sm_90 by module and name, in groups of the usual size; the table of all; and what is wrong anywhere."""
    kept: Report = {}
    table: Table = {}
    wrong: list[str] = []
    every = modules()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for (family, curve, block, arch), made in zip(every, pool.map(compiled, every), strict=True):
            if "error" in made:
                wrong.append(f"{family} {curve} {arch} in groups of {block} does not compile: {made['error']}")
                continue
            for name, kernel in made["kernels"].items():
                wrong += [f"{family} {curve} {name} {arch} in groups of {block}: {what}" for what in kernel["wrong"]]
                table.setdefault(f"{family} {curve} {name}", {})[f"{arch} {block}"] = [kernel[column] for column in records.COLUMNS]
            if arch == "sm_90" and block == FAMILIES[family].blocks[0]:
                kept[f"{family} {curve}"] = {
                    name: {k: v for k, v in kernel.items() if k != "wrong"} for name, kernel in made["kernels"].items()
                }
    return dict(sorted(kept.items())), table, wrong


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
    kernels, table, wrong = compile_all()
    number, seconds = sum(map(len, table.values())), time.monotonic() - began
    print(f"NVRTC {version()}: {len(table)} kernels, {number} with every architecture and size of group, in {seconds:.0f} s")
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
        MODEL.write_text(json.dumps(now, indent=1) + "\n")
        KERNELS.write_text(records.written(table, version()))
    elif not wrong:
        wrong += records.worse_kernels(table, json.loads(KERNELS.read_text())["kernels"])
        wrong += records.regressions(now, json.loads(MODEL.read_text()))
    for what in wrong:
        print(f"wrong: {what}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
