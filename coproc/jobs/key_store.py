"""Verification keys on disk, found by the digest of their bytes.

One file a key, named by its digest: a line that says what it is and its kind, then the key's bytes. A file is written aside and
moved into place, so that readers see whole keys, and its bytes are digested again on every first read.
"""

from __future__ import annotations

import os
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from coproc.errors import InvalidInput
from coproc.jobs.blobs import MAX_BLOB
from coproc.settings import cache_folder
from coproc.wire import KINDS, canonical, key_digest

MAGIC: Final = b"coproc key 1 "
SUFFIX: Final = ".key"
MAX_KEPT: Final = 256 << 20
"""Bytes of the keys that a store keeps in memory."""
_DIGITS: Final = frozenset("0123456789abcdef")
_DIGEST_DIGITS: Final = 64


class StoredKey(NamedTuple):
    """digest: hex. data: as an archive holds the key."""

    digest: str
    kind: str
    data: bytes


class KeyStore:
    """The keys of a folder (default: `keys` in the cache folder), which need not exist as long as nothing is added."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder() / "keys"
        self._kept: OrderedDict[str, StoredKey] = OrderedDict()
        self._bytes = 0

    def add(self, kind: str, data: bytes) -> StoredKey:
        """Keep a key; one that is there already stays. Raises InvalidInput for a kind or a size that does not exist, OSError."""
        if len(data) > MAX_BLOB:
            raise InvalidInput(f"a key of more than {MAX_BLOB:,} bytes")
        key = StoredKey(key_digest(kind, data).hex(), kind, canonical(kind, data))
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=".", suffix=".part", dir=self.folder)
        try:
            with open(descriptor, "wb") as file:
                file.write(MAGIC + kind.encode() + b"\n" + key.data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, self.path(key.digest))
        except BaseException:
            with suppress(OSError):
                os.unlink(partial)
            raise
        return key

    def path(self, digest: str) -> Path:
        return self.folder / (digest + SUFFIX)

    def digests(self) -> list[str]:
        """Of all files that are named as keys are, in order."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InvalidInput(f"{self.folder}: {error.strerror}") from None
        return sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX) and _is_digest(name.removesuffix(SUFFIX)))

    def __iter__(self) -> Iterator[StoredKey]:
        return map(self.get, self.digests())

    def get(self, digest: str) -> StoredKey:
        """A key by its digest. Raises InvalidInput where there is none, or what is there is damaged."""
        digest = digest.lower()
        if (kept := self._kept.get(digest)) is not None:
            self._kept.move_to_end(digest)
            return kept
        if not _is_digest(digest):
            raise InvalidInput(f"unknown key {digest[:80]!r}: a hash is {_DIGEST_DIGITS} hex digits")
        key = self._read(digest)
        self._kept[digest] = key
        self._bytes += len(key.data)
        while self._bytes > MAX_KEPT and len(self._kept) > 1:
            self._bytes -= len(self._kept.popitem(last=False)[1].data)
        return key

    def _read(self, digest: str) -> StoredKey:
        path = self.path(digest)
        try:
            with path.open("rb") as file:
                text = file.read(MAX_BLOB + 64)
        except FileNotFoundError:
            raise InvalidInput(f"unknown key {digest!r}: none of that hash in {self.folder} (coproc keys add)") from None
        except OSError as error:
            raise InvalidInput(f"key {digest}: {path}: {error.strerror}") from None
        head, _, data = text.partition(b"\n")
        kind = head.removeprefix(MAGIC).decode("ascii", "replace")
        try:
            if not head.startswith(MAGIC) or key_digest(kind, data).hex() != digest:
                raise InvalidInput("its bytes have another hash")
        except InvalidInput as error:
            raise InvalidInput(f"key {digest}: {path} is damaged: {error}") from None
        return StoredKey(digest, kind, data)

    def find(self, kind: str, digest: str) -> bytes:
        """The bytes of a key of a kind. Raises InvalidInput."""
        key = self.get(digest)
        if key.kind != kind:
            raise InvalidInput(f"key {digest.lower()} is of kind {key.kind}, not {kind}")
        return key.data

    def abbreviated(self, text: str) -> str:
        """The digest that begins so. Raises InvalidInput where none or several do."""
        text = text.lower()
        found = [digest for digest in self.digests() if digest.startswith(text)] if set(text) <= _DIGITS and text else []
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidInput(f"{len(found)} keys begin with {text!r}")
        raise InvalidInput(f"unknown key {text[:80]!r}: none in {self.folder} begins so")


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST_DIGITS and set(text) <= _DIGITS


__all__ = ["KINDS", "KeyStore", "StoredKey"]
