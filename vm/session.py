"""A session: calls on the state of one commit, which change nothing until they are committed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import TypeVar

from blake3 import blake3

from coproc.coprocessor import Coprocessor
from coproc.errors import CoprocError
from coproc.operation import Rules
from coproc.ops import OPERATIONS

from .block import Block, execute_block
from .calls import Call, Deployment, checked, checked_gas, checked_id
from .contracts import Contracts
from .digests import digests
from .engine import Engine
from .imports import active
from .module_cache import ModuleCache
from .receipt import Receipt
from .running import Running
from .speculation import Memo
from .stack import DeepThread
from .state import ContractChange, StateView, Store

_T = TypeVar("_T")


class Session(Running):
    """Made by `VM.session`. A context manager; for one thread at a time."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        coprocessor: Coprocessor,
        base: bytes | None,
        rules: Rules,
        metadata: Mapping[str, bytes],
        excluded: Collection[str],
        cache: ModuleCache | None,
    ) -> None:
        self._store = store
        self._view: StateView = store.open(base)
        queries = {name: operation for name, operation in OPERATIONS.items() if name not in excluded}
        super().__init__(Contracts(engine, cache, self._view), coprocessor, metadata, queries)
        self._native.coproc_vm_install_handler()
        self.rules = rules
        self._thread = DeepThread()
        self._open = True
        self.memo = Memo()  # of the verifications in blocks

    # ---- for whoever uses the session ----
    def deploy(
        self, bytecode: bytes, owner: bytes, init_arg: bytes = b"", gas_limit: int = 0, *, contract_id: bytes | None = None
    ) -> bytes:
        """Deploy a contract and run its `init`, if it exports one. Returns its id: 32 bytes, blake3 of the bytecode unless given.

        Raises ContractTrap (or HostPanic); the contract is not deployed then.
        """
        return self.deploy_with_receipt(bytecode, owner, init_arg, gas_limit, contract_id=contract_id).contract

    def deploy_with_receipt(
        self, bytecode: bytes, owner: bytes, init_arg: bytes = b"", gas_limit: int = 0, *, contract_id: bytes | None = None
    ) -> Deployment:
        """`deploy`, with the receipt of `init`."""
        contract = blake3(bytecode).digest() if contract_id is None else checked_id(contract_id)
        checked_gas(gas_limit)
        return self._deep(lambda: self._deploy(contract, bytes(bytecode), bytes(owner), bytes(init_arg), gas_limit))

    def call(self, contract_id: bytes, function: str, argument: bytes = b"", gas_limit: int = 0, *, feed: bool = False) -> Receipt:
        """Call an exported function. feed: collect what the contract feeds. Whatever goes wrong in the contract is in the receipt.

        Raises InvalidInput for arguments that are no call, and EngineError or Unserved where something could not run at all.
        """
        contract = checked_id(contract_id)
        checked_gas(gas_limit)
        return self._deep(lambda: self._call(Call(contract, function, bytes(argument), gas_limit), feed))

    def execute_calls(self, calls: Sequence[Call]) -> list[Receipt]:
        """The receipts of calls in order, each on the state that the one before left."""
        some = checked(calls)
        return self._deep(lambda: [self.run_call(call) for call in some])

    def execute_block(self, calls: Sequence[Call], speculate: bool = True) -> Block:
        """The receipts of calls in order and the root behind them; nothing is committed.

        speculate: verifications are assumed to be true and answered in batches while later calls run; what relied on a wrong
        assumption runs again. The outcome is the same. Raises as `call`; the session then is as the calls before left it.
        """
        some = checked(calls)
        return self._deep(lambda: execute_block(self, some, speculate=speculate))

    def run_call(self, call: Call) -> Receipt:
        """`call` for a call that is checked, in the thread of this session."""
        return self._call(call, False)

    @property
    def rules(self) -> Rules:
        """The rules of host queries. What is set holds from the next call on."""
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._rules = rules
        made = digests(self.coprocessor.engine, self.queries, rules)
        if self.contracts.digests is None or made is None:
            self.contracts.digests = made
        else:  # instances point at it
            ctypes.memmove(ctypes.addressof(self.contracts.digests), ctypes.addressof(made), ctypes.sizeof(made))

    def set_metadata(self, name: str, value: bytes) -> None:
        """What `hd` answers for a name from now on."""
        self._check_open()
        self.metadata[name] = bytes(value)

    def root(self) -> bytes:
        """The state root that a commit would have, 32 bytes."""
        self._check_open()
        return self._view.root_of(self.changes())

    def commit(self) -> bytes:
        """Keep the state for good: its root. The session ends."""
        self._check_open()
        root = self._store.commit(self._view.root, self.changes())
        self.close()
        return root

    def changes(self) -> dict[bytes, ContractChange]:
        """What the session did, by contract, of every contract that it looked at. The pages' addresses hold until the next call."""
        return self.contracts.changes()

    def drop_instance(self, contract: bytes) -> None:
        """Between calls: forget the instance of a contract, whose memory became shorter."""
        self.contracts.drop_instance(contract)

    def close(self) -> None:
        """Drop what is not committed."""
        if not self._open:
            return
        self._open = False
        self._thread.close()
        self._in_tree.clear()
        self.contracts.close()
        self._view.close()

    def __del__(self) -> None:
        if getattr(self, "_open", False):
            self.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _check_open(self) -> None:
        if not self._open:
            raise CoprocError("this session is closed")

    def _deep(self, work: Callable[[], _T]) -> _T:
        """Run in the thread whose stack holds the deepest call tree."""
        self._check_open()

        def enter() -> _T:
            active.session = self
            try:
                return work()
            finally:
                active.session = None

        return self._thread.run(enter)


__all__ = ["Call", "Deployment", "Session"]
