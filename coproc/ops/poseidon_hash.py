"""poseidon_hash: Hades252 in the SAFE sponge over scalars of BLS12-381; no scalar at all makes upstream panic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coproc.engine.protocol import I64, U8, U64, Engine, Layout, Parsed
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Gas, Operation, Pending
from coproc.ops.digest import scalar_retbuf, scalar_values
from coproc.ops.shape import column


class PoseidonHash(Operation):
    name = "poseidon_hash"
    layout = Layout.SCALARS
    kind = "scalar"
    width = 32
    base: Gas = 30_000
    per_scalar: Gas = 10_000

    def price(self, length: int, counts: Sequence[int] | None) -> Gas:
        return self.base + self.per_scalar * max(1, counts[0] if counts else 1)

    def prices(self, lengths: U64, parsed: Parsed) -> I64:
        # the counts of a malformed buffer are zero, which costs as much as one scalar
        return self.base + self.per_scalar * np.maximum(parsed.counts[:, 0], np.uint64(1)).astype(np.int64)

    def pending(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        out, status = engine.poseidon_hash(column(parsed.fields, 0), column(parsed.counts, 0))
        return Pending(status, out.view(np.uint8))

    def encode(self, value: bool | bytes | None) -> bytes:
        return scalar_retbuf(value) if isinstance(value, bytes) else self.fallback

    def values(self, retbuf: U8) -> Sequence[bool | bytes | None]:
        return scalar_values(retbuf)
