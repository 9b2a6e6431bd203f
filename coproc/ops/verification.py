"""`Verification`: an operation that answers true or false at a fixed price."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from coproc.engine.protocol import I64, U8, U64, Engine, Parsed
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Gas, Operation


class Verification(Operation):
    """Answers one byte, 0 or 1. Subclasses give `flat`, the price, and `check`."""

    kind = "bool"
    width = 1
    flat: Gas

    def price(self, length: int, counts: Sequence[int] | None) -> Gas:
        return self.flat

    def prices(self, lengths: U64, parsed: Parsed) -> I64:
        return np.full(len(lengths), self.flat, np.int64)

    @abstractmethod
    def check(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> tuple[U8, U8]:
        """status (OK, PANIC or UNSERVED) and verdict, uint8[n] each, of buffers that decode."""

    def answer(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> tuple[U8, U8]:
        status, verdict = self.check(engine, keys, batch, parsed)
        return status, verdict.reshape(-1, 1)

    def encode(self, value: bool | bytes | None) -> bytes:
        return b"\1" if value else b"\0"

    def values(self, retbuf: U8) -> Sequence[bool | bytes | None]:
        return retbuf.view(np.bool_).ravel().tolist()
