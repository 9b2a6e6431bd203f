"""`Digest`: an operation that hashes its bytes to 32, at a price per byte; and scalars as answers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

import numpy as np

from coproc.engine.protocol import I64, U8, U64, Buffers, Engine, Layout, Parsed, Status
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Gas, Operation, Pending
from coproc.ops.shape import vec

FR: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""The scalar field of BLS12-381."""
_INVERSE_OF_R: Final = pow(1 << 256, -1, FR)


class Digest(Operation):
    """hash, keccak256, sha256. The price: `base` and `per_byte` of the decoded bytes, or of the whole buffer if it is malformed."""

    layout = Layout.BYTES
    kind = "bytes32"
    width = 32
    base: Gas = 3000
    per_byte: Gas

    def price(self, length: int, counts: Sequence[int] | None) -> Gas:
        return self.base + self.per_byte * (length if counts is None else counts[0])

    def prices(self, lengths: U64, parsed: Parsed) -> I64:
        size = np.where(parsed.status == Status.OK, parsed.counts[:, 0], lengths).astype(np.int64)
        return self.base + self.per_byte * size

    @abstractmethod
    def digest(self, engine: Engine, data: Buffers) -> U8:
        """uint8[n, 32]."""

    def pending(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        return Pending(parsed.status, self.digest(engine, vec(parsed, 0)))

    def encode(self, value: bool | bytes | None) -> bytes:
        return value if isinstance(value, bytes) else self.fallback

    def values(self, retbuf: U8) -> Sequence[bool | bytes | None]:
        return _rows(retbuf)


def _rows(retbuf: U8) -> list[bytes]:
    data, width = retbuf.tobytes(), retbuf.shape[1]
    return [data[i : i + width] for i in range(0, len(data), width)]


def scalar_values(retbuf: U8) -> list[bytes]:
    """Montgomery limbs of Fr, uint8[n, 32] -> canonical little-endian bytes."""
    return [(int.from_bytes(row, "little") * _INVERSE_OF_R % FR).to_bytes(32, "little") for row in _rows(retbuf)]


def scalar_retbuf(value: bytes) -> bytes:
    """Canonical little-endian bytes -> Montgomery limbs."""
    return ((int.from_bytes(value, "little") << 256) % FR).to_bytes(32, "little")
