"""How a call ends badly.

    CoprocError
    ├─ ContractTrap              an error of the contract, named as Piecrust names it; a caller's `c` sees its code
    │  ├─ OutOfGas  Panic  ContractDoesNotExist  MemoryAccessOutOfBounds  MissingHostQuery  MissingFeed
    │  └─ InitalizationError  SessionError  Utf8  WasmTrap  PersistenceError  InvalidFunction  InvalidArgumentBuffer
    └─ HostPanic                 upstream's host panics here: the whole root call ends, no caller's `c` sees it, all its state reverts

Whatever else is raised while a contract runs (`EngineError`, `Unserved`, an interrupt) is no answer: the call's state reverts and the
exception leaves `Session.call`.
"""

from __future__ import annotations

from typing import ClassVar

from coproc.errors import CoprocError

from .wasm import ModuleError

UNKNOWN = -(1 << 31)


class ContractTrap(CoprocError):
    """An error of a contract. `variant`: of `piecrust::Error`; `code`: what a caller's `c` returns."""

    variant: ClassVar[str] = ""
    code: ClassVar[int] = UNKNOWN


class HostPanic(CoprocError):
    """Upstream's host itself panics at this point."""

    variant: ClassVar[str] = "HostPanic"


class OutOfGas(ContractTrap):
    variant = "OutOfGas"
    code = -2

    def __init__(self) -> None:
        super().__init__("OutOfGas")


class Panic(ContractTrap):
    """The contract's own `panic`, with its message."""

    variant = "Panic"
    code = -1

    def __init__(self, message: str) -> None:
        super().__init__(f"Panic: {message}")
        self.message = message


class ContractDoesNotExist(ContractTrap):
    variant = "ContractDoesNotExist"
    code = -3

    def __init__(self, contract: bytes) -> None:
        super().__init__(f"Contract does not exist: {contract.hex()}")


class MemoryAccessOutOfBounds(ContractTrap):
    variant = "MemoryAccessOutOfBounds"

    def __init__(self, offset: int, length: int, memory: int) -> None:
        super().__init__(f"Memory access out of bounds: offset {offset}, length {length}, memory length {memory}")


class MissingHostQuery(ContractTrap):
    variant = "MissingHostQuery"

    def __init__(self, name: str) -> None:
        super().__init__(f"Missing host query: {name}")


class MissingFeed(ContractTrap):
    variant = "MissingFeed"

    def __init__(self) -> None:
        super().__init__("Missing feed")


class InitalizationError(ContractTrap):  # upstream's spelling
    variant = "InitalizationError"

    def __init__(self, why: str) -> None:
        super().__init__(f"InitalizationError: {why}")


class SessionError(ContractTrap):
    variant = "SessionError"

    def __init__(self, why: str) -> None:
        super().__init__(f"Session error: {why}")


class Utf8(ContractTrap):
    variant = "Utf8"


class WasmTrap(ContractTrap):
    """A trap of WebAssembly, a missing export, or a module that the engine refuses."""

    variant = "RuntimeError"


class PersistenceError(ContractTrap):
    variant = "PersistenceError"


class InvalidFunction(ContractTrap):
    variant = "InvalidFunction"


class InvalidArgumentBuffer(ContractTrap):
    variant = "InvalidArgumentBuffer"


_OF_A_MODULE: dict[str, type[ContractTrap]] = {
    kind.variant: kind for kind in (WasmTrap, PersistenceError, InvalidFunction, InvalidArgumentBuffer)
}


def refused(error: ModuleError) -> ContractTrap:
    """The error of a deployment whose module is refused."""
    return _OF_A_MODULE[error.variant](str(error))


def describe(error: ContractTrap | HostPanic) -> str:
    """As `piecrust-run` prints it: the variant, a colon, the text."""
    return f"{error.variant}: {error}"
