"""`GatewayProcess`: the process that is connected to Ray, as the one who started it sees it."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from socket import SO_RCVBUF, SO_SNDBUF, SOL_SOCKET, socketpair
from typing import Any, Final

from . import gateway_pipe as pipe
from .gateway_pipe import Ask

_BUFFER: Final = 1 << 20


class GatewayProcess:
    """A gateway process. known: names of the keys that it was given. connected: to the cluster."""

    def __init__(self, words: list[str]) -> None:
        """Raises OSError."""
        self.socket, theirs = socketpair()
        self.sending = threading.Lock()
        self.known: set[int] = set()
        self.connected = False
        with theirs:
            for sock in (self.socket, theirs):
                for option in (SO_SNDBUF, SO_RCVBUF):
                    sock.setsockopt(SOL_SOCKET, option, _BUFFER)
            fd = theirs.fileno()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "coproc.cluster.gateway", "--fd", str(fd), *words],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(fd,), start_new_session=True,
            )  # fmt: skip

    def say(self, message: Any) -> None:
        """Where it is gone, the one who reads finds that."""
        with self.sending:
            self._send(message)

    def ask(self, message: Ask, table: dict[int, bytes]) -> None:
        """A question, and what it has not of the keys."""
        with self.sending:
            for name in table.keys() - self.known:
                message.given[name] = table[name]
            self.known.update(table)
            self._send(message)

    def _send(self, message: Any) -> None:
        try:
            pipe.send(self.socket, message)
        except OSError:  # half a message, perhaps
            self.process.kill()

    def end(self, seconds: float = 0.0) -> None:
        """Hang up, and wait until it is gone."""
        with suppress(OSError):
            self.socket.shutdown(2)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self.socket.close()
