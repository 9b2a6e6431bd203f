"""Records what Piecrust answers to the scripts: `COPROC_PIECRUST_RUN=… python -m tests.vm.record [SCRIPT…]`.

One line of `answers/NAME.jsonl` for each line of a script, without the times; its first line holds a hash of the script.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.vm.scripts import SCRIPTS, Line

ANSWERS = Path(__file__).parent / "answers"


def digest(lines: list[Line]) -> str:
    """Of a script."""
    return hashlib.sha256(json.dumps(lines, sort_keys=True).encode()).hexdigest()


def read(name: str) -> tuple[str, list[dict[str, Any]]]:
    """The hash of the script that was run, and the answers."""
    head, *answers = (json.loads(line) for line in lzma.decompress((ANSWERS / f"{name}.jsonl.xz").read_bytes()).decode().splitlines())
    return str(head["script"]), answers


def run_piecrust(lines: list[Line], *, roots: bool = True) -> list[dict[str, Any]]:
    """What `piecrust-run` answers to a script."""
    program = os.environ["COPROC_PIECRUST_RUN"]
    text = "\n".join(json.dumps(line) for line in lines).encode()
    out = subprocess.run([program, *(["--roots"] if roots else [])], input=text, capture_output=True, check=True, timeout=600).stdout
    return [{key: value for key, value in json.loads(line).items() if key != "ns"} for line in out.splitlines()]


def main() -> None:
    for name in sys.argv[1:] or SCRIPTS:
        lines = list(SCRIPTS[name]())
        answers = run_piecrust(lines)
        if len(answers) != len(lines):
            raise SystemExit(f"{name}: {len(answers)} answers to {len(lines)} lines")
        text = "\n".join(json.dumps(line) for line in [{"script": digest(lines)}, *answers])
        ANSWERS.mkdir(exist_ok=True)
        (ANSWERS / f"{name}.jsonl.xz").write_bytes(lzma.compress(text.encode(), preset=9))
        print(f"{name}: {len(lines)} lines, {sum(not answer['ok'] for answer in answers)} fail")


if __name__ == "__main__":
    main()
