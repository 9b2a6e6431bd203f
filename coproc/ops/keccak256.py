"""keccak256: the original Keccak-256, as Ethereum has it."""

from __future__ import annotations

from coproc.engine.protocol import U8, Buffers, Engine
from coproc.ops.digest import Digest


class Keccak256(Digest):
    name = "keccak256"
    per_byte = 16

    def digest(self, engine: Engine, data: Buffers) -> U8:
        return engine.keccak256(data)
