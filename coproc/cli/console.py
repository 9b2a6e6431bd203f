"""What a command says to people: a progress bar on a terminal, plain lines elsewhere, always on standard error."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from coproc.jobs.tally import Tally

LOG_SECONDS: Final = 10.0
MAX_REPEATS: Final = 10


class Console:
    """Lines to standard error; `quiet` leaves errors only.

    As a context manager it also shows what coproc logs meanwhile (a batch that is unserved, say).
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._handler = _Handler(self)
        self._handler.setLevel(logging.ERROR if quiet else logging.INFO)

    def __enter__(self) -> Console:
        logger = logging.getLogger("coproc")
        self._propagated, logger.propagate = logger.propagate, False
        logger.addHandler(self._handler)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        logger = logging.getLogger("coproc")
        logger.removeHandler(self._handler)
        logger.propagate = self._propagated

    @property
    def terminal(self) -> bool:
        return sys.stderr.isatty()

    def log(self, text: str) -> None:
        if not self.quiet:
            self._line(text if self.terminal else f"{time.strftime('%H:%M:%S')} {text}")

    def error(self, text: str) -> None:
        self._line(f"coproc: {text}")

    def raw(self, text: str) -> None:
        """A line as it is, quiet or not: the `--json` summary."""
        self._line(text)

    @staticmethod
    def _line(text: str) -> None:
        with suppress(OSError, ValueError):  # nobody listens; the answers matter more
            sys.stderr.write(text.encode(errors="backslashreplace").decode() + "\n")
            sys.stderr.flush()


class _Handler(logging.Handler):
    """Log records as lines; an exception as its last line, and the same sentence MAX_REPEATS times at most."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._seen: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        self._seen[str(record.msg)] += 1
        if self._seen[str(record.msg)] <= MAX_REPEATS:
            self._console.error(text)
        elif self._seen[str(record.msg)] == MAX_REPEATS + 1:
            self._console.error("more of the same is not shown")


class Progress:
    """How far a job is, in rows, rows a second and time left.

    total: bytes of all inputs, None where that is not known; then neither share nor time left is said.
    """

    def __init__(self, console: Console, total: int | None) -> None:
        self._console, self._total = console, total
        self._bar: Any = None
        self._said = time.monotonic()

    def __enter__(self) -> Progress:
        # answers that scroll over the same terminal would tear the bar
        if self._console.terminal and not self._console.quiet and not sys.stdout.isatty():
            self._bar = _bar(self._total)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, tally: Tally) -> None:
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=tally.position, rows=tally.kept + tally.rows, rate=tally.rate)
        elif time.monotonic() - self._said >= LOG_SECONDS:
            self._said = time.monotonic()
            self._console.log(self._sentence(tally))

    def _sentence(self, tally: Tally) -> str:
        text = f"{tally.kept + tally.rows:,} answered, {tally.rate:,.0f}/s"
        if self._total and tally.position:
            share = min(tally.position / self._total, 1.0)
            text += f", {share:.0%} of the input, about {duration(tally.seconds * (1 - share) / share)} left"
        return text


def _bar(total: int | None) -> Any:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.text import Text

    class Rows(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.fields['rows']:,} answered  {task.fields['rate']:,.0f}/s")

    bar = Progress(
        BarColumn(bar_width=None), TaskProgressColumn(), Rows(), TimeElapsedColumn(), TimeRemainingColumn(),
        console=RichConsole(stderr=True), transient=True, refresh_per_second=5,
    )  # fmt: skip
    bar.add_task("", total=total, rows=0, rate=0.0)
    return bar


def duration(seconds: float) -> str:
    """Seconds as people say them: 4.2 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def silence_stdout() -> None:
    """Keep Python from complaining, at exit, that it cannot flush standard output."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
