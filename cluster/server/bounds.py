"""`Bounds`: what a server takes from its clients at most. Hostile bytes are normal input: everything that they could fill is bounded."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a server.

    max_frame         bytes of a payload
    max_requests      requests in a frame
    max_connections   open at once; one more takes the place of the one that has been without a finished frame for longest
    max_bytes         bytes of frames begun, unanswered, or answered and unread, of all connections; beyond it frames get "busy"
    connection_bytes  the same of one connection; beyond it the connection is not read
    frame_seconds     from the first byte of a frame to its last
    write_seconds     without a byte read by a client that has answers to read
    """

    max_frame: int = 16 << 20
    max_requests: int = 16_384
    max_connections: int = 4096
    max_bytes: int = 256 << 20
    connection_bytes: int = 32 << 20
    frame_seconds: float = 10.0
    write_seconds: float = 30.0

    def told(self) -> dict[str, int | float]:
        """As DESCRIBE tells them."""
        return asdict(self)
