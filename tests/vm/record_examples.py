"""Records what Piecrust answers to the example contracts: `COPROC_PIECRUST_RUN=… python -m tests.vm.record_examples`.

Of each script in `tests/vectors/vm/examples.jsonl.xz` a line with its name and hash, then the answers, without the times.
"""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.vectors.load import HERE
from tests.vm.examples import EXAMPLES
from tests.vm.record import digest, run_piecrust
from tests.vm.scripts import Line

RECORDED: Path = HERE / "vm" / "examples.jsonl.xz"


@dataclass
class Recorded:
    """What Piecrust answered to a script. `smallest`: gas limits in it (`record_boundaries`)."""

    sha256: str
    smallest: list[int]
    answers: list[dict[str, Any]] = field(default_factory=list)


@cache
def read(path: Path) -> dict[str, Recorded]:
    """The scripts of a file, by their names."""
    out: dict[str, Recorded] = {}
    last: Recorded | None = None
    for text in lzma.decompress(path.read_bytes()).decode().splitlines():
        line = json.loads(text)
        if "script" in line:
            last = out[line["script"]] = Recorded(line["sha256"], line.get("smallest", []))
        else:
            assert last is not None
            last.answers.append(line)
    return out


def recorded() -> dict[str, Recorded]:
    """The example contracts."""
    return read(RECORDED)


def record(path: Path, scripts: dict[str, list[Line]], smallest: dict[str, list[int]] | None = None) -> None:
    """Run scripts and write what Piecrust answers."""
    text: list[str] = []
    for name, lines in scripts.items():
        answers = run_piecrust(lines)
        if len(answers) != len(lines):
            raise SystemExit(f"{name}: {len(answers)} answers to {len(lines)} lines")
        head = {"script": name, "sha256": digest(lines)}
        text.append(json.dumps(head if smallest is None else head | {"smallest": smallest[name]}))
        text += [json.dumps(answer) for answer in answers]
        print(f"{name}: {len(lines)} lines, {sum(not answer['ok'] for answer in answers)} fail")
    path.write_bytes(lzma.compress("\n".join(text).encode(), preset=9))


if __name__ == "__main__":
    record(RECORDED, {name: list(script()) for name, script in EXAMPLES.items()})
