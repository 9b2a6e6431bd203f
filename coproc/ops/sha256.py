"""sha256: SHA-256 of the bytes."""

from __future__ import annotations

from coproc.engine.protocol import U8, Buffers, Engine
from coproc.ops.digest import Digest


class Sha256(Digest):
    name = "sha256"
    per_byte = 8

    def digest(self, engine: Engine, data: Buffers) -> U8:
        return engine.sha256(data)
