"""The log of a campaign: a line that says what it is, then a line for each fault as it was judged. A stop loses nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benches.soak.faults.theatre import Outcome

_COUNTED: Final = ("right", "wrong", "elsewhere", "corrupted")
"""Verdicts on faults that fell and changed something."""


def begun(path: Path, head: dict[str, Any]) -> int:
    """The first number that is not played yet. Raises ValueError where the log is of another campaign."""
    if not path.exists() or not path.stat().st_size:
        path.write_text(json.dumps(head) + "\n", encoding="utf-8")
        return int(head["first"])
    data = path.read_bytes()
    if len(whole := data[: data.rfind(b"\n") + 1]) < len(data):  # a line that was cut short
        path.write_bytes(whole)
    before, outcomes = read(path)
    other = {key: (before.get(key), head[key]) for key in ("commit", "seed", "first", "device", "ops") if before.get(key) != head[key]}
    if other:
        raise ValueError(f"{path} is the log of another campaign: {other}")
    return max((number for number, _ in outcomes), default=int(head["first"]) - 1) + 1


def line(number: int, outcome: Outcome) -> str:
    return json.dumps([number, *outcome]) + "\n"


def read(path: Path) -> tuple[dict[str, Any], list[tuple[int, Outcome]]]:
    """The head and the outcomes; a last line that was cut short is left out."""
    text = path.read_text(encoding="utf-8")
    lines = text[: text.rfind("\n") + 1].splitlines()
    outcomes = []
    for line in lines[1:]:
        number, *fields = json.loads(line)
        outcomes.append((number, Outcome(*fields)))
    return json.loads(lines[0]), outcomes


def figures(paths: Sequence[Path]) -> dict[str, Any]:
    """Of one campaign, in one or more logs. Raises ValueError where they are of several."""
    heads: list[dict[str, Any]] = []
    by_number: dict[int, Outcome] = {}
    for path in paths:
        head, found = read(path)
        heads.append({key: value for key, value in head.items() if key != "first"})
        by_number.update(found)
    if any(head != heads[0] for head in heads):
        raise ValueError(f"logs of several campaigns: {heads}")
    counted = {number: o for number, o in by_number.items() if o.verdict in _COUNTED}
    outcomes = list(counted.values())

    def by(*fields: str) -> dict[str, int]:
        return dict(sorted(Counter(" ".join(getattr(o, field) for field in fields) for o in outcomes).items()))

    kernels = Counter(o.stage for o in outcomes if o.kind == "kernel")
    copies = Counter(o.stage for o in outcomes if o.kind != "kernel")
    return {
        "changed": False,  # where --commit says what was played
        **heads[0],
        "faults": len(outcomes),
        "wrong": [[number, *o] for number, o in counted.items() if o.verdict == "wrong"],
        "verdicts": by("verdict"),
        "drawn again": sum(o.harmless for o in by_number.values()),
        "tampered": sum(o.tampered for o in outcomes),
        "noticed": sum(o.noticed for o in outcomes),
        "lost": sum(o.lost for o in outcomes),
        "fewest of a kernel": min(kernels.values(), default=0),
        "fewest of a copy": min(copies.values(), default=0),
        "operations": by("op"),
        "kinds": by("kind", "what"),
        "noticed by kind": dict(sorted(Counter(f"{o.kind} {o.what}" for o in outcomes if o.noticed).items())),
        "kernels": dict(sorted(kernels.items())),
        "copies": dict(sorted(copies.items())),
        "scenes": by("scene"),
    }
