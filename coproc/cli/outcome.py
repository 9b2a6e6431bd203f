"""`Outcome`: what a command's work raises, told to people and turned into an exit status. One mapping for every command."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from coproc.cli import INTERRUPTED, OK, UNSERVED, WRONG
from coproc.cli.console import Console, silence_stdout


class Outcome:
    """A context manager around the work: errors of ours, a reader that left and an interrupt end it with `status`.

    tell: what to say of another `OSError`; None: it is not caught. Anything else is a bug and goes on as it is.
    """

    def __init__(self, console: Console, tell: Callable[[OSError], str] | None = None) -> None:
        self.status = OK
        self._console, self._tell = console, tell

    def __enter__(self) -> Outcome:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        from coproc.errors import CoprocError, Unserved

        if isinstance(error, CoprocError):
            self._console.error(str(error))
            self.status = UNSERVED if isinstance(error, Unserved) else WRONG
        elif isinstance(error, BrokenPipeError):
            silence_stdout()
            self.status = UNSERVED
        elif isinstance(error, KeyboardInterrupt):
            self._console.error("interrupted")
            self.status = INTERRUPTED
        elif isinstance(error, OSError) and self._tell is not None:
            self._console.error(self._tell(error))
            self.status = WRONG
        else:
            return False
        return True
