"""hash: blake2b-512 of the bytes as a little-endian integer mod r of BLS12-381; answers a scalar."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coproc.engine.protocol import U8, Buffers, Engine
from coproc.ops.digest import Digest, scalar_retbuf, scalar_values


class Hash(Digest):
    name = "hash"
    kind = "scalar"
    per_byte = 10

    def digest(self, engine: Engine, data: Buffers) -> U8:
        return engine.hash_to_fr(data).view(np.uint8)

    def encode(self, value: bool | bytes | None) -> bytes:
        return scalar_retbuf(value) if isinstance(value, bytes) else self.fallback

    def values(self, retbuf: U8) -> Sequence[bool | bytes | None]:
        return scalar_values(retbuf)
