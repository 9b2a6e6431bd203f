"""`Contracts`: those that a session has looked at, each with one memory for the session's life and an instance that is kept.

An instance is kept from call tree to call tree with its mutable globals set back, unless its module writes tables or drops segments.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

from .engine import Compiled, Engine
from .instance import Instance
from .library import Digests
from .memory import Memory
from .module_cache import ModuleCache
from .state import ContractChange, NewContract, StateView
from .wasm.module import PAGE


@dataclass(slots=True, eq=False)
class Loaded:
    """A contract. new: where it is not in the state yet."""

    compiled: Compiled
    owner: bytes
    memory: Memory
    new: NewContract | None


class Contracts:
    """For one thread at a time. digests: what instances hash with, None where nothing may be hashed for them."""

    def __init__(self, engine: Engine, cache: ModuleCache | None, view: StateView) -> None:
        self._engine, self._cache, self._view = engine, cache, view
        self._loaded: dict[bytes, Loaded] = {}
        self._kept: dict[bytes, Instance] = {}
        self.digests: Digests | None = None

    def get(self, contract: bytes) -> Loaded | None:
        """A contract, None if there is none."""
        entry = self._loaded.get(contract)
        if entry is None:
            stored = self._view.contract(contract)
            if stored is None:
                return None
            compiled = self._engine.compile(stored.bytecode, self._cache)
            memory = Memory(is_64=compiled.contract.is_64)
            memory.length = stored.length
            pages = stored.pages()
            memory.set_pages(pages.indexes, pages.addresses)
            entry = self._loaded[contract] = Loaded(compiled, stored.owner, memory, None)
        return entry

    def add(self, contract: bytes, bytecode: bytes, owner: bytes) -> Loaded:
        """A new contract, its memory empty."""
        compiled = self._engine.compile(bytecode, self._cache)
        memory = Memory(is_64=compiled.contract.is_64)
        entry = self._loaded[contract] = Loaded(compiled, owner, memory, NewContract(bytecode, owner, compiled.contract.is_64))
        return entry

    def remove(self, contract: bytes) -> None:
        """One that was added."""
        self.drop_instance(contract)
        self._loaded.pop(contract).memory.close()

    def instance(self, contract: bytes) -> Instance | None:
        """An instance as if it were new; None if there is no such contract."""
        entry = self.get(contract)
        if entry is None:
            return None
        kept = self._kept.get(contract)
        if kept is None:
            return self.instantiate(contract, entry)
        kept.reset()
        return kept

    def instantiate(self, contract: bytes, entry: Loaded) -> Instance:
        """A new instance, which is kept."""
        instance = self._kept[contract] = Instance(contract, entry.compiled, entry.memory)
        if self.digests is not None:
            instance.running.digests = ctypes.addressof(self.digests)
        return instance

    def drop_instance(self, contract: bytes) -> None:
        """Between calls: forget the instance of a contract."""
        if instance := self._kept.pop(contract, None):
            instance.close()

    def changes(self) -> dict[bytes, ContractChange]:
        """What became of every contract here. The pages' addresses hold until the next call."""
        return {
            contract: ContractChange(
                entry.memory.length, {index: entry.memory.base + index * PAGE for index in entry.memory.dirty()}, entry.new
            )
            for contract, entry in self._loaded.items()
        }

    def close(self) -> None:
        for instance in self._kept.values():
            instance.close()
        self._kept.clear()
        for entry in self._loaded.values():
            entry.memory.close()
        self._loaded.clear()
