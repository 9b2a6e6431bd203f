"""`python -m tests.node.cases FILE`: the vectors of Dusk's host functions as lines for the tests of `clients/rust/coproc-piecrust`.

A line, words with a space between them: function, PLONK's version, fork, argument buffer and what the host writes back in hex, `panic` in
place of the latter where Dusk's own function panics. The fork is Boreas, so that gas is charged, where the vector names none.
"""

from __future__ import annotations

import sys
from pathlib import Path

from coproc import OPERATIONS
from tests.vectors.load import DuskCase, dusk


def line(case: DuskCase) -> str:
    version = case.version or ""
    plonk = version if version.startswith("V") else "V3"
    fork = "Boreas" if plonk == version or not version else version
    answer = "panic" if case.retbuf is None else case.retbuf.hex()
    return f"{case.op} {plonk} {fork} {case.argbuf.hex() or '-'} {answer}\n"


def main(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join(line(case) for op in OPERATIONS for case in dusk(op)), encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
