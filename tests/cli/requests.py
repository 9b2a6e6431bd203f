"""Small requests with known answers, for tests of the road and not of the mathematics."""

from __future__ import annotations

import hashlib
from typing import Any


def vec(data: bytes) -> bytes:
    """The argument buffer of one Vec<u8>."""
    padded = data + bytes(-len(data) % 4)
    return padded + (-len(padded) & 0xFFFFFFFF).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def sha256(id: object, data: bytes = b"", **fields: Any) -> dict[str, Any]:
    """A request for SHA-256 of some bytes."""
    return {"id": id, "op": "sha256", "argbuf": vec(data).hex(), **fields}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


FALSE: dict[str, Any] = {"id": "false", "op": "verify_kzg_proof", "argbuf": "ff" * 160}
"""Well-formed and wrong."""

MALFORMED: dict[str, Any] = {"id": "malformed", "op": "verify_kzg_proof", "argbuf": "00"}

PANIC: dict[str, Any] = {"id": "panic", "op": "poseidon_hash", "argbuf": "00" * 8}
