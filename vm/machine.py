"""`VM`: a store of states, and sessions on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path

import coproc
from coproc.coprocessor import Coprocessor
from coproc.operation import DEFAULT_RULES, Rules

from .engine import engine
from .module_cache import ModuleCache
from .session import Session
from .state import Store


class VM:
    """path: a folder that keeps the commits; None: they go with this object. coprocessor: None opens one, closed with this object."""

    def __init__(self, path: str | PathLike[str] | None = None, *, coprocessor: Coprocessor | None = None) -> None:
        """Raises EngineUnavailable where wasmtime or the VM's library is missing, StoreFailure."""
        self._engine = engine()
        self.store = Store(path)
        self._cache = None if path is None else ModuleCache(Path(path) / "modules")
        self._own = None if coprocessor is not None else coproc.open()
        self.coprocessor = coprocessor or self._own

    def session(
        self,
        base_root: bytes | None = None,
        rules: Rules = DEFAULT_RULES,
        metadata: Mapping[str, bytes] | None = None,
        exclude_queries: Collection[str] = (),
    ) -> Session:
        """A session on a commit, None for the empty state. Raises UnknownCommit.

        metadata: what contracts ask for by name, raw bytes; `chain_id` and `block_height` are zero unless given (`block_height` of 4
        bytes on the empty state and of 8 on any other, as upstream). exclude_queries: host queries that are not active here.
        """
        assert self.coprocessor is not None
        defaults = {"chain_id": bytes(1), "block_height": bytes(4 if base_root is None else 8)}
        metadata = defaults | dict(metadata or {})
        return Session(self._engine, self.store, self.coprocessor, base_root, rules, metadata, exclude_queries, self._cache)

    def close(self) -> None:
        """Close the store; sessions of this VM must be closed before."""
        self.store.close()
        if self._own is not None:
            self._own.close()
            self._own = None

    def __enter__(self) -> VM:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
