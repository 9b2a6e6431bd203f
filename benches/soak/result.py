"""The result file of a soak: what was run, on what, and what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benches import machine


def place(name: str, out: Path | None = None) -> Path:
    """benches/results/soak-<name>-<cpu>.json, or `out`."""
    return out or machine.RESULTS / f"soak-{name}-{machine.slug(machine.describe(None))}.json"


def write(name: str, figures: dict[str, Any], out: Path | None = None) -> None:
    """Write the file. The load is that at the end."""
    here, path = machine.describe(None), place(name, out)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"soak": name, "schema": 1, "at": machine.stamp(), **machine.commit(), "machine": here}
    path.write_text(json.dumps(head | figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
