"""The registry of prepared verification keys of one engine, and the fixed points that verifiers share.

A key is recognised by comparing its bytes with those seen (hashing 36 kB costs as much as a proof); each kind has a `Shelf`. What
operations read of a key is a row of 64-bit words (`coproc.key_rows`). Each tenant has shelves of its own, so that fresh keys of
one do not evict those of another. Keys know no rules.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from coproc import key_forms
from coproc.engine.protocol import POINT_WORDS, U64, Buffers, Curve, Engine, Group, Status, host_of
from coproc.errors import InvalidInput
from coproc.fixed import FixedPoints
from coproc.key_rows import (
    ALPHA_BYTES,
    BLS_LINES,
    BLS_STATUS,
    BLS_WIDTH,
    GROTH16_CLOSING,
    GROTH16_VALID,
    GROTH16_WIDTH,
    MEMBER_STATUS,
    MEMBER_WEIGHTED,
    MEMBER_WIDTH,
    PLONK_VALID,
    PLONK_WIDTH,
)  # fmt: skip
from coproc.shelf import Shelf
from coproc.wire.key_digest import canonical, key_digest

DEFAULT_BYTES: Final = 256 << 20
"""Bytes of the keys of one kind that are kept."""
DEFAULT_KEYS: Final = 4096
DEFAULT_TENANTS: Final = 16
TENANT_SHARE: Final = 4  # a tenant with a name has a quarter of what the registry itself has

MEMBERS_A_KEY: Final = 16  # members are small: so many are kept for each key of another kind


class Kept(NamedTuple):
    """A key of a registry: its kind, its name (`coproc.wire.key_digest`) and its size in bytes."""

    kind: str
    digest: bytes
    size: int


class KeyRegistry:
    """Prepared keys and fixed points of one engine. Safe from any number of threads."""

    def __init__(
        self, engine: Engine, max_bytes: int = DEFAULT_BYTES, max_keys: int = DEFAULT_KEYS, max_tenants: int = DEFAULT_TENANTS
    ) -> None:
        """max_bytes, max_keys: of each kind; each tenant with a name has `TENANT_SHARE` of that. max_tenants: with keys at a time."""
        self.engine = engine = host_of(engine)  # what claims are about is the host's own, and outlives an accelerator
        self._limits = max_bytes, max_keys
        self._max_tenants = max_tenants
        self._tenants: dict[str, KeyRegistry] = {}
        self._parent: KeyRegistry = self
        self._lock = threading.Lock()
        self._fixed: FixedPoints | None = None
        limits = max_bytes, max_keys
        closing = ALPHA_BYTES + 8 * engine.lines_words(Curve.BN254)
        lines = 8 * engine.lines_words(Curve.BLS12_381)
        self.plonk = Shelf(engine, partial(key_forms.plonk, engine), PLONK_WIDTH, *limits)
        groth16, closings = partial(key_forms.groth16, engine), partial(key_forms.closings, engine)
        self.groth16 = Shelf(engine, groth16, GROTH16_WIDTH, *limits, closings, GROTH16_CLOSING, closing)
        self.bls = Shelf(engine, partial(key_forms.bls, engine), BLS_WIDTH, *limits, partial(key_forms.lines, engine), BLS_LINES, lines)
        members, weighted = partial(key_forms.members, engine), partial(key_forms.weighted, engine)
        most = max_bytes, max_keys * MEMBERS_A_KEY
        self.members = Shelf(engine, members, MEMBER_WIDTH, *most, weighted, MEMBER_WEIGHTED, 8 * POINT_WORDS[Group.BLS12_381_G2])

    def of(self, tenant: str) -> KeyRegistry:
        """The keys of a tenant; "" has those of this registry. Where there are too many tenants, the keys of the least recent one go."""
        if not tenant:
            return self
        with self._lock:
            found = self._tenants.pop(tenant, None)
            if found is None:
                found = KeyRegistry(self.engine, *(max(1, limit // TENANT_SHARE) for limit in self._limits))
                found._parent = self
                if len(self._tenants) >= self._max_tenants:
                    del self._tenants[next(iter(self._tenants))]
            self._tenants[tenant] = found  # the last one is the most recent
            return found

    def add(self, kind: str, data: bytes) -> bytes:
        """Prepare a key, and its name. kind: "plonk", "groth16" or "bls". Raises InvalidInput where it is none."""
        digest, key = key_digest(kind, data), Buffers.of([canonical(kind, data)])
        shelves = self._shelves().get(kind)
        if not shelves:
            raise InvalidInput(f"keys of kind {kind} are not prepared")
        for shelf, valid in shelves:
            if not valid(shelf.rows(key)[0]):
                raise InvalidInput(f"no valid key of kind {kind}")
        return digest

    def kept(self) -> list[Kept]:
        """The valid keys that are there, each once, in the order in which they came."""
        kept = (Kept(kind, key_digest(kind, data), len(data)) for kind, data in self._all())
        return list(dict.fromkeys(kept))

    def show(self, digest: bytes) -> bytes | None:
        """The bytes of a valid key by its name, None if it is not here."""
        return next((canonical(kind, data) for kind, data in self._all() if key_digest(kind, data) == digest), None)

    def _shelves(self) -> dict[str, list[tuple[Shelf, Callable[[U64], bool]]]]:
        """The shelves of each kind, and what says that a row is that of a valid key."""
        return {
            "plonk": [(self.plonk, lambda rows: rows.item(PLONK_VALID) == 1)],
            "groth16": [(self.groth16, lambda rows: rows.item(GROTH16_VALID) == 1)],
            "bls": [
                (self.bls, lambda rows: rows.item(BLS_STATUS) == Status.OK),
                (self.members, lambda rows: rows.item(MEMBER_STATUS) == Status.OK),
            ],
        }

    def _all(self) -> Iterator[tuple[str, bytes]]:
        for kind, shelves in self._shelves().items():
            for shelf, valid in shelves:
                yield from ((kind, data) for data, row in shelf.held() if valid(row))

    @property
    def fixed(self) -> FixedPoints:
        """The fixed points of BLS12-381, prepared when first asked for."""
        if self._parent is not self:
            return self._parent.fixed
        if self._fixed is None:
            with self._lock:
                if self._fixed is None:
                    self._fixed = FixedPoints(self.engine)
        return self._fixed


__all__ = ["Kept", "KeyRegistry"]
