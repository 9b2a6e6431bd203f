"""`Running`: the call tree of a session, as host functions see it.

One call tree at a time, an instance a contract. A failed call leaves no trace in any memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coproc.coprocessor import Coprocessor
from coproc.errors import Unserved
from coproc.operation import Operation, Request, Rules

from .call_tree import MAX_DEPTH, Frame
from .calls import Call, Deployment
from .contracts import Contracts
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
from .instance import Instance
from .library import native
from .receipt import Event, Receipt
from .speculation import Speculation
from .wasm import ARGUMENT_BYTES

INIT: Final = "init"


class Running:
    """instance: of the contract on top of the call tree. pending: why a host function ended the contract. feeder: what is fed, if asked.

    speculation: of the block that runs.
    """

    rules: Rules

    def __init__(
        self, contracts: Contracts, coprocessor: Coprocessor, metadata: Mapping[str, bytes], queries: Mapping[str, Operation]
    ) -> None:
        self.contracts, self.coprocessor = contracts, coprocessor
        self.metadata, self.queries = dict(metadata), dict(queries)
        self._native = native()
        self._in_tree: dict[bytes, Instance] = {}
        self._frame: Frame | None = None
        self.instance: Instance
        self.pending: BaseException | None = None
        self.events: list[Event] = []
        self.feeder: list[bytes] | None = None
        self.speculation: Speculation | None = None

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
            instance = self.contracts.instance(contract)
            if instance is None:
                raise ContractDoesNotExist(contract)
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

    def _end_tree(self) -> None:
        """Forget the instances that cannot be set back."""
        self._frame = None
        self._native.coproc_vm_enter(None)
        for contract, instance in self._in_tree.items():
            if instance.memory.take_grown() or instance.compiled.metered.changes_instance:
                self.contracts.drop_instance(contract)
        self._in_tree.clear()

    # ---- deployment ----
    def _deploy(self, contract: bytes, bytecode: bytes, owner: bytes, init_arg: bytes, gas_limit: int) -> Deployment:
        if self.contracts.get(contract) is not None:
            raise InitalizationError("Deployed error already exists")
        entry = self.contracts.add(contract, bytecode, owner)
        try:
            instance = self.contracts.instantiate(contract, entry)
            for offset, start, end in entry.compiled.data:
                entry.memory.write(offset, bytecode[start:end])
            if INIT not in entry.compiled.contract.functions:
                return Deployment(contract, None)
            instance.reset()
            return Deployment(contract, self._root_call(Call(contract, INIT, init_arg, gas_limit)))
        except BaseException:
            self.contracts.remove(contract)
            raise

    def owner(self, contract: bytes) -> bytes | None:
        """The owner of a contract, None if there is no such contract."""
        entry = self.contracts.get(contract)
        return None if entry is None else entry.owner

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
