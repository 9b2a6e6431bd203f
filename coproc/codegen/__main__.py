"""``python3 -m coproc.codegen OUTDIR`` writes OUTDIR/constants.hpp and leaves it untouched where nothing changed."""

from __future__ import annotations

import sys
from pathlib import Path

from coproc.codegen.cpp import constants_hpp


def write_if_changed(path: Path, text: str) -> bool:
    """Writes a file whose text differs, so that an unchanged header does not rebuild everything; True if it wrote."""
    if path.exists() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return True


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python3 -m coproc.codegen OUTDIR", file=sys.stderr)
        return 2
    write_if_changed(Path(arguments[0]) / "constants.hpp", constants_hpp())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
