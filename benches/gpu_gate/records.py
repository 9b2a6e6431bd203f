"""What was kept of an earlier state of the device code, and where the present one is worse."""

from __future__ import annotations

import json
from typing import Any

WORSE = 1.03
"""Cycles, wide multiplications and rates may be worse by so much."""
MORE_REGISTERS = 4
"""Registers may be more by so many: ptxas rounds, and a multiprocessor hands them out by eight."""
COLUMNS = ("registers", "instructions", "wide")

Report = dict[str, Any]
Table = dict[str, dict[str, list[int]]]
"""By "family curve kernel" and "architecture block": the columns."""


def written(table: Table, compiler: str) -> str:
    """A line for a kernel."""
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(table.items()))
    head = json.dumps({"compiler": f"NVRTC {compiler}", "columns": COLUMNS})[1:-1]
    return f'{{{head}, "kernels": {{\n{rows}\n}}}}\n'


def worse_kernels(now: Table, before: Table) -> list[str]:
    """Kernels with more registers or wide multiplications, those that are gone, and those of which nothing is kept."""
    found = []
    for name in sorted(now.keys() | before.keys()):
        for where in sorted(now.get(name, {}).keys() | before.get(name, {}).keys()):
            what, here, there = f"{name} {where}", now.get(name, {}).get(where), before.get(name, {}).get(where)
            if here is None:
                found.append(f"{what} is gone")
            elif there is None:
                found.append(f"nothing is kept of {what}: python -m benches.gpu_gate --write")
            else:
                (registers, _, wide), (registers_before, _, wide_before) = here, there
                if registers > registers_before + MORE_REGISTERS:
                    found.append(f"{what}: {registers} registers, {registers_before} before")
                if wide > wide_before * WORSE:
                    found.append(f"{what}: {wide} wide multiplications, {wide_before} before")
    return found


def regressions(now: Report, before: Report) -> list[str]:
    """Primitives that take more cycles or wide multiplications, figures that are lower; what is no longer there."""
    found = []
    for field, by_name in before["primitives"].items():
        for name, kept in by_name.items():
            after = now["primitives"].get(field, {}).get(name)
            if after is None:
                found.append(f"{field} {name} is gone")
                continue
            found += [
                f"{field} {name}: {after[what]:.0f} {what}, {kept[what]:.0f} before"
                for what in ("cycles", "wide")
                if after[what] > kept[what] * WORSE
            ]
    for name, kept in before["figures"].items():
        after = now["figures"].get(name)
        if after is None:
            found.append(f"{name} is gone")
        elif after["expected"] * WORSE < kept["expected"]:
            found.append(f"{name}: {after['expected']:.4g}, {kept['expected']:.4g} before")
    return found
