"""`Memo`: answers that are known, bounded in number and bytes; the least recently used go first.

The key covers everything that an answer is a function of: operation, rules (gas is a function of them), alignment, length and bytes. Two
requests share an entry only where BLAKE3 collides. "unserved" is no answer and never stored.
"""

from __future__ import annotations

import struct
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from blake3 import blake3

from coproc.operation import Answer, Request
from coproc.ops import OPERATIONS

MAX_ENTRIES: Final = 1 << 18
MAX_BYTES: Final = 128 << 20
ENTRY_BYTES: Final = 512
"""Bytes that an entry takes beside its answer: key, answer, and their place in the table."""

_INDEX: Final = {name: index for index, name in enumerate(OPERATIONS)}
_HEAD: Final = struct.Struct("<BBBxQ")


def memo_key(request: Request) -> bytes:
    """44 bytes: operation, rules, alignment, length, and the BLAKE3 digest of the argument buffer."""
    args = request.args
    return _HEAD.pack(_INDEX[request.op], request.rules.code, request.align, len(args)) + blake3(args).digest()


def row_key(op: str, code: int, align: int, args: bytes | memoryview) -> bytes:
    """`memo_key` of a request that is not an object; code: `Rules.code`."""
    return _HEAD.pack(_INDEX[op], code, align, len(args)) + blake3(args).digest()


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
        self.store(memo_key(request), answer)

    def find(self, key: bytes) -> Answer | None:
        """`get` by the key of a request."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is None:
                self._misses += 1
                return None
            self._hits += 1
            self._answers.move_to_end(key)
            return answer

    def store(self, key: bytes, answer: Answer) -> None:
        """`put` by the key of a request."""
        if answer.status == "unserved" or self._max_entries <= 0:
            return
        with self._lock:
            if key in self._answers:  # the same answer: it is a function of the key
                self._answers.move_to_end(key)
                return
            self._answers[key] = answer
            self._bytes += _size(answer)
            while len(self._answers) > self._max_entries or self._bytes > self._max_bytes:
                _, gone = self._answers.popitem(last=False)
                self._bytes -= _size(gone)

    def clear(self) -> None:
        """Forget everything: whoever answered was wrong."""
        with self._lock:
            self._answers.clear()
            self._bytes = 0

    def missing(self, requests: Iterable[Request]) -> list[Request]:
        """Those whose answers are not known, each once."""
        keyed = {memo_key(request): request for request in requests}
        with self._lock:
            return [request for key, request in keyed.items() if key not in self._answers]

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
