"""A WebAssembly module, read as far as contracts need it: everything but the instructions, which `meter` reads in its one pass.

What dusk-vm accepts is WebAssembly 2.0 without reference types, with relaxed SIMD, memory64 and multi-memory. Whatever belongs to another
proposal is refused here by the proposal's name. Types and indices are not checked: the engine has validated the module.
Source: WebAssembly 2.0, sections 5.3 to 5.5; the proposals' own documents for the encodings that are refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from .cursor import Cursor
from .refusal import ModuleError, malformed, off

PAGE: Final = 65536
Kind = Literal[0, 1, 2, 3]
FUNCTION: Final = 0
TABLE: Final = 1
MEMORY: Final = 2
GLOBAL: Final = 3
I32, I64, F32, F64, V128, FUNCREF = 0x7F, 0x7E, 0x7D, 0x7C, 0x7B, 0x70

EXPORTS_AT_MOST: Final = 100_000  # the limits of Piecrust's own parser, wasmparser 0.202, where a current one allows more
TABLE_ENTRIES_AT_MOST: Final = 10_000_000

_ORDER: Final = {number: place for place, number in enumerate((1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11))}
_VALUES: Final = frozenset((I32, I64, F32, F64, V128))
_TYPE_OFF: Final = {
    0x70: "reference-types", 0x6F: "reference-types", 0x63: "function-references", 0x64: "function-references", 0x69: "exceptions",
    0x74: "exceptions", 0x68: "stack-switching", 0x75: "stack-switching", 0x65: "shared-everything-threads",
} | dict.fromkeys((0x6E, 0x6D, 0x6C, 0x6B, 0x6A, 0x71, 0x72, 0x73, 0x78, 0x77), "gc")  # fmt: skip
_CONSTANT_OFF: Final = {
    0x6A: "extended-const", 0x6B: "extended-const", 0x6C: "extended-const", 0x7C: "extended-const", 0x7D: "extended-const",
    0x7E: "extended-const", 0xD0: "reference-types", 0xD2: "reference-types", 0xFB: "gc",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FunctionType:
    """Parameters and results, one byte of the binary format for each."""

    parameters: bytes
    results: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a table (entries) or a memory (64 KiB pages)."""

    minimum: int
    maximum: int | None
    is_64: bool


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant expression of one instruction; `value` is an integer for i32 and i64 (signed), raw bytes for f32, f64 and v128.

    `imported` is the index of the imported global that it reads instead.
    """

    type: int
    value: int | bytes
    imported: int | None = None


@dataclass(frozen=True, slots=True)
class Global:
    type: int
    mutable: bool
    initial: Constant


@dataclass(frozen=True, slots=True)
class Import:
    """`type` is a type's index for a function, else what the kind has: `Limits`, or (value type, mutable)."""

    module: str
    name: str
    kind: Kind
    type: int | Limits | tuple[int, bool]


@dataclass(frozen=True, slots=True)
class Export:
    name: str
    kind: Kind
    index: int


@dataclass(frozen=True, slots=True)
class DataSegment:
    """Bytes `start` to `end` of the module; `offset` is None where the segment is passive."""

    memory: int
    offset: Constant | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ElementSegment:
    """`count` functions; `offset` is None where the segment is passive or declared."""

    table: int
    offset: Constant | None
    count: int


@dataclass(slots=True)
class Module:
    """The parts of `binary`. Indices count imports first, as WebAssembly does."""

    binary: bytes
    sections: dict[int, tuple[int, int]] = field(default_factory=dict)  # number → bytes of its content
    types: list[FunctionType] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    imported: tuple[list[Import], ...] = field(default_factory=lambda: ([], [], [], []))  # the same, by kind
    functions: list[int] = field(default_factory=list)  # type index of each function of its own
    tables: list[Limits] = field(default_factory=list)
    memories: list[Limits] = field(default_factory=list)
    globals: list[Global] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    start: int | None = None
    elements: list[ElementSegment] = field(default_factory=list)
    data: list[DataSegment] = field(default_factory=list)
    bodies: list[tuple[int, int]] = field(default_factory=list)  # bytes of each function's code

    def function_type(self, index: int) -> FunctionType:
        """The type of function `index`, imports first."""
        try:
            here = self.imported[FUNCTION]
            number = here[index].type if index < len(here) else self.functions[index - len(here)]
            assert isinstance(number, int)
            return self.types[number]
        except IndexError:
            raise ModuleError(f"function {index} does not exist") from None


def read_module(binary: bytes) -> Module:
    """The module in `binary`. Raises `ModuleError` (`RuntimeError`) if it is malformed or uses a proposal that is off."""
    module = Module(binary)
    cursor = Cursor(binary)
    if cursor.take(4) != b"\0asm":
        raise malformed("no WebAssembly", 0)
    version = cursor.take(4)
    if version[2:] != b"\0\0":
        raise off("component-model", "a component", 4)
    if version != b"\1\0\0\0":
        raise malformed("unknown version", 4)
    place = -1
    while cursor.pos < cursor.end:
        at = cursor.pos
        number = cursor.byte()
        size = cursor.unsigned()
        if size > cursor.end - cursor.pos:
            raise malformed("section longer than the module", at)
        part = Cursor(binary, cursor.pos, cursor.pos + size)
        cursor.pos = part.end
        if number == 0:
            part.name()
            continue
        if number == 13:
            raise off("exceptions", "a tag section", at)
        if number not in _ORDER:
            raise malformed(f"section {number} is unknown", at)
        if _ORDER[number] <= place:
            raise malformed(f"section {number} is out of order", at)
        place = _ORDER[number]
        module.sections[number] = (part.pos, part.end)
        _READ[number](module, part)
        if part.pos != part.end:
            raise malformed(f"section {number} has a tail", part.pos)
    if len(module.functions) != len(module.bodies):
        raise malformed("not as many functions as bodies", len(binary))
    return module


def value_type(part: Cursor) -> int:
    """The next value type: a number's or a vector's."""
    at = part.pos
    value = part.byte()
    if value in _VALUES:
        return value
    if value in _TYPE_OFF:
        raise off(_TYPE_OFF[value], f"value type {value:#x}", at)
    raise malformed(f"value type {value:#x}", at)


def _read_types(module: Module, part: Cursor) -> None:
    for _ in range(part.count()):
        at = part.pos
        form = part.byte()
        if form in (0x4E, 0x4F, 0x50, 0x5E, 0x5F):
            raise off("gc", f"type form {form:#x}", at)
        if form == 0x5D:
            raise off("stack-switching", "a continuation type", at)
        if form == 0x65:
            raise off("shared-everything-threads", "a shared type", at)
        if form != 0x60:
            raise malformed(f"type form {form:#x}", at)
        parameters = bytes(value_type(part) for _ in range(part.count()))
        results = bytes(value_type(part) for _ in range(part.count()))
        module.types.append(FunctionType(parameters, results))


def _limits(part: Cursor, *, of_table: bool) -> Limits:
    at = part.pos
    flags = part.byte()
    if flags & 0x02:
        raise off("threads", "a shared memory", at)
    if flags & 0x08:
        raise off("custom-page-sizes", "a page size", at)
    if flags & ~0x05:
        raise malformed(f"limits {flags:#x}", at)
    is_64 = bool(flags & 0x04)
    if is_64 and of_table:
        raise off("table64", "a table with 64-bit indices", at)  # part of the finished memory64, unknown to Piecrust's engine
    minimum = part.unsigned(64 if is_64 else 32)
    maximum = part.unsigned(64 if is_64 else 32) if flags & 1 else None
    return Limits(minimum, maximum, is_64)


def _table_type(part: Cursor) -> Limits:
    at = part.pos
    element = part.byte()
    if element == 0x40:
        raise off("function-references", "a table with an initial value", at)
    if element in _VALUES:
        raise malformed(f"table of {element:#x}", at)
    if element != FUNCREF:
        raise off(_TYPE_OFF.get(element, "reference-types"), f"table of {element:#x}", at)
    limits = _limits(part, of_table=True)
    if limits.minimum > TABLE_ENTRIES_AT_MOST:
        raise ModuleError(f"table of {limits.minimum} entries at byte {at:#x}: at most {TABLE_ENTRIES_AT_MOST}")
    return limits


def _global_type(part: Cursor) -> tuple[int, bool]:
    value = value_type(part)
    at = part.pos
    mutability = part.byte()
    if mutability & 0x02:
        raise off("shared-everything-threads", "a shared global", at)
    if mutability > 1:
        raise malformed(f"mutability {mutability}", at)
    return value, bool(mutability)


def _read_imports(module: Module, part: Cursor) -> None:
    for _ in range(part.count(4)):
        home, name = part.name(), part.name()
        at = part.pos
        match part.byte():
            case 0:
                entry = Import(home, name, FUNCTION, part.unsigned())
            case 1:
                entry = Import(home, name, TABLE, _table_type(part))
            case 2:
                entry = Import(home, name, MEMORY, _limits(part, of_table=False))
            case 3:
                entry = Import(home, name, GLOBAL, _global_type(part))
            case 4:
                raise off("exceptions", "an imported tag", at)
            case 0x7E | 0x7F:
                raise off("compact-imports", "a group of imports", at)
            case kind:
                raise malformed(f"import of kind {kind}", at)
        module.imports.append(entry)
        module.imported[entry.kind].append(entry)


def _read_functions(module: Module, part: Cursor) -> None:
    module.functions = [part.unsigned() for _ in range(part.count())]


def _read_tables(module: Module, part: Cursor) -> None:
    module.tables = [_table_type(part) for _ in range(part.count(2))]
    if len(module.tables) + len(module.imported[TABLE]) > 1:
        raise off("reference-types", "a second table", part.pos)


def _read_memories(module: Module, part: Cursor) -> None:
    module.memories = [_limits(part, of_table=False) for _ in range(part.count(2))]


def _constant(module: Module, part: Cursor) -> Constant:
    at = part.pos
    match part.byte():
        case 0x41:
            constant = Constant(I32, part.signed(32))
        case 0x42:
            constant = Constant(I64, part.signed(64))
        case 0x43:
            constant = Constant(F32, part.take(4))
        case 0x44:
            constant = Constant(F64, part.take(8))
        case 0xFD:
            if part.unsigned() != 12:
                raise malformed("constant expression", at)
            constant = Constant(V128, part.take(16))
        case 0x23:
            index = part.unsigned()
            imported = module.imported[GLOBAL]
            if index >= len(imported):
                raise off("gc", "a constant expression that reads a global of the module", at)
            global_type = imported[index].type
            assert isinstance(global_type, tuple)
            constant = Constant(global_type[0], 0, index)
        case operator:
            if operator in _CONSTANT_OFF:
                raise off(_CONSTANT_OFF[operator], f"constant expression {operator:#x}", at)
            raise malformed(f"constant expression {operator:#x}", at)
    end = part.byte()
    if end != 0x0B:
        raise off("extended-const", "a constant expression of several instructions", at)
    return constant


def skip_constant(part: Cursor) -> None:
    """Move past a constant expression that `read_module` has read."""
    match part.byte():
        case 0x43:
            part.take(4)
        case 0x44:
            part.take(8)
        case 0xFD:
            part.unsigned()
            part.take(16)
        case 0x42:
            part.signed(64)
        case _:  # i32.const, global.get: as long as the bytes go on
            while part.byte() & 0x80:
                pass
    part.byte()


def _read_globals(module: Module, part: Cursor) -> None:
    for _ in range(part.count(4)):
        value, mutable = _global_type(part)
        module.globals.append(Global(value, mutable, _constant(module, part)))


def _read_exports(module: Module, part: Cursor) -> None:
    count = part.count(3)
    if count > EXPORTS_AT_MOST:
        raise ModuleError(f"{count} exports: at most {EXPORTS_AT_MOST}")
    for _ in range(count):
        name = part.name()
        at = part.pos
        match part.byte():
            case (0 | 1 | 2 | 3) as kind:
                module.exports.append(Export(name, kind, part.unsigned()))
            case 4:
                raise off("exceptions", "an exported tag", at)
            case kind:
                raise malformed(f"export of kind {kind}", at)


def _read_start(module: Module, part: Cursor) -> None:
    module.start = part.unsigned()


def _read_elements(module: Module, part: Cursor) -> None:
    for _ in range(part.count(2)):
        at = part.pos
        flags = part.unsigned()
        if flags > 7:
            raise malformed(f"element segment {flags}", at)
        if flags & 4:
            raise off("reference-types", "an element segment of expressions", at)
        table = 0 if flags & 1 or not flags & 2 else part.unsigned()
        offset = None if flags & 1 else _constant(module, part)
        if flags & 3 and part.byte() != 0:
            raise malformed("element kind", part.pos - 1)
        count = part.count()
        for _ in range(count):
            part.unsigned()
        module.elements.append(ElementSegment(table, offset, count))


def _read_data_count(module: Module, part: Cursor) -> None:
    part.unsigned()


def _read_code(module: Module, part: Cursor) -> None:
    for _ in range(part.count(3)):
        size = part.count()
        module.bodies.append((part.pos, part.pos + size))
        part.pos += size


def _read_data(module: Module, part: Cursor) -> None:
    for _ in range(part.count(2)):
        at = part.pos
        flags = part.unsigned()
        if flags > 2:
            raise malformed(f"data segment {flags}", at)
        memory = part.unsigned() if flags == 2 else 0
        offset = None if flags == 1 else _constant(module, part)
        size = part.count()
        module.data.append(DataSegment(memory, offset, part.pos, part.pos + size))
        part.pos += size


_READ: Final = {
    1: _read_types, 2: _read_imports, 3: _read_functions, 4: _read_tables, 5: _read_memories, 6: _read_globals, 7: _read_exports,
    8: _read_start, 9: _read_elements, 10: _read_code, 11: _read_data, 12: _read_data_count,
}  # fmt: skip
