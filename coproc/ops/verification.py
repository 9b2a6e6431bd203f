"""`Verification`: an operation that answers true or false at a fixed price; most of them by claims that are settled together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np

from coproc.engine.protocol import I64, U8, U64, Buffers, Engine, Parsed
from coproc.operation import Batch, Gas, Operation, Pending


class Verification(Operation):
    """Answers one byte, 0 or 1. Subclasses give `flat`, the price, and `pending`."""

    kind = "bool"
    width = 1
    flat: Gas

    def price(self, length: int, counts: Sequence[int] | None) -> Gas:
        return self.flat

    def prices(self, lengths: U64, parsed: Parsed) -> I64:
        return np.full(len(lengths), self.flat, np.int64)

    def encode(self, value: bool | bytes | None) -> bytes:
        return b"\1" if value else b"\0"

    def values(self, retbuf: U8) -> Sequence[bool | bytes | None]:
        return retbuf.view(np.bool_).ravel().tolist()


def sealed(engine: Engine, name: str, batch: Batch, fields: Sequence[Buffers], keys: U64 | None = None) -> Callable[[], bytes]:
    """The digest of everything that some requests are answered by, in order, when it is asked for.

    fields: what is read of each request; keys uint64[n, w]: digests of their keys, where these are not among the fields.
    """

    def digest() -> bytes:
        state = blake2b(name.encode().ljust(32, b"\0"), digest_size=64)
        state.update(len(batch).to_bytes(8, "little") + batch.rules.tobytes())
        if keys is not None:
            state.update(keys.tobytes())
        for field in fields:
            state.update(field.lengths.tobytes())
            state.update(engine.blake2b_512(field).tobytes())
        return state.digest()

    return digest


def nothing(n: int) -> Pending:
    """All false."""
    return Pending(np.zeros(n, np.uint8), np.zeros((n, 1), np.uint8))
