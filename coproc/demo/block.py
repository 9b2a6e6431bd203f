"""A bundled block of contract calls, with the answers that Piecrust gave: `block.jsonl.gz`, lines that `coproc vm block` reads too.

The modules that it names are those of `contracts/wasm`. `python -m tests.vm.record_demo` made it.
"""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(str(files(__package__))) / "block.jsonl.gz"
CONTRACTS: Final = FILE.with_name("contracts")
Line = dict[str, Any]
Answer = dict[str, Any]


def load() -> tuple[list[Line], list[Answer]]:
    """The lines of the block, and Piecrust's answer to each: `ok`, `gas_spent`, `data`, `events`, `error`, `root`, as they apply."""
    lines = [json.loads(text) for text in gzip.decompress(FILE.read_bytes()).splitlines()]
    return lines, [line.pop("piecrust") for line in lines]


def name(line: Line, lines: list[Line]) -> str:
    """The contract that a call is for: the name of its module."""
    return next(Path(one["wasm"]).stem for one in lines if one["do"] == "deploy" and one["id"] == line["id"])
