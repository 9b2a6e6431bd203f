"""Picks the demo's requests from recorded vectors: `python -m coproc.demo.pick FOLDER`, with one `<operation>.jsonl[.xz]` each.

Writes `requests.jsonl.gz` beside this file: a job file, with Dusk's own answers in fields that job lines ignore. Of each
operation PER_OPERATION cases: different kinds of true ones first, then of false, malformed and panicking ones.
"""

from __future__ import annotations

import gzip
import json
import lzma
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

PER_OPERATION: Final = 36
SHARE: Final = {"good": 20, "bad": 11, "malformed": 3, "panic": 2}
UNREDUCED: Final = 2
MAX_BYTES: Final = 6_000
FILE: Final = Path(__file__).with_name("requests.jsonl.gz")


def outcome(case: dict[str, Any]) -> str:
    """Which part of SHARE a case belongs to."""
    if case["expect"] == "panic":
        return "panic"
    if case["args"] is None:
        return "malformed"
    return "bad" if case["expect"] in (False, None) else "good"


def rules(op: str, version: str | None) -> dict[str, str]:
    """The rules of a case as a job line's fields; Boreas wherever the answer is the same, since it has prices."""
    if op == "verify_plonk":
        return {"plonk": version or "V3", "fork": "Boreas"}
    return {"fork": "PreFork" if version == "PreFork" else "Boreas"}


def varied(cases: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Up to `count` cases, one of each kind (the name without numbers) in turn; at most UNREDUCED with unreduced elements."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    # unreduced field elements take a slow path, and no honest encoder makes them: they come last
    for case in sorted(cases, key=lambda case: "unreduced" in case["case"]):
        kinds.setdefault(re.sub(r"\d+", "", case["case"]) + str(case.get("version")), []).append(case)
    for kind in [kind for kind in kinds if "unreduced" in kind][UNREDUCED:]:
        del kinds[kind]
    queues = [queue[:1] if "unreduced" in kind else queue for kind, queue in kinds.items()]
    picked: list[dict[str, Any]] = []
    while queues and len(picked) < count:
        for queue in queues:
            if len(picked) < count:
                picked.append(queue.pop(0))
        queues = [queue for queue in queues if queue]
    return picked


def parts(case: dict[str, Any]) -> str | list[str]:
    """The argument buffer as a job line has it, arguments put in; blobs stay named."""
    argbuf: str | list[str] = case["argbuf"]
    return argbuf if isinstance(argbuf, str) else [case["args"][part[1:]] if part.startswith("$") else part for part in argbuf]


def small(case: dict[str, Any]) -> bool:
    return outcome(case) == "panic" or len("".join(parts(case))) // 2 <= MAX_BYTES


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.jsonl*")):
        op = file.name.split(".")[0]
        data = file.read_bytes()
        text = lzma.decompress(data) if file.suffix == ".xz" else data
        values = [json.loads(line) for line in text.splitlines()]
        blobs = {value["blob"]: value for value in values if "blob" in value}
        cases = [value for value in values if "case" in value and small(value)]
        picked: list[dict[str, Any]] = []
        for part, count in SHARE.items():
            picked += varied([case for case in cases if outcome(case) == part], count)
        picked += varied([case for case in cases if outcome(case) == "good" and case not in picked], PER_OPERATION - len(picked))
        used = {part[1:] for case in picked for part in case["argbuf"] if isinstance(case["argbuf"], list) and part.startswith("@")}
        yield from (blobs[name] for name in sorted(used))
        for case in picked:
            yield line(op, case)


def line(op: str, case: dict[str, Any]) -> dict[str, Any]:
    """A job line with the recorded answer: `expect`, `status`, `retbuf`, and `gas` where it was measured."""
    rule = rules(op, case.get("version"))
    kind = outcome(case)
    gas = 0 if rule["fork"] != "Boreas" else case.get("price_boreas")
    made = {"id": f"{op}/{case['case']}", "op": op, "argbuf": parts(case), **rule, "expect": None if kind == "panic" else case["expect"]}
    return made | {"status": kind if kind in ("malformed", "panic") else "ok", "retbuf": case.get("retbuf"), "gas": gas}


def main(folder: str) -> None:
    text = "".join(json.dumps(value, separators=(",", ":")) + "\n" for value in lines(Path(folder)))
    FILE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{FILE}: {text.count(chr(10)):,} lines, {len(text):,} bytes, {FILE.stat().st_size:,} compressed")


if __name__ == "__main__":
    main(sys.argv[1])
