"""The result file of a soak: what was run, on what, and what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benches import machine


def write(name: str, figures: dict[str, Any], out: Path | None = None) -> None:
    """Write benches/results/soak-<name>-<cpu>.json, or `out`. The load is that at the end."""
    here = machine.describe(None)
    path = out or machine.RESULTS / f"soak-{name}-{machine.slug(here)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"soak": name, "schema": 1, "at": machine.stamp(), **machine.commit(), "machine": here}
    path.write_text(json.dumps(head | figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
