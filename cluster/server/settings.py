"""`Settings`: what `coproc serve` is told, by the command line, else the environment, else the table `[serve]` of `COPROC_CONFIG`.

A setting `max_frame` is the option `--max-frame`, the variable `COPROC_SERVE_MAX_FRAME` and the entry `max_frame`. Engine and workers,
where nobody names them here, are those of `coproc.settings`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, get_type_hints

from coproc.errors import InvalidInput
from coproc.settings import table

from .bounds import Bounds
from .peers import read_peers

_BOUNDS: Final = Bounds()
LOGS: Final = ("json", "text")
LEVELS: Final = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Settings:
    """Absent addresses: that part is not served. Addresses are HOST:PORT, port 0 lets the system choose."""

    uds: str | None = None
    grpc: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_client_ca: str | None = None
    peers: str | None = None
    metrics: str | None = None
    journal: str | None = None
    kept: str | None = None
    engine: str | None = None
    workers: int | None = None
    processes: bool = False
    cluster: str | None = None
    memo_entries: int = 1 << 18
    memo_bytes: int = 128 << 20
    audit: int = 256
    drain_seconds: float = 20.0
    max_frame: int = _BOUNDS.max_frame
    max_requests: int = _BOUNDS.max_requests
    max_connections: int = _BOUNDS.max_connections
    max_bytes: int = _BOUNDS.max_bytes
    max_message: int = _BOUNDS.max_message
    frame_seconds: float = _BOUNDS.frame_seconds
    log: str = "json"
    log_level: str = "info"

    def __post_init__(self) -> None:
        """Raises InvalidInput for what cannot be meant."""
        if self.uds is None and self.grpc is None:
            raise InvalidInput("--uds PATH, or --grpc HOST:PORT, is wanted: nothing is served")
        tls = (self.tls_cert, self.tls_key, self.tls_client_ca)
        if any(tls) and not all(tls):
            raise InvalidInput("--tls-cert, --tls-key and --tls-client-ca belong together")
        if any(tls) and self.grpc is None:
            raise InvalidInput("--tls-cert: needs --grpc HOST:PORT")
        for name in ("grpc", "metrics"):
            if (text := getattr(self, name)) is not None:
                address(name, text)
        if self.grpc is not None and not any(tls) and not local(address("grpc", self.grpc)[0]):
            raise InvalidInput(f"--grpc {self.grpc}: without --tls-cert, --tls-key and --tls-client-ca only this machine is served")
        for name, words in (("log", LOGS), ("log_level", LEVELS)):
            if getattr(self, name) not in words:
                raise InvalidInput(f"{_option(name)} {getattr(self, name)}: one of {', '.join(words)} is wanted")
        if self.workers is not None and self.workers < 1:
            raise InvalidInput(f"--workers {self.workers}: 1 or more is wanted")
        if self.audit < 0:
            raise InvalidInput(f"--audit {self.audit}: one answer in so many is wanted, 0 for none")
        if self.memo_entries < 0 or self.memo_bytes < 0 or not 0 <= self.drain_seconds < 86_400:
            raise InvalidInput("--memo-entries, --memo-bytes and --drain-seconds are not negative, the last less than a day")
        self.bounds()
        read_peers(self.peers or "")

    def bounds(self) -> Bounds:
        """Raises InvalidInput where they contradict each other."""
        return Bounds(
            self.max_frame, self.max_requests, self.max_connections, self.max_bytes, max(2 * self.max_frame, 1 << 20),
            2 * self.max_frame + (1 << 20), self.frame_seconds, max_message=min(self.max_message, self.max_frame),
        )  # fmt: skip


_TYPES: Final = {name: str(kind).removesuffix(" | None") for name, kind in get_type_hints(Settings).items()}


def gather(given: Mapping[str, Any]) -> Settings:
    """The settings; given: those of the command line, None where an option was left out. Raises InvalidInput."""
    names = [field.name for field in fields(Settings)]
    where = f"COPROC_CONFIG={os.environ.get('COPROC_CONFIG')}: "
    entries = {}
    for key, value in table("serve").items():
        if key not in names:
            raise InvalidInput(f"{where}unknown setting serve.{key[:64]}: one of {', '.join(names)}")
        entries[key] = _check(f"{where}serve.{key}", key, value)
    values: dict[str, Any] = {}
    for name in names:
        if (value := given.get(name)) is not None:
            values[name] = value
        elif text := os.environ.get(f"COPROC_SERVE_{name.upper()}"):
            values[name] = _read(f"COPROC_SERVE_{name.upper()}={text}", name, text)
        elif name in entries:
            values[name] = entries[name]
    return Settings(**values)


def address(name: str, text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT, `[::1]:PORT` too. Raises InvalidInput."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise InvalidInput(f"{_option(name)} {text}: HOST:PORT is wanted")
    return host, int(port)


def local(host: str) -> bool:
    """Whether a host is this machine's loopback."""
    return host in ("localhost", "::1") or host.startswith("127.")


def existing(name: str, text: str) -> Path:
    """A file that is there. Raises InvalidInput."""
    path = Path(text)
    if not path.is_file():
        raise InvalidInput(f"{_option(name)} {text}: there is no such file")
    return path


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _kind(name: str) -> str:
    kind = _TYPES[name]
    return next(word for word in ("str", "int", "float", "bool") if word in kind)


def _read(where: str, name: str, text: str) -> Any:
    """A setting from text."""
    kind = _kind(name)
    try:
        if kind == "bool":
            return {"1": True, "true": True, "0": False, "false": False}[text.lower()]
        return {"str": str, "int": int, "float": float}[kind](text)
    except (ValueError, KeyError):
        raise InvalidInput(f"{where}: {_WANTED[kind]} is wanted") from None


def _check(where: str, name: str, value: Any) -> Any:
    """A setting from TOML."""
    kind = _kind(name)
    if kind == "float" and type(value) is int:
        return float(value)
    if type(value).__name__ != kind or value == "":
        raise InvalidInput(f"{where}: {_WANTED[kind]} is wanted")
    return value


_WANTED: Final = {"str": "a word in quotes", "int": "a number", "float": "a number of seconds", "bool": "true or false"}
