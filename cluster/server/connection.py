"""`Connection`: what the Unix-socket server knows of one of its clients."""

from __future__ import annotations

from collections import deque
from socket import socket
from typing import Final

FRAME_BYTES: Final = 512
"""Bytes that a frame in hand counts beside its own: the objects that stand for it."""
FRONT, PART, STRANGE = range(3)
"""Where a connection stands: at the front, with a frame in part, or among strangers."""


class Connection:
    """data: bytes of a frame that has begun, or of frames that may not be taken yet. Changed by the server's thread alone."""

    __slots__ = (
        "begun", "closing", "data", "eof", "fd", "frames", "held", "known", "mask", "out", "out_bytes", "peer", "place", "ready", "skip",
        "sock",
    )  # fmt: skip

    def __init__(self, sock: socket, mask: int, peer: str = "") -> None:
        """peer: who is at the other end (`Peers`)."""
        self.sock, self.fd, self.mask, self.peer = sock, sock.fileno(), mask, peer
        self.data = bytearray()
        self.skip = 0  # bytes of a refused frame that are still to come
        self.begun = False  # the frame in hand has begun, and more of it is awaited
        self.known = False  # has finished a frame, and sends none in crumbs since
        self.place = STRANGE
        self.frames = 0  # taken and not answered
        self.held = 0  # bytes of those
        self.out: deque[memoryview] = deque()
        self.out_bytes = 0
        self.ready = False  # has complete frames that wait for its turn
        self.eof = False  # the client sends nothing more
        self.closing = False  # close once `out` is sent

    @property
    def open(self) -> bool:
        return self.fd >= 0

    @property
    def owed(self) -> int:
        """Bytes that are held for this client until it is answered and has read the answers."""
        return self.held + self.out_bytes

    @property
    def idle(self) -> bool:
        """Nothing is owed to this client."""
        return not self.frames and not self.out
