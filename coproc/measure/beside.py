"""Figures of ours and of the peers, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coproc.measure.peers import Figure


def table(ours: Sequence[tuple[str, str, str, int, float]], theirs: Sequence[Figure]) -> list[dict[str, Any]]:
    """A row a figure of ours: (engine, curve, op, n, ns an item) with the peers' of the same name, and how many times faster ours is."""
    rows: dict[tuple[str, str, int], dict[str, Any]] = {}
    for engine, curve, op, n, ns in ours:
        row = rows.setdefault((curve, op, n), {"curve": curve, "op": op, "n": n, "ours": {}, "peers": {}, "best_peer": None, "faster": {}})
        row["ours"][engine] = round(ns, 1)
    for figure in theirs:
        if (found := rows.get((figure.curve, figure.op, figure.n))) is not None:
            found["peers"][figure.lib] = round(figure.ns, 1)
    for row in rows.values():
        if row["peers"]:
            row["best_peer"] = min(row["peers"], key=lambda lib: row["peers"][lib])
            row["faster"] = {engine: round(row["peers"][row["best_peer"]] / ns, 3) for engine, ns in row["ours"].items()}
    return list(rows.values())
