"""Gas metering by rewriting: a module that counts what it runs, to the unit as Piecrust's engine does, and traps where that one stops.

Piecrust's engine counts in a variable of each function and writes it to the store only where it may be read. The same is done here: the gas
that remains is a mutable i64 global appended after the module's own, `remaining`, and each function works on a local copy of it, `left`.

* function entry: left := remaining − 1; left ≤ 0 → refuel;
* before `loop`, `if`, `br`, `br_if`, `br_table`, and where several paths meet (`else`, `end`): left −= what the straight line has cost;
* loop header: left ≤ 0 → refuel;
* before `call`, `call_indirect`, `return`, `unreachable`, and at the function's end: the same, and remaining := left;
* after a call: left := remaining;
* a load or store that always traps, by its constant offset, counts as `unreachable`.

Refuelling is: remaining := left, a call of the host's function `refuel`, left := remaining. The host may hand out a call's gas in
slices: what a contract has is `remaining` and what the host keeps back. Where that is not above zero together, the host traps: out of gas.
A trap is out of gas exactly if both together are ≤ 0 after it. Gas spent on a straight line since the last write is lost in a trap, as
there. Code that can never run is neither counted nor changed; "can never run" is what that engine says: after `unreachable`, `return`,
`br`, `br_table`, up to an `else` or `end` that a live path reaches.

Where the engine knows branch hints, it is told that this is rare, so that what lives in registers is saved there and not on the way past.
`refuel`, () → (), is imported after the module's own imports, so that every function of the module moves up by one index.

Host functions read and write `remaining`: at a call of theirs everything before it, and the call itself, is counted. It may be below
zero there, and stands for zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from .cursor import Cursor
from .instructions import ONE, RUN, STORE, STORE_COST, decode
from .module import FUNCTION, GLOBAL, PAGE, Module, read_module, skip_constant, value_type
from .refusal import ModuleError, malformed, off
from .rules import MAXIMUM_PAGES_64
from .writer import name, section, signed, unsigned, vector

METER_VERSION: Final = 2  # of the rewriting; part of the key of a compiled module
LOCALS_AT_MOST: Final = 50_000  # the engines' own limit
BR_TABLE_AT_MOST: Final = 131_072  # wasmparser 0.202
REFUEL: Final = ("~", "refuel")  # no import of a contract has this name

_LOOP, _IF, _HEAD, _JOINED, _ELSE, _THEN = 1, 2, 4, 8, 16, 32


@dataclass(frozen=True, slots=True)
class MutableGlobal:
    """A mutable global of the module itself, exported as `export`, so that an instance can be set back to its beginning."""

    export: str
    type: int
    initial: int | bytes


@dataclass(frozen=True, slots=True)
class MeteredModule:
    """The rewritten `binary` and what the host needs to run it.

    Its active data segments are empty: the host lays them into a new contract's memory itself. Its memory has no maximum of its own
    (Piecrust ignores the declared one). It has no start function. `changes_instance`: some function writes a table or drops a segment,
    so an instance cannot be set back, only made anew.
    """

    binary: bytes
    module: Module
    remaining: str  # the export that is the meter: i64, mutable
    mutable_globals: tuple[MutableGlobal, ...]
    changes_instance: bool


def meter_module(module: Module | bytes) -> MeteredModule:
    """Rewrite a module that the engine has validated.

    Raises `ModuleError` for what `read_module` refuses, and for instructions that are unknown or belong to proposals that are off.
    """
    if isinstance(module, bytes):
        module = read_module(module)
    binary = module.binary
    globals_before = len(module.imported[GLOBAL]) + len(module.globals)
    functions_before = len(module.imported[FUNCTION])
    pass_ = _Pass(module, globals_before)
    bodies = [pass_.rewrite(number, start, end) for number, (start, end) in enumerate(module.bodies)]
    prefix = _free_prefix(module)
    mutable = tuple(
        MutableGlobal(f"{prefix}{len(module.imported[GLOBAL]) + index}", entry.type, entry.initial.value)
        for index, entry in enumerate(module.globals)
        if entry.mutable
    )
    meter_globals = [b"\x7e\x01\x42\x00\x0b"] * (2 if pass_.used_second else 1)

    new: dict[int, bytes] = {}
    for number, (start, end) in module.sections.items():
        new[number] = binary[start:end]
    new[1] = _extended(module, 1, [*pass_.block_types, b"\x60\x00\x00"])
    refuel_type = len(module.types) + len(pass_.block_types)
    new[2] = _extended(module, 2, [name(REFUEL[0]) + name(REFUEL[1]) + b"\x00" + unsigned(refuel_type)])
    if module.memories:
        new[5] = vector([_memory_type(entry.minimum, is_64=entry.is_64) for entry in module.memories])
    new[6] = _extended(module, 6, meter_globals)
    exports = [
        name(entry.name) + bytes((entry.kind,)) + unsigned(entry.index + (entry.kind == FUNCTION and entry.index >= functions_before))
        for entry in module.exports
    ]
    exports += [name(prefix + "remaining") + b"\x03" + unsigned(globals_before)]
    exports += [name(entry.export) + b"\x03" + unsigned(int(entry.export[len(prefix) :])) for entry in mutable]
    new[7] = vector(exports)
    new.pop(8, None)
    if 9 in new:
        new[9] = _elements(module, functions_before)
    if module.bodies:
        new[10] = vector(bodies)
    if module.data:
        new[11] = vector([b"\x01" + _counted(b"" if entry.offset else binary[entry.start : entry.end]) for entry in module.data])
    order = (1, 2, 3, 4, 5, 6, 7, 9, 12, 10, 11)
    sections = [section(number, new[number]) for number in order if number in new]
    sections.insert(-2 if module.data and module.bodies else -1, section(0, name("metadata.code.branch_hint") + vector(pass_.hints)))
    out = b"\0asm\1\0\0\0" + b"".join(sections)
    return MeteredModule(out, module, prefix + "remaining", mutable, pass_.changes_instance)


def _extended(module: Module, number: int, entries: list[bytes]) -> bytes:
    """The section's vector with `entries` appended."""
    start, end = module.sections.get(number, (0, 0))
    cursor = Cursor(module.binary, start, end)
    count = cursor.unsigned() if start else 0
    return unsigned(count + len(entries)) + module.binary[cursor.pos : end] + b"".join(entries)


def _elements(module: Module, functions_before: int) -> bytes:
    """The element section, its functions moved up by the one that is imported after `functions_before`."""
    start, end = module.sections[9]
    cursor = Cursor(module.binary, start, end)
    entries = []
    for _ in range(cursor.count()):
        at = cursor.pos
        flags = cursor.unsigned()
        if flags & 1 == 0:
            if flags & 2:
                cursor.unsigned()  # the table
            skip_constant(cursor)
        if flags & 3:
            cursor.byte()  # the kind: functions
        head = module.binary[at : cursor.pos]
        functions = [cursor.unsigned() for _ in range(cursor.count())]
        entries.append(head + vector([unsigned(function + (function >= functions_before)) for function in functions]))
    return vector(entries)


def _counted(content: bytes) -> bytes:
    return unsigned(len(content)) + content


def _memory_type(minimum: int, *, is_64: bool) -> bytes:
    if not is_64:
        return b"\x00" + unsigned(minimum)
    return b"\x05" + unsigned(minimum) + unsigned(max(minimum, MAXIMUM_PAGES_64))


def _free_prefix(module: Module) -> str:
    """A beginning that no export of the module has."""
    used = max((len(entry.name) - len(entry.name.lstrip("~")) for entry in module.exports), default=0)
    return "~" * (used + 1)


class _Pass:
    """The pass over the code. Remembers what the other sections must gain."""

    def __init__(self, module: Module, meter_index: int) -> None:
        self.module = module
        self.used_second = False
        self.changes_instance = False
        self.block_types: list[bytes] = []
        self.hints: list[bytes] = []  # entries of the section of branch hints, one a function
        self._block_type_of: dict[bytes, bytes] = {}
        self._load = b"\x23" + unsigned(meter_index)  # global.get
        self._save = b"\x24" + unsigned(meter_index)  # global.set
        self._second = unsigned(meter_index + 1)
        self._functions_before = len(module.imported[FUNCTION])
        self._refuel = b"\x10" + unsigned(self._functions_before)
        # Where the memory must end: Piecrust's engine checks against 4 GiB, also in 64-bit memories, unless they begin larger.
        memory = module.memories[0] if module.memories else None
        self._bound = 1 << 32
        if memory is not None and memory.minimum > 1 << 16:
            self._bound = memory.maximum * PAGE if memory.maximum is not None else 1 << 64

    def _block_type(self, results: bytes) -> bytes:
        """The type of a block without parameters."""
        if len(results) < 2:
            return results or b"\x40"
        if results not in self._block_type_of:
            self._block_type_of[results] = signed(len(self.module.types) + len(self.block_types))
            self.block_types.append(b"\x60\x00" + unsigned(len(results)) + results)
        return self._block_type_of[results]

    def _locals(self, cursor: Cursor, parameters: int) -> tuple[bytes, bytes, bytes]:
        """Read the local declarations. Returns them with `left` added, and the instructions that get and set `left`."""
        groups = cursor.count(2)
        start = cursor.pos
        total = parameters
        for _ in range(groups):
            total += cursor.unsigned()
            if total > LOCALS_AT_MOST:
                raise malformed("too many locals", start)
            value_type(cursor)
        declared = cursor.data[start : cursor.pos]
        if total < LOCALS_AT_MOST:
            index = unsigned(total)
            return unsigned(groups + 1) + declared + b"\x01\x7e", b"\x20" + index, b"\x21" + index
        # No room for one more: a global serves as well, since each function reads `remaining` anew on entry and after each call.
        self.used_second = True
        return unsigned(groups) + declared, b"\x23" + self._second, b"\x24" + self._second

    def rewrite(self, number: int, start: int, end: int) -> bytes:  # one pass, in one function for speed
        """The body of function `number` of the module's own, with its size."""
        module = self.module
        function_type = module.function_type(len(module.imported[FUNCTION]) + number)
        code = module.binary
        cursor = Cursor(code, start, end)
        local_types, get, put = self._locals(cursor, len(function_type.parameters))
        load, save = self._load, self._save
        # if left <= 0 { remaining = left; refuel(); left = remaining }
        check = get + b"\x42\x00\x57\x04\x40" + get + save + self._refuel + load + put + b"\x0b"
        functions_before = self._functions_before
        run, find = RUN.match, ONE.findall

        # The body is wrapped in a block, so that a branch out of the function meets the write at its end; dropped if there is none.
        out = [local_types, load + b"\x42\x01\x7d" + put, check, b"\x02" + self._block_type(function_type.results)]
        checks = [2]  # their places in `out`
        pos = copied = cursor.pos
        frames = [0]
        live = True
        cost = 0

        while frames:
            stop = run(code, pos, end).end()  # type: ignore[union-attr]  # matches the empty string at least
            if stop != pos:
                if live:
                    cost += len(find(code, pos, stop))
                pos = stop
            if pos >= end:
                raise malformed("function without end", pos)
            opcode = code[pos]
            at = pos
            pos += 1

            if opcode == 0x0B:  # end
                frame = frames.pop()
                if live:
                    if cost and frame & (_IF | _JOINED):  # else the line goes straight on
                        out += (code[copied:at], get, b"\x42", signed(cost), b"\x7d", put)
                        copied = at
                        cost = 0
                else:
                    live = bool(frame & _JOINED)
                    if frame & _IF and frame & _HEAD and (not frame & _ELSE or frame & _THEN):
                        live = True

            elif opcode == 0x10:  # call
                cursor.pos = pos
                function = cursor.unsigned()
                pos = cursor.pos
                call = b"\x10" + unsigned(function + (function >= functions_before))
                if live:
                    out += (code[copied:at], get, b"\x42", signed(cost + 1), b"\x7d", save, call, load, put)
                    cost = 0
                else:
                    out += (code[copied:at], call)
                copied = pos

            elif opcode == 0x11:  # call_indirect
                cursor.pos = pos
                cursor.unsigned()
                if cursor.unsigned():
                    raise off("reference-types", "call_indirect of another table than the first", at)
                pos = cursor.pos
                if live:
                    out += (code[copied:at], get, b"\x42", signed(cost + 1), b"\x7d", save, code[at:pos], load, put)
                    copied = pos
                    cost = 0

            elif 0x36 <= opcode <= 0x3E:  # stores
                store = STORE.match(code, at, end)
                if store is not None:
                    pos = store.end()
                    if live:
                        cost += STORE_COST[opcode]
                else:
                    pos, cost, live, copied = self._other(cursor, at, out, copied, cost, live, get)

            elif 0x02 <= opcode <= 0x04:  # block, loop, if
                if pos < end and (code[pos] == 0x40 or 0x7B <= code[pos] <= 0x7F):
                    pos += 1
                else:
                    cursor.pos = pos
                    if cursor.signed(33) < 0:
                        cursor.pos = pos
                        value_type(cursor)
                    pos = cursor.pos
                if not live:
                    frames.append(_IF if opcode == 0x04 else 0)
                elif opcode == 0x02:
                    frames.append(0)
                else:
                    if opcode == 0x04:
                        cost += 1
                        frames.append(_IF | _HEAD)
                    else:
                        frames.append(_LOOP)
                    if cost:
                        out += (code[copied:at], get, b"\x42", signed(cost), b"\x7d", put)
                        copied = at
                        cost = 0
                    if opcode == 0x03:
                        checks.append(len(out) + 1)
                        out += (code[copied:pos], check)
                        copied = pos

            elif opcode == 0x0C or opcode == 0x0D:  # br, br_if
                cursor.pos = pos
                depth = cursor.unsigned()
                pos = cursor.pos
                if depth >= len(frames):
                    raise malformed("branch out of the function", at)
                if live:
                    if not frames[-1 - depth] & _LOOP:
                        frames[-1 - depth] |= _JOINED
                    out += (code[copied:at], get, b"\x42", signed(cost + 1), b"\x7d", put)
                    copied = at
                    cost = 0
                    live = opcode == 0x0D

            elif opcode == 0x05:  # else
                frame = frames[-1]
                if not frame & _IF or frame & _ELSE:
                    raise malformed("else without if", at)
                if live and cost:
                    out += (code[copied:at], get, b"\x42", signed(cost), b"\x7d", put)
                    copied = at
                    cost = 0
                frames[-1] = frame | _ELSE | (_THEN if live else 0)
                live = bool(frame & _HEAD)

            elif opcode == 0x0F or opcode == 0x00:  # return, unreachable
                if live:
                    out += (code[copied:at], get)
                    if cost:
                        out += (b"\x42", signed(cost), b"\x7d")
                    out.append(save)
                    copied = at
                    cost = 0
                    live = False

            elif opcode == 0x0E:  # br_table
                cursor.pos = pos
                count = cursor.count()
                if count > BR_TABLE_AT_MOST:
                    raise ModuleError(f"br_table of {count} targets at byte {at:#x}: at most {BR_TABLE_AT_MOST}")
                targets = {cursor.unsigned() for _ in range(count + 1)}
                pos = cursor.pos
                if max(targets) >= len(frames):
                    raise malformed("branch out of the function", at)
                if live:
                    for depth in targets:
                        if not frames[-1 - depth] & _LOOP:
                            frames[-1 - depth] |= _JOINED
                    out += (code[copied:at], get, b"\x42", signed(cost + 1), b"\x7d", put)
                    copied = at
                    cost = 0
                    live = False

            elif opcode == 0x1A or opcode == 0x01:  # drop, nop
                pass

            else:
                pos, cost, live, copied = self._other(cursor, at, out, copied, cost, live, get)

        if pos != end:
            raise malformed("code after the function's end", pos)
        if not frame & _JOINED:
            out[3] = b""
            out.append(code[copied : end - 1])
        else:
            out.append(code[copied:end])
        if live:
            out.append(get)
            if cost:
                out += (b"\x42", signed(cost), b"\x7d")
            out.append(save)
        out.append(b"\x0b")
        starts = list(accumulate(map(len, out), initial=0))
        branch = len(get) + 3  # the place of `if` in a check
        rare = [unsigned(starts[place] + branch) + b"\x01\x00" for place in checks]
        self.hints.append(unsigned(self._functions_before + 1 + number) + vector(rare))
        body = b"".join(out)
        return unsigned(len(body)) + body

    def _other(
        self, cursor: Cursor, at: int, out: list[bytes], copied: int, cost: int, live: bool, get: bytes
    ) -> tuple[int, int, bool, int]:
        """An instruction that moves no control and is in no run. Returns (pos, cost, live, copied)."""
        cursor.pos = at
        decoded = decode(cursor, self._bound)
        self.changes_instance |= decoded.changes_instance
        if live:
            cost += decoded.cost
            if decoded.traps:
                out += (cursor.data[copied:at], get, b"\x42", signed(cost), b"\x7d", self._save)
                return cursor.pos, 0, False, at
        return cursor.pos, cost, live, copied
