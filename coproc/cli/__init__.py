"""The command line: `coproc`, also `python -m coproc`. One file a command; what they do is in `coproc.jobs` and `coproc.report`.

Exit status of every command: 0 done; 1 some request is unserved (or, where that was asked for, not true); 2 the command line, an
engine that was asked for and is absent, or an input file is wrong; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

OK, UNSERVED, WRONG, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; arguments without the program's name (default: those of this process). Returns the exit status."""
    from coproc.cli.app import app

    for stream in (sys.stdout, sys.stderr):  # a character that the terminal does not know must not end a run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(args=None if arguments is None else list(arguments), prog_name="coproc")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else OK if end.code is None else WRONG
    except KeyboardInterrupt:
        return INTERRUPTED
    return OK
