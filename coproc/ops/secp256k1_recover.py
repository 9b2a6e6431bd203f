"""secp256k1_recover: the public key behind a recoverable ECDSA signature, or none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coproc.engine.protocol import I64, U8, U64, Engine, Layout, Parsed, Status
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Gas, Operation, Pending
from coproc.ops.shape import column


class Secp256k1Recover(Operation):
    name = "secp256k1_recover"
    layout = Layout.RECOVER
    kind = "option65"
    width = 66
    flat: Gas = 200_000

    def price(self, length: int, counts: Sequence[int] | None) -> Gas:
        return self.flat

    def prices(self, lengths: U64, parsed: Parsed) -> I64:
        return np.full(len(lengths), self.flat, np.int64)

    def pending(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        found, status = engine.recover(column(parsed.fields, 0), column(parsed.fields, 1))
        retbuf = np.empty((len(status), 66), np.uint8)
        retbuf[:, 0] = status == Status.OK
        retbuf[:, 1:] = found
        return Pending(parsed.status, retbuf)

    def encode(self, value: bool | bytes | None) -> bytes:
        return b"\1" + value if isinstance(value, bytes) else self.fallback

    def values(self, retbuf: U8) -> Sequence[bool | bytes | None]:
        data = retbuf.tobytes()
        return [data[i + 1 : i + 66] if data[i] else None for i in range(0, len(data), 66)]
