"""What a module must be to be a contract, in the order in which Piecrust finds fault, so that the first error is the same.

Instantiation is decided here too: imports are functions known by name, constants are constants, so whether an instance can be made is a
property of the module alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .module import FUNCTION, GLOBAL, I32, I64, MEMORY, PAGE, Constant, FunctionType, Limits, Module
from .refusal import ModuleError

ARGUMENT_BYTES: Final = 65536
MAXIMUM_PAGES_32: Final = 1 << 16
MAXIMUM_PAGES_64: Final = 1 << 26
_P = "P"  # a pointer: i32 or i64, as the memory is

# name → parameters, results; `P` is the pointer's type
IMPORTS: Final = {
    "caller": ("", "i"),
    "callstack": ("", "i"),
    "c": ("PPiiI", "i"),
    "hq": ("Pii", "i"),
    "hd": ("Pi", "i"),
    "emit": ("Pii", ""),
    "feed": ("i", ""),
    "limit": ("", "I"),
    "spent": ("", "I"),
    "panic": ("i", ""),
    "owner": ("P", "i"),
    "self_id": ("", ""),
}


@dataclass(frozen=True, slots=True)
class Contract:
    """What the host must know of a module: pointer width, argument buffer, first length of the memory in bytes, exported functions."""

    module: Module
    is_64: bool
    argument: int
    length: int
    functions: dict[str, int]


def import_type(text: str, *, is_64: bool) -> FunctionType:
    """The type of the import `text`."""
    code = {"i": I32, "I": I64, _P: I64 if is_64 else I32}
    parameters, results = IMPORTS[text]
    return FunctionType(bytes(code[letter] for letter in parameters), bytes(code[letter] for letter in results))


def mapped(*, is_64: bool) -> int:
    """The bytes of address space that each memory has, whatever its length: 4 GiB, or 4 TiB."""
    return PAGE * (MAXIMUM_PAGES_64 if is_64 else MAXIMUM_PAGES_32)


def check_contract(module: Module) -> Contract:
    """The contract that `module` is. Raises `ModuleError` with the variant that Piecrust gives."""
    exported = [entry for entry in module.exports if entry.kind == MEMORY]
    if len(exported) != 1:
        raise ModuleError(f"module has {len(exported)} memories, but only one is allowed", variant="PersistenceError")
    memories = [entry.type for entry in module.imported[MEMORY]] + list(module.memories)
    if len(memories) > 1:
        raise ModuleError(f"module has {len(memories)} memories, which upstream gives the same bytes", feature="multi-memory")
    memory = memories[exported[0].index] if exported[0].index < len(memories) else None
    if not isinstance(memory, Limits):
        raise ModuleError("exported memory does not exist")

    unary = FunctionType(bytes((I32,)), bytes((I32,)))
    functions: dict[str, int] = {}
    for entry in module.exports:
        if entry.kind == FUNCTION:
            if module.function_type(entry.index) != unary:
                raise ModuleError(f"Invalid function: {entry.name}", variant="InvalidFunction")
            functions[entry.name] = entry.index
    for wanted in module.imports:
        if wanted.name not in IMPORTS:
            raise ModuleError(f"Invalid function: {wanted.name}", variant="InvalidFunction")
    for number, wanted in enumerate(module.imports):
        if wanted.kind != FUNCTION:
            raise ModuleError(f"import `{wanted.name}` is a function")
        if module.function_type(number) != import_type(wanted.name, is_64=memory.is_64):
            raise ModuleError(f"import `{wanted.name}` has another type")
    _check_instantiation(module, memory)
    return Contract(module, memory.is_64, _argument(module, memory), memory.minimum * PAGE, functions)


def _check_instantiation(module: Module, memory: Limits) -> None:
    for element in module.elements:
        if element.offset is not None:
            size = module.tables[element.table].minimum if element.table < len(module.tables) else 0
            if _address(element.offset) + element.count > size:
                raise ModuleError("undefined element: out of bounds table access")
    if memory.minimum * PAGE > mapped(is_64=memory.is_64):  # Piecrust refuses only from 2^48 pages on, and leaves its mapping before
        raise ModuleError(f"memory minimum size of {memory.minimum} pages exceeds memory limits")
    for segment in module.data:
        if segment.offset is not None and _address(segment.offset) + segment.end - segment.start > memory.minimum * PAGE:
            raise ModuleError("out of bounds memory access")
    if module.start is not None:
        raise ModuleError("all fuel consumed by WebAssembly: a start function has none")


def _address(offset: Constant) -> int:
    assert isinstance(offset.value, int)
    return offset.value & (0xFFFF_FFFF if offset.type == I32 else 0xFFFF_FFFF_FFFF_FFFF)


def _argument(module: Module, memory: Limits) -> int:
    """The offset of the argument buffer. It may lie beyond the memory's length, but not beyond what is mapped for a memory of its kind.

    Piecrust also takes −65,536 to −1, which wrap around in its check, and panics at each call; such a module is refused here.
    """
    wrong = ModuleError("Invalid global", variant="InvalidArgumentBuffer")
    for entry in module.exports:
        if entry.name == "A" and entry.kind == GLOBAL:
            index = entry.index - len(module.imported[GLOBAL])
            if not 0 <= index < len(module.globals):
                raise wrong
            buffer = module.globals[index]
            if buffer.mutable or buffer.type != (I64 if memory.is_64 else I32) or not isinstance(buffer.initial.value, int):
                raise wrong
            if not 0 <= buffer.initial.value < mapped(is_64=memory.is_64) - ARGUMENT_BYTES:
                raise wrong
            return buffer.initial.value
    raise wrong
