"""`Held`: bytes that are held for clients, of the Unix socket and of gRPC together, under one bound."""

from __future__ import annotations

import threading


class Held:
    """Safe from any number of threads."""

    def __init__(self, most: int) -> None:
        self.most, self.nbytes = most, 0
        self._lock = threading.Lock()

    def take(self, nbytes: int) -> bool:
        """Hold so many bytes; False where there is no room for them, and nothing is held."""
        with self._lock:
            if self.nbytes + nbytes > self.most:
                return False
            self.nbytes += nbytes
            return True

    def add(self, nbytes: int) -> None:
        """So many bytes are there, whether there is room for them or not; or, negative, they are there no more."""
        with self._lock:
            self.nbytes += nbytes
