"""What the tests of the Unix socket share: small bounds, frames, whether a server answers."""

from __future__ import annotations

from pathlib import Path
from random import Random

from coproc.cluster import frames
from coproc.cluster.client import Client
from coproc.cluster.server.bounds import Bounds
from coproc.operation import Request, Rules
from coproc.ops import OPERATIONS
from tests.cluster.serving import answer

SMALL = Bounds(
    max_frame=4096, max_requests=100, max_connections=8, max_bytes=64 << 10, partial_bytes=8192, connection_bytes=16 << 10,
    frame_seconds=0.6, write_seconds=0.6,
)  # fmt: skip
PING = frames.reply(frames.PING, 0, 5)


def requests(n: int, size: int = 20) -> list[Request]:
    random = Random(n)
    return [Request(random.choice(list(OPERATIONS)), random.randbytes(random.randrange(size)), Rules(fork="Boreas"), 4) for _ in range(n)]


def execute(number: int, size: int = 8, n: int = 1) -> bytes:
    body = frames.write_execute([Request("verify_bls", bytes(size))] * n)
    return frames.reply(frames.EXECUTE, n, number, body)


def alive(path: Path) -> bool:
    with Client(path, 5) as client:
        return client.run(requests(3)) == [answer(request) for request in requests(3)]
