"""The twelve functions that a contract may import, with Piecrust's behaviour to the byte and to the unit of gas.

Each acts for the contract on top of the call tree of the session that runs in this thread. An error is kept in the session, and a
plain trap ends the contract: no exception crosses a WASM frame. Source: contract-vm.md, "Imports" and "Calls".
"""

from __future__ import annotations

import codecs
import threading
from collections.abc import Callable
from ctypes import c_int64
from typing import TYPE_CHECKING, Any, Final

from coproc.operation import BOREAS_CODE
from coproc.wire import rkyv

from .errors import (
    ContractTrap,
    HostPanic,
    InitalizationError,
    MemoryAccessOutOfBounds,
    MissingFeed,
    MissingHostQuery,
    OutOfGas,
    Panic,
    Utf8,
    WasmTrap,
)
from .library import HOST_FUNCTION, wasmtime
from .receipt import Event
from .wasm import ARGUMENT_BYTES
from .wasm.rules import IMPORTS

if TYPE_CHECKING:
    from .instance import Instance
    from .session import Session

ID_BYTES: Final = 32
EVENT_BYTE: Final = 4  # gas for each byte of topic and data
_LONGEST_NAME: Final = 100_000  # that the engine lets an export have
_PIECE: Final = 1 << 20
_NOBODY: Final = "\0"  # no query, no metadata, no function


class _Active(threading.local):
    session: Session | None = None


active: Final = _Active()
"""The session that runs in this thread."""


def check_pointer(instance: Instance, offset: int, length: int) -> None:
    """Inside the address space of the memory, whatever its length. Raises MemoryAccessOutOfBounds."""
    if offset + length > instance.memory.bytes:
        raise MemoryAccessOutOfBounds(offset, length, instance.memory.bytes)


def check_argument(instance: Instance, length: int) -> None:
    """At most what the argument buffer holds. Raises MemoryAccessOutOfBounds."""
    if length > ARGUMENT_BYTES or instance.argument + length > instance.memory.bytes:
        raise MemoryAccessOutOfBounds(instance.argument, length, instance.memory.bytes)


def _name(instance: Instance, offset: int, length: int) -> str:
    """A name in UTF-8; one too long for anything to be called so is only checked, and becomes `_NOBODY`. Raises UnicodeDecodeError."""
    if length <= _LONGEST_NAME:
        return instance.memory.read(offset, length).decode()
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, length, _PIECE):
        decoder.decode(instance.memory.read(offset + start, min(_PIECE, length - start)))
    decoder.decode(b"", final=True)
    return _NOBODY


def _engine_name(instance: Instance, offset: int, length: int) -> str:
    """`_name`, where upstream lets invalid UTF-8 through as an error of its engine. Raises WasmTrap."""
    try:
        return _name(instance, offset, length)
    except UnicodeDecodeError as error:
        raise WasmTrap(f"invalid utf-8: {error}") from error


def hq(session: Session, name_offset: int, name_length: int, length: int) -> int:
    """Host query: priced from the argument bytes, charged, answered."""
    instance = session.instance
    check_pointer(instance, name_offset, name_length)
    check_argument(instance, length)
    name = _engine_name(instance, name_offset, name_length)
    remaining = instance.remaining
    operation = session.queries.get(name)
    if operation is None:
        raise MissingHostQuery(name)
    args = instance.memory.read(instance.argument, length)
    fields = rkyv.read(operation.layout, args, instance.align)
    cost = 0
    if session.rules.code >= BOREAS_CODE:
        cost = operation.price(length, None if fields is None else [count for _, count in fields])
    if remaining < cost:
        instance.remaining = 0
        raise OutOfGas
    instance.remaining = remaining - cost
    retbuf = session.answer(operation, args, instance.align, well_formed=fields is not None)
    instance.memory.write(instance.argument, retbuf)
    return len(retbuf)


def hd(session: Session, name_offset: int, name_length: int) -> int:
    """Session metadata by name; nothing where the name is unknown."""
    instance = session.instance
    check_pointer(instance, name_offset, name_length)
    data = session.metadata.get(_engine_name(instance, name_offset, name_length), b"")
    _put(instance, data)
    return len(data)


def _put(instance: Instance, data: bytes) -> None:
    if len(data) > ARGUMENT_BYTES:
        raise HostPanic(f"{len(data)} bytes do not fit the argument buffer")
    instance.memory.write(instance.argument, data)


def _put_error(instance: Instance, error: ContractTrap) -> int:
    if isinstance(error, Panic):
        message = error.message.encode()
        _put(instance, len(message).to_bytes(4, "little") + message)
    return error.code


def c(session: Session, contract_offset: int, name_offset: int, name_length: int, length: int, gas: int) -> int:
    """Call another contract."""
    caller = session.instance
    memory = caller.memory
    check_pointer(caller, contract_offset, ID_BYTES)
    check_pointer(caller, name_offset, name_length)
    check_argument(caller, length)
    remaining = caller.remaining
    limit = gas if 0 < gas < remaining else remaining // 100 * 93 + remaining % 100 * 93 // 100
    contract = memory.read(contract_offset, ID_BYTES)
    try:
        name = _name(caller, name_offset, name_length)
    except UnicodeDecodeError as error:
        raise Utf8(str(error)) from error
    arg = memory.read(caller.argument, length)
    checkpoint = len(session.events)
    try:
        frame = session.push(contract, limit)
    except ContractTrap as error:
        return _put_error(caller, error)
    try:
        callee = session.instance
        callee.memory.snap()
        if name == "init":
            raise InitalizationError("init call not allowed")
        callee.memory.write(callee.argument, arg)
        result = session.run(callee, name, length, limit)
        check_argument(callee, result & 0xFFFF_FFFF)
        data = callee.memory.read(callee.argument, result)
        spent = limit - callee.remaining
    except ContractTrap as error:
        session.undo(frame, checkpoint)
        session.pop(frame)
        frame.prune()
        caller.remaining = remaining - limit
        return _put_error(caller, error)
    frame.spent = spent
    session.pop(frame)
    memory.write(caller.argument, data)
    caller.remaining = remaining - spent
    return result


def emit(session: Session, topic_offset: int, topic_length: int, length: int) -> None:
    """An event, charged by the byte."""
    instance = session.instance
    check_pointer(instance, topic_offset, topic_length)
    check_argument(instance, length)
    remaining = instance.remaining
    cost = EVENT_BYTE * (topic_length + length)
    if cost > remaining:
        instance.remaining = 0
        raise OutOfGas
    instance.remaining = remaining - cost
    data = instance.memory.read(instance.argument, length)
    try:
        topic = instance.memory.read(topic_offset, topic_length).decode()
    except UnicodeDecodeError as error:
        raise WasmTrap(f"invalid utf-8: {error}") from error
    session.events.append(Event(instance.contract, topic, data))


def feed(session: Session, length: int) -> None:
    """Bytes for whoever made the feeder call."""
    instance = session.instance
    check_argument(instance, length)
    data = instance.memory.read(instance.argument, length)
    if session.feeder is None:
        raise MissingFeed
    session.feeder.append(data)


def caller(session: Session) -> int:
    """The id of the calling contract, if there is one."""
    above = session.frame.parent
    if above is None:
        return 0
    _put(session.instance, above.contract)
    return 1


def callstack(session: Session) -> int:
    """The ids of the calling contracts, nearest first."""
    ids = [frame.contract for frame in session.frame.callers()]
    _put(session.instance, b"".join(ids))
    return len(ids)


def limit(session: Session) -> int:
    return session.frame.limit


def spent(session: Session) -> int:
    return session.frame.limit - session.instance.remaining


def panic(session: Session, length: int) -> None:
    """End the call with a message."""
    instance = session.instance
    check_argument(instance, length)
    try:
        message = instance.memory.read(instance.argument, length).decode()
    except UnicodeDecodeError as error:
        raise Utf8(str(error)) from error
    raise Panic(message)


def owner(session: Session, contract_offset: int) -> int:
    """The owner of a contract; offset 0 means this one."""
    instance = session.instance
    check_pointer(instance, contract_offset, ID_BYTES)
    contract = instance.memory.read(contract_offset, ID_BYTES) if contract_offset else instance.contract
    found = session.owner(contract)
    if found is None:
        return 0
    _put(instance, found)
    return len(found)


def self_id(session: Session) -> None:
    _put(session.instance, session.instance.contract)


def refuel(session: Session) -> None:
    """The next slice of gas, if there is any: not an import of contracts, but called by what meters them. Raises OutOfGas."""
    instance = session.instance
    remaining = instance.remaining
    if not remaining:
        raise OutOfGas
    if session.speculation is not None:
        session.speculation.look()
    instance.remaining = remaining


_FUNCTIONS: Final[dict[str, Callable[..., int | None]]] = {
    "caller": caller, "callstack": callstack, "c": c, "hq": hq, "hd": hd, "emit": emit, "feed": feed, "limit": limit, "spent": spent,
    "panic": panic, "owner": owner, "self_id": self_id,
}  # fmt: skip


def _host_function(function: Callable[..., int | None], parameters: str, *, is_64: bool) -> Any:
    """A C function pointer: arguments and result are 16-byte cells, the result in the first. parameters: as in `IMPORTS`."""
    masks = [0xFFFF_FFFF if letter == "i" or (letter == "P" and not is_64) else 0xFFFF_FFFF_FFFF_FFFF for letter in parameters]
    cells = c_int64 * (2 * max(1, len(masks)))
    places = [(2 * number, mask) for number, mask in enumerate(masks)]

    def enter(_env: int, _caller: int, address: int, _count: int) -> int | None:
        session = active.session
        assert session is not None
        try:
            if not address:
                function(session)
                return None
            words = cells.from_address(address)
            result = function(session, *[words[place] & mask for place, mask in places])
            if result is not None:
                words[0] = result if result < 1 << 63 else result - (1 << 64)
            return None
        except BaseException as error:
            session.pending = error
            trap: int = wasmtime().wasmtime_trap_new(b"host", 4)
            return trap

    return HOST_FUNCTION(enter)


HOST_FUNCTIONS: Final = {
    (name, is_64): _host_function(function, IMPORTS[name][0], is_64=is_64)
    for name, function in _FUNCTIONS.items()
    for is_64 in (False, True)
}
"""(name, 64-bit memory) → C function pointer. They live as long as the process."""

REFUEL_FUNCTION: Final = _host_function(refuel, "", is_64=False)
"""C function pointer of `refuel`."""
