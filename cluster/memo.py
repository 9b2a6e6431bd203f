"""`Memo`: answers that are known, bounded in number and bytes; the least recently used go first.

The key covers everything that an answer is a function of: operation, rules (gas is a function of them), alignment, length and bytes. Two
requests share an entry only where SHA-256 collides. "unserved" is no answer and never stored.
"""

from __future__ import annotations

import struct
import threading
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from coproc.operation import Answer, Request
from coproc.ops import OPERATIONS

from .pools.protocol import PackedBatch

MAX_ENTRIES: Final = 1 << 18
MAX_BYTES: Final = 128 << 20
ENTRY_BYTES: Final = 512
"""Bytes that an entry takes beside its answer: key, answer, and their place in the table."""

_INDEX: Final = {name: index for index, name in enumerate(OPERATIONS)}
_HEAD: Final = struct.Struct("<BBBxQ")


def memo_key(request: Request) -> bytes:
    """44 bytes: operation, rules, alignment, length, and the SHA-256 digest of the argument buffer."""
    args = request.args
    return _HEAD.pack(_INDEX[request.op], request.rules.code, request.align, len(args)) + sha256(args).digest()


def memo_keys(batch: PackedBatch) -> list[bytes]:
    """`memo_key` of each request of a packed batch."""
    op, pack, data, at = _INDEX[batch.op], _HEAD.pack, memoryview(batch.data), batch.offsets.tolist()  # type: ignore[arg-type]
    rows = zip(batch.rules.tolist(), batch.aligns.tolist(), at, at[1:], strict=False)
    return [pack(op, code, align, stop - start) + sha256(data[start:stop]).digest() for code, align, start, stop in rows]


class Memo:
    """Answers by the request. Safe from any number of threads."""

    def __init__(self, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        """max_entries: 0 keeps nothing. max_bytes: counted with `ENTRY_BYTES` an entry."""
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._bytes = 0
        self._hits = self._misses = 0
        self._lock = threading.Lock()

    def get(self, request: Request) -> Answer | None:
        """The answer of a request, None if it is not known."""
        return self.find(memo_key(request))

    def put(self, request: Request, answer: Answer) -> None:
        """Keep an answer, unless it is none."""
        self.store((memo_key(request),), (answer,))

    def find(self, key: bytes) -> Answer | None:
        """`get` by the key of a request."""
        with self._lock:
            return self._find(key)

    def find_all(self, keys: Sequence[bytes]) -> list[Answer | None]:
        """`find` of each."""
        with self._lock:
            return [self._find(key) for key in keys]

    def store(self, keys: Sequence[bytes], answers: Sequence[Answer]) -> None:
        """`put` by the keys of requests."""
        if self._max_entries <= 0:
            return
        known = self._answers
        with self._lock:
            for key, answer in zip(keys, answers, strict=True):
                if answer.status == "unserved":
                    continue
                if key in known:  # the same answer: it is a function of the key
                    known.move_to_end(key)
                    continue
                known[key] = answer
                self._bytes += _size(answer)
            while len(known) > self._max_entries or self._bytes > self._max_bytes:
                _, gone = known.popitem(last=False)
                self._bytes -= _size(gone)

    def _find(self, key: bytes) -> Answer | None:
        answer = self._answers.get(key)
        if answer is None:
            self._misses += 1
            return None
        self._hits += 1
        self._answers.move_to_end(key)
        return answer

    def clear(self) -> None:
        """Forget everything: whoever answered was wrong."""
        with self._lock:
            self._answers.clear()
            self._bytes = 0

    def missing(self, keys: Sequence[bytes]) -> list[int]:
        """The places of those whose answers are not known, each key once."""
        first = {key: i for i, key in reversed(list(enumerate(keys)))}
        with self._lock:
            return sorted(i for key, i in first.items() if key not in self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def nbytes(self) -> int:
        """Bytes held, `ENTRY_BYTES` an entry counted in."""
        return self._bytes

    @property
    def hits(self) -> int:
        return self._hits

    @property
    def misses(self) -> int:
        return self._misses


def _size(answer: Answer) -> int:
    return ENTRY_BYTES + len(answer.retbuf or b"")
