"""`Bounds`: what a server takes from its clients at most. Hostile bytes are normal input: everything that they could fill is bounded."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from coproc.errors import InvalidInput

LEAST_CALLS: Final = 4
MOST_CALLS: Final = 48


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a server.

    max_frame         bytes of a payload
    max_requests      requests in a frame
    max_connections   open at once; one more takes the place of the one that has been without a finished frame for longest
    max_bytes         bytes of frames begun, unanswered, or answered and unread, of all connections and calls; beyond it frames get "busy"
    partial_bytes     bytes of frames begun, of all connections; beyond it the next that goes on is refused as "busy"
    connection_bytes  bytes of frames unanswered or unread of one connection; beyond it the connection is not read
    frame_seconds     from the first byte of a frame to its last; who takes longer is gone within ten, thousands at once too
    write_seconds     without a byte read by a client that has answers to read
    max_message       bytes of a message of gRPC, which is there before anybody can ask how many there are
    """

    max_frame: int = 16 << 20
    max_requests: int = 16_384
    max_connections: int = 4096
    max_bytes: int = 256 << 20
    partial_bytes: int = 32 << 20
    connection_bytes: int = 33 << 20
    frame_seconds: float = 8.0
    write_seconds: float = 30.0
    max_message: int = 4 << 20

    def __post_init__(self) -> None:
        if self.max_frame < 1024 or self.max_requests < 1 or self.max_connections < 1:
            raise InvalidInput("limits: a frame of 1,024 bytes, a request and a connection are the least")
        if self.partial_bytes < self.max_frame or self.connection_bytes < 2 * self.max_frame or self.max_bytes < self.connection_bytes:
            raise InvalidInput("limits: max_bytes must hold connection_bytes, that two frames, and partial_bytes one")
        if self.max_message < 1024:
            raise InvalidInput("limits: a message of 1,024 bytes is the least")
        if not (self.frame_seconds > 0 and self.write_seconds > 0):
            raise InvalidInput("limits: seconds are more than 0")

    @property
    def calls(self) -> int:
        """Calls of gRPC at once, a stream is one: so many that their messages, before they are counted, are half of `max_bytes`."""
        return min(max(self.max_bytes // (2 * self.max_message), LEAST_CALLS), MOST_CALLS)

    def told(self) -> dict[str, int | float]:
        """As DESCRIBE tells them."""
        return asdict(self)
