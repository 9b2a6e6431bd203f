"""Records what Piecrust answers to the example contracts: `COPROC_PIECRUST_RUN=… python -m tests.vm.record_examples`.

Of each script in `tests/vectors/vm/examples.jsonl.xz` a line with its name and hash, then the answers, without the times.
"""

from __future__ import annotations

import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any

from tests.vectors.load import HERE
from tests.vm.examples import EXAMPLES
from tests.vm.record import digest, run_piecrust

RECORDED: Path = HERE / "vm" / "examples.jsonl.xz"


@cache
def recorded() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Hash of the script, and answers, of each example."""
    out: dict[str, tuple[str, list[dict[str, Any]]]] = {}
    answers: list[dict[str, Any]] = []
    for text in lzma.decompress(RECORDED.read_bytes()).decode().splitlines():
        line = json.loads(text)
        if "script" in line:
            answers = []
            out[line["script"]] = (line["sha256"], answers)
        else:
            answers.append(line)
    return out


def main() -> None:
    text: list[str] = []
    for name, script in EXAMPLES.items():
        lines = list(script())
        answers = run_piecrust(lines)
        if len(answers) != len(lines):
            raise SystemExit(f"{name}: {len(answers)} answers to {len(lines)} lines")
        text.append(json.dumps({"script": name, "sha256": digest(lines)}))
        text += [json.dumps(answer) for answer in answers]
        print(f"{name}: {len(lines)} lines, {sum(not answer['ok'] for answer in answers)} fail")
    RECORDED.write_bytes(lzma.compress("\n".join(text).encode(), preset=9))


if __name__ == "__main__":
    main()
