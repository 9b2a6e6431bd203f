"""A worker of a process pool that starts in 20 ms: SHA-256 by the standard library, nothing of coproc's is imported.

`python -I -S light_worker.py BASE PER_BYTE --fd N`; the two numbers are the price of a digest. It speaks the frames of
`coproc.cluster.pools.pipe`, so that a pool can lose hundreds of workers in half a minute.
"""

import hashlib
import socket
import struct
import sys
from itertools import pairwise

VERSION, HELLO, ANSWERS, FAILED = 2, 0, 1, 2
BATCH = struct.Struct("<BBxxIQQQ")  # version, operation, requests, id, bytes of data, bytes of tenants
SAID = struct.Struct("<BBHIIQd")  # version, kind, bytes of a word, of the seeds, requests, id, seconds
VECTOR = struct.Struct("<iI")  # an archived Vec<u8>: from here to its first byte, length
ENGINE = b"cpu:light"


def exactly(sock: socket.socket, size: int) -> bytes:
    """So many bytes; ends this process where the other end hung up."""
    data = bytearray()
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            sys.exit(0)
        data += more
    return bytes(data)


def digest(args: bytes) -> tuple[bytes, int]:
    """The digest of the bytes in an argument buffer, and how many they are."""
    behind, length = VECTOR.unpack_from(args, len(args) - VECTOR.size)
    start = len(args) - VECTOR.size + behind
    return hashlib.sha256(args[start : start + length]).digest(), length


def main() -> None:
    base, per_byte, descriptor = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[sys.argv.index("--fd") + 1])
    sock = socket.socket(fileno=descriptor)
    sock.sendall(SAID.pack(VERSION, HELLO, len(ENGINE), 0, 0, 0, 0.0) + ENGINE)
    while True:
        _, _, n, number, data_bytes, tenant_bytes = BATCH.unpack(exactly(sock, BATCH.size))
        rest = exactly(sock, 2 * n + 8 * (n + 1) + data_bytes + tenant_bytes)
        offsets = struct.unpack_from(f"<{n + 1}q", rest, 2 * n)
        data = rest[2 * n + 8 * (n + 1) :]
        found = [digest(data[start:stop]) for start, stop in pairwise(offsets)]
        gas = struct.pack(f"<{n}q", *(base + per_byte * length for _, length in found))
        answers = bytes(n) + gas + b"".join(one for one, _ in found) + ENGINE
        sock.sendall(SAID.pack(VERSION, ANSWERS, len(ENGINE), 0, n, number, 0.0) + answers)


if __name__ == "__main__":
    main()
