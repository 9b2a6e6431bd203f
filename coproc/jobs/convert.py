"""Groth16 claims to job lines, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Final

import msgspec

from coproc.engine.protocol import Engine
from coproc.errors import InvalidInput
from coproc.jobs.claims import Found, FoundClaim
from coproc.jobs.errors import BadLine
from coproc.wire import encode
from coproc.wire.groth16 import Converted, PreparedKey, VerifyingKey, convert_proofs, prepare_key

BATCH: Final = 256
MAX_KEYS: Final = 64
OP: Final = "verify_groth16_bn254"


class LineWriter:
    """Writes a blob line for each key before its first proof, and a job line for each claim.

    key: the one for claims that bring none. keep_going: leave out what is refused; otherwise `done` is true from the first
    refusal on and nothing behind it is written. tell: is told each refusal. `written`, `keys` and `refused` count.
    """

    def __init__(
        self, engine: Engine, stream: BinaryIO, key: VerifyingKey | None, keep_going: bool, tell: Callable[[BadLine], None]
    ) -> None:
        self._engine, self._stream, self._key, self._keep_going, self._tell = engine, stream, key, keep_going, tell
        self._prepared: dict[VerifyingKey, tuple[str, PreparedKey]] = {}
        self._batch: list[FoundClaim] = []
        self._batch_key: VerifyingKey | None = None
        self.written = self.keys = self.refused = 0

    @property
    def done(self) -> bool:
        return self.refused > 0 and not self._keep_going

    def _refuse(self, bad: BadLine) -> None:
        if not self.done:
            self.refused += 1
            self._tell(bad)

    def add(self, found: Found) -> None:
        key = found.key or self._key if isinstance(found, FoundClaim) else None
        if self._batch and (key != self._batch_key or len(self._batch) >= BATCH):
            self.flush()
        if self.done:
            return
        if isinstance(found, BadLine):
            self._refuse(found)
        else:
            self._batch_key = key
            self._batch.append(found)

    def flush(self) -> None:
        """Convert and write what was collected."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        try:
            if self._batch_key is None:
                raise InvalidInput("no verifying key: give --vk FILE")
            name, key = self._prepare(self._batch_key)
        except InvalidInput as error:
            for claim in batch:
                self._refuse(BadLine(claim.where, str(error)))
            return
        for claim, result in zip(batch, convert_proofs(self._engine, key, [(c.proof, c.inputs) for c in batch]), strict=True):
            if isinstance(result, InvalidInput):
                self._refuse(BadLine(claim.where, str(result)))
                if self.done:
                    return
            else:
                self._stream.write(job_line(claim.id, name, key.data, result))
                self.written += 1

    def _prepare(self, key: VerifyingKey) -> tuple[str, PreparedKey]:
        if key not in self._prepared:
            if len(self._prepared) >= MAX_KEYS:
                self._prepared.clear()
            prepared = prepare_key(self._engine, key)
            name = f"key{self.keys}"
            self._stream.write(msgspec.json.encode({"blob": name, "hex": prepared.data.hex()}) + b"\n")
            self._prepared[key] = name, prepared
            self.keys += 1
        return self._prepared[key]


def job_line(id: str, name: str, key: bytes, converted: Converted) -> bytes:
    """One request; its argument buffer in parts, so that the key, the blob `name`, is not repeated on every line."""
    buffer = encode(OP, {"pvk": key.hex(), "proof": converted.proof.hex(), "inputs": converted.inputs.hex()})
    at = buffer.index(key)
    parts = [buffer[:at].hex(), f"@{name}", buffer[at + len(key) :].hex()]
    id = id.encode(errors="backslashreplace").decode()  # a file's name may be no UTF-8
    return msgspec.json.encode({"id": id, "op": OP, "argbuf": parts}) + b"\n"
