"""A session: calls on the state of one commit, which change nothing until they are committed.

One call tree at a time. Each contract has one memory for the session's life and one instance a call tree; an instance is kept from tree to
tree with its mutable globals set back, unless its module writes tables or drops segments. A failed call leaves no trace in any memory.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, NamedTuple, TypeVar

from blake3 import blake3

from coproc.coprocessor import Coprocessor
from coproc.errors import CoprocError, InvalidInput, Unserved
from coproc.operation import Operation, Request, Rules
from coproc.ops import OPERATIONS

from .block import Block, execute_block
from .call_tree import MAX_DEPTH, Frame
from .digests import digests
from .engine import Compiled, Engine
from .errors import (
    ContractDoesNotExist,
    ContractTrap,
    HostPanic,
    InitalizationError,
    MemoryAccessOutOfBounds,
    OutOfGas,
    SessionError,
    WasmTrap,
)
from .imports import active
from .instance import Instance
from .library import Digests, native
from .memory import Memory
from .module_cache import ModuleCache
from .receipt import Event, Receipt
from .speculation import Memo, Speculation
from .stack import DeepThread
from .state import ContractChange, NewContract, StateView, Store
from .wasm import ARGUMENT_BYTES
from .wasm.module import PAGE

INIT: Final = "init"
_T = TypeVar("_T")


class Call(NamedTuple):
    """A call of a block. gas_limit: units, at least 0 and below 2^64."""

    contract: bytes
    function: str
    argument: bytes
    gas_limit: int


class Deployment(NamedTuple):
    """A contract's id and, where it exports `init`, the receipt of that call."""

    contract: bytes
    receipt: Receipt | None


@dataclass(slots=True, eq=False)
class _Contract:
    """A contract that the session has looked at."""

    compiled: Compiled
    owner: bytes
    memory: Memory
    new: NewContract | None


class Session:
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
        self._engine = engine
        self._cache = cache
        self._native = native()
        self._native.coproc_vm_install_handler()
        self._store = store
        self.coprocessor = coprocessor
        self._view: StateView = store.open(base)
        self.metadata: dict[str, bytes] = dict(metadata)
        self.queries: dict[str, Operation] = {name: operation for name, operation in OPERATIONS.items() if name not in excluded}
        self._digests: Digests | None = None
        self.rules = rules
        self._contracts: dict[bytes, _Contract] = {}
        self._kept: dict[bytes, Instance] = {}
        self._in_tree: dict[bytes, Instance] = {}
        self._frame: Frame | None = None
        self._thread = DeepThread()
        self._open = True
        self.instance: Instance  # of the contract on top of the call tree
        self.pending: BaseException | None = None  # why a host function ended the contract
        self.events: list[Event] = []
        self.feeder: list[bytes] | None = None
        self.memo = Memo()  # of the verifications in blocks
        self.speculation: Speculation | None = None  # of the block that runs

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
        contract = blake3(bytecode).digest() if contract_id is None else _id(contract_id)
        _gas(gas_limit)
        return self._deep(lambda: self._deploy(contract, bytes(bytecode), bytes(owner), bytes(init_arg), gas_limit))

    def call(self, contract_id: bytes, function: str, argument: bytes = b"", gas_limit: int = 0, *, feed: bool = False) -> Receipt:
        """Call an exported function. feed: collect what the contract feeds. Whatever goes wrong in the contract is in the receipt.

        Raises InvalidInput for arguments that are no call, and EngineError or Unserved where something could not run at all.
        """
        contract = _id(contract_id)
        _gas(gas_limit)
        return self._deep(lambda: self._call(Call(contract, function, bytes(argument), gas_limit), feed))

    def execute_calls(self, calls: Sequence[Call]) -> list[Receipt]:
        """The receipts of calls in order, each on the state that the one before left."""
        checked = _checked(calls)
        return self._deep(lambda: [self.run_call(call) for call in checked])

    def execute_block(self, calls: Sequence[Call], speculate: bool = True) -> Block:
        """The receipts of calls in order and the root behind them; nothing is committed.

        speculate: verifications are assumed to be true and answered in batches while later calls run; what relied on a wrong
        assumption runs again. The outcome is the same. Raises as `call`; the session then is as the calls before left it.
        """
        checked = _checked(calls)
        return self._deep(lambda: execute_block(self, checked, speculate=speculate))

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
        if self._digests is None or made is None:
            self._digests = made
        else:  # instances point at it
            ctypes.memmove(ctypes.addressof(self._digests), ctypes.addressof(made), ctypes.sizeof(made))

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
        return {
            contract: ContractChange(
                entry.memory.length, {index: entry.memory.base + index * PAGE for index in entry.memory.dirty()}, entry.new
            )
            for contract, entry in self._contracts.items()
        }

    def close(self) -> None:
        """Drop what is not committed."""
        if not self._open:
            return
        self._open = False
        self._thread.close()
        for instance in self._kept.values():
            instance.close()
        self._kept.clear()
        self._in_tree.clear()
        for entry in self._contracts.values():
            entry.memory.close()
        self._contracts.clear()
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

    # ---- contracts ----
    def _contract(self, contract: bytes) -> _Contract | None:
        entry = self._contracts.get(contract)
        if entry is None:
            stored = self._view.contract(contract)
            if stored is None:
                return None
            compiled = self._engine.compile(stored.bytecode, self._cache)
            memory = Memory(is_64=compiled.contract.is_64)
            memory.length = stored.length
            pages = stored.pages()
            memory.set_pages(pages.indexes, pages.addresses)
            entry = self._contracts[contract] = _Contract(compiled, stored.owner, memory, None)
        return entry

    def owner(self, contract: bytes) -> bytes | None:
        """The owner of a contract, None if there is no such contract."""
        entry = self._contract(contract)
        return None if entry is None else entry.owner

    def _deploy(self, contract: bytes, bytecode: bytes, owner: bytes, init_arg: bytes, gas_limit: int) -> Deployment:
        if self._contract(contract) is not None:
            raise InitalizationError("Deployed error already exists")
        compiled = self._engine.compile(bytecode, self._cache)
        memory = Memory(is_64=compiled.contract.is_64)
        entry = _Contract(compiled, owner, memory, NewContract(bytecode, owner, compiled.contract.is_64))
        self._contracts[contract] = entry
        try:
            instance = self._instantiate(contract, entry)
            for offset, start, end in compiled.data:
                memory.write(offset, bytecode[start:end])
            if INIT not in compiled.contract.functions:
                return Deployment(contract, None)
            instance.reset()
            return Deployment(contract, self._root_call(Call(contract, INIT, init_arg, gas_limit)))
        except BaseException:
            if dropped := self._kept.pop(contract, None):
                dropped.close()
            del self._contracts[contract]
            memory.close()
            raise

    # ---- the call tree ----
    @property
    def frame(self) -> Frame:
        """The call that runs."""
        assert self._frame is not None
        return self._frame

    def push(self, contract: bytes, limit: int) -> Frame:
        """Begin a call. Raises SessionError at the greatest depth, ContractDoesNotExist."""
        above = self._frame
        depth = 1 if above is None else above.depth + 1
        if depth > MAX_DEPTH:
            raise SessionError(f"Maximum call depth exceeded ({MAX_DEPTH})")
        instance = self._in_tree.get(contract)
        if instance is None:
            entry = self._contract(contract)
            if entry is None:
                raise ContractDoesNotExist(contract)
            instance = self._kept.get(contract)
            if instance is None:
                instance = self._instantiate(contract, entry)
            else:
                instance.reset()
            self._in_tree[contract] = instance
        frame = Frame(contract, limit, instance.memory.length, above, depth)
        if above is not None:
            above.children.append(frame)
        self._frame = frame
        self._enter(instance)
        return frame

    def _enter(self, instance: Instance) -> None:
        self.instance = instance
        self._native.coproc_vm_enter(instance.running_address)

    def _instantiate(self, contract: bytes, entry: _Contract) -> Instance:
        instance = self._kept[contract] = Instance(contract, entry.compiled, entry.memory)
        if self._digests is not None:
            instance.running.digests = ctypes.addressof(self._digests)
        return instance

    def pop(self, frame: Frame) -> None:
        """Go back to the caller of a nested call."""
        assert frame.parent is not None
        self._frame = frame.parent
        self._enter(self._in_tree[frame.parent.contract])

    def undo(self, frame: Frame, checkpoint: int) -> None:
        """Undo a call and all that it called: memories, their lengths, and its events, which were `checkpoint` before."""
        for event in self.events[checkpoint:]:
            event.reverted = True
        for inner in frame.within():
            memory = self._in_tree[inner.contract].memory
            memory.revert()
            memory.length = inner.length

    def run(self, instance: Instance, name: str, argument_length: int, limit: int) -> int:
        """Run a function of the contract on top. Raises what ended it."""
        result, why = instance.call(name, argument_length, limit)
        if why is None:
            return result
        pending, self.pending = self.pending, None
        if pending is not None and not isinstance(pending, ContractTrap):
            raise pending
        if instance.remaining == 0:
            raise OutOfGas
        raise pending or WasmTrap(why)

    def _call(self, call: Call, feed: bool) -> Receipt:
        if feed:
            self.feeder = []
        try:
            if call.function == INIT:
                raise InitalizationError("init call not allowed")
            return self._root_call(call)
        except (ContractTrap, HostPanic) as error:
            return Receipt(b"", call.gas_limit, call.gas_limit, trap=error.with_traceback(None), feed=tuple(self.feeder or ()))
        finally:
            self.feeder = None

    def _root_call(self, call: Call) -> Receipt:
        contract, name, argument, limit = call
        checkpoint = len(self.events)
        frame = self.push(contract, limit)
        instance = self.instance
        memory = instance.memory
        snapped = False
        try:
            memory.snap()
            snapped = True
            if len(argument) > ARGUMENT_BYTES:
                raise MemoryAccessOutOfBounds(0, len(argument), ARGUMENT_BYTES)
            memory.write(instance.argument, argument)
            result = self.run(instance, name, len(argument), limit)
            if not 0 <= result <= ARGUMENT_BYTES:
                raise HostPanic(f"{name} returned a length of {result}")
            data = memory.read(instance.argument, result)
            frame.spent = limit - instance.remaining
            self._apply(frame)
        except BaseException:
            if snapped:
                self.undo(frame, checkpoint)
            raise
        finally:
            self._end_tree()
        events, self.events = tuple(self.events), []
        return Receipt(data, frame.spent, limit, events, call_tree=frame, feed=tuple(self.feeder or ()))

    def _apply(self, frame: Frame) -> None:
        """Make what a call changed part of the session; while something is assumed, the first level of each memory stays, to undo it."""
        keeps = self.speculation is not None and self.speculation.assuming
        first = {inner.contract: inner for inner in frame.within()} if keeps else {}
        for inner in frame.within():
            memory = self._in_tree[inner.contract].memory
            if self.speculation is not None and first.get(inner.contract) is inner:
                self.speculation.keep(inner.contract, memory, inner.length)
            else:
                memory.apply()

    def drop_instance(self, contract: bytes) -> None:
        """Between calls: forget the instance of a contract, whose memory became shorter."""
        if instance := self._kept.pop(contract, None):
            instance.close()

    def _end_tree(self) -> None:
        """Forget the instances that cannot be set back."""
        self._frame = None
        self._native.coproc_vm_enter(None)
        for contract, instance in self._in_tree.items():
            if instance.memory.take_grown() or instance.compiled.metered.changes_instance:
                instance.close()
                del self._kept[contract]
        self._in_tree.clear()

    # ---- host queries ----
    def answer(self, operation: Operation, args: bytes, align: int, *, well_formed: bool) -> bytes:
        """What a host query leaves in the argument buffer. Raises HostPanic where Dusk's host panics, Unserved where nothing could run."""
        request = Request(operation.name, args, self.rules, align)
        if operation.kind != "bool":
            answer = self.coprocessor.run([request])[0]
        elif self.speculation is None:
            answer = self.coprocessor.submit(request).result()
        else:
            answer = self.speculation.answer(operation, request, well_formed=well_formed)
        if answer.retbuf is None:
            if answer.status == "panic":
                raise HostPanic(f"{operation.name} panics on these arguments")
            raise Unserved(f"{operation.name}: nothing could run it")
        return answer.retbuf


def _id(contract: bytes) -> bytes:
    if len(contract) != 32:
        raise InvalidInput(f"a contract's id is 32 bytes, not {len(contract)}")
    return bytes(contract)


def _checked(calls: Sequence[Call]) -> list[Call]:
    return [Call(_id(call.contract), call.function, bytes(call.argument), _gas(call.gas_limit)) for call in calls]


def _gas(limit: int) -> int:
    if not 0 <= limit < 1 << 64:
        raise InvalidInput(f"gas_limit: {limit} is no unsigned 64-bit number")
    return limit


__all__ = ["Call", "Deployment", "Session"]
