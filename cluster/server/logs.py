"""What the server says to its operator: one line an event on standard error, as JSON or as text.

Events of the standard library's loggers and structlog's own take the same road. A hostile client can cause many of the same event, so
each is said `MOST` times in `SECONDS`, and then how often it was left out.
"""

from __future__ import annotations

import logging
import sys
import threading
from time import monotonic
from typing import Any, Final

import structlog

MOST: Final = 10
SECONDS: Final = 60.0


class Sparing(logging.Filter):
    """Lets `MOST` records of a sentence pass in `SECONDS`; the next one that passes has `left_out`."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], list[float]] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.msg.get("event", "") if isinstance(record.msg, dict) else record.msg
        key, now = (record.name, str(text)[:200]), monotonic()
        with self._lock:
            if len(self._said) > 1000:
                self._said.clear()
            said = self._said.setdefault(key, [now, 0, 0])  # since, said, left out
            if now - said[0] > SECONDS:
                left_out, said[:] = said[2], [now, 0, 0]
                if left_out:
                    record.left_out = int(left_out)
            said[1] += 1
            if said[1] > MOST:
                said[2] += 1
                return False
        return True


def _left_out(_: Any, __: str, event: Any) -> Any:
    record = event.get("_record")
    if record is not None and hasattr(record, "left_out"):
        event["left_out"] = record.left_out
    return event


def configure(form: str, level: str) -> structlog.stdlib.BoundLogger:
    """Send everything to standard error; form: "json" or "text"; level: "debug", "info", "warning" or "error". The server's own logger."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = (
        [structlog.processors.JSONRenderer()] if form == "json" else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    if form == "json":
        last.insert(0, structlog.processors.format_exc_info)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[_left_out, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(Sparing())
    logger = logging.getLogger("coproc")
    logger.handlers[:], logger.propagate = [handler], False
    logger.setLevel(level.upper())
    made: structlog.stdlib.BoundLogger = structlog.get_logger("coproc.serve")
    return made
