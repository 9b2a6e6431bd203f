"""Gas and its end, by the rewritten module alone, against what Piecrust answers (`tests/vectors/vm/meter.jsonl.xz`)."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
import wasmtime

from coproc.vm.wasm import METER_VERSION, ModuleError, meter_module, read_module
from tests.vectors.load import HERE, read_lines
from tests.vm.metering import control, opcodes, random_programs
from tests.vm.metering.assemble import contract, export, from_text
from tests.vm.metering.host import Host, Outcome, engine
from tests.vm.metering.modules import padded

PROGRAMS, CALLS = 400, 14_000


@cache
def programs() -> tuple[dict[str, Any], ...]:
    lines = tuple(read_lines(HERE / "vm" / "meter.jsonl"))
    assert len(lines) == PROGRAMS
    assert sum(len(line["calls"]) for line in lines) >= CALLS
    return lines


def compare(lines: Iterable[dict[str, Any]], part: int) -> Counter[str]:
    """Play recorded calls with gas handed out in parts; how often they ended how."""
    seen: Counter[str] = Counter()
    for line in lines:
        host = Host(bytes.fromhex(line["wasm"]), part)
        for function, argument, limit, *expected in line["calls"]:
            got = host.call(function, bytes.fromhex(argument), limit)
            assert got == Outcome(*expected), (line["name"], function, argument, limit)
            seen[got.variant] += 1
    return seen


def test_every_call_ends_as_in_piecrust_with_the_same_gas() -> None:
    seen = compare(programs(), (1 << 63) - 1)
    assert min(seen["ok"], seen["OutOfGas"]) > 1000
    assert seen["RuntimeError"] > 200
    assert seen["Panic"] > 0


def test_gas_handed_out_in_small_parts_is_the_same_gas() -> None:
    seen = compare(programs()[::4], 64)
    assert min(seen["ok"], seen["OutOfGas"], seen["RuntimeError"]) > 50


@pytest.mark.parametrize("length", range(1, 6))
def test_index_of_a_table_may_be_padded(length: int) -> None:
    """As compilers write it that know reference types; Piecrust answers the same to all five."""
    host = Host(padded(length))
    assert host.call("f", b"", 6) == Outcome("ok", 6, bytes(8).hex())
    assert host.call("f", b"", 5) == Outcome("OutOfGas")


def test_the_programs_are_the_recorded_ones() -> None:
    """The recorder would write these modules again: what is tested is what its sources say."""
    recorded = {line["name"]: line["wasm"] for line in programs()}
    for name, body in control.BODIES.items():
        for is_64 in (False, True):
            assert recorded[f"{name} {64 if is_64 else 32}"] == from_text(control.text(body, is_64=is_64)).hex(), name
    for seed in range(240):
        assert recorded[f"random {seed}"] == random_programs.program(seed).hex(), seed


@pytest.mark.parametrize("is_64", [False, True])
def test_every_instruction_of_the_engine_is_metered_or_belongs_to_no_proposal(is_64: bool) -> None:
    """An encoding is valid for the engine exactly if it is an instruction for the meter."""
    valid = 0
    for code in opcodes.encodings():
        found = opcodes.typed(code, is_64=is_64)
        body = b"\0" + code + b"\x41\0\x0b" if found is None else opcodes.body(found[0], code, found[1])
        module = contract([(0, body)], [export("f", 0, 0)], is_64=is_64, **opcodes.AROUND)  # type: ignore[arg-type]
        if found is None:
            with pytest.raises(ModuleError):
                meter_module(module)
        else:
            valid += 1
            wasmtime.Module.validate(engine(), meter_module(module).binary)
    assert valid == 432


def test_rewriting_again_counts_again() -> None:
    """A metered module is a module: metering it once more gives another meter under another name, and both are valid."""
    once = meter_module(from_text(control.text("(i32.const 0)", is_64=False)))
    twice = meter_module(once.binary)
    assert once.remaining != twice.remaining
    wasmtime.Module.validate(engine(), twice.binary)


def test_no_export_of_the_module_can_be_the_meter() -> None:
    module = from_text('(module (memory (export "~~remaining") 3) (global (export "~remaining") (mut i64) (i64.const 1)))')
    metered = meter_module(module)
    assert metered.remaining == "~~~remaining"
    assert [entry.export for entry in metered.mutable_globals] == ["~~~0"]
    wasmtime.Module.validate(engine(), metered.binary)


def test_mutable_globals_are_exported_with_their_beginnings() -> None:
    text = '(module (memory (export "memory") 3) (global (mut i32) (i32.const -7)) (global i32 (i32.const 1))'
    metered = meter_module(from_text(text + "(global (mut v128) (v128.const i64x2 1 2)) (global (mut f64) (f64.const 1.5)))"))
    assert [(entry.export, entry.type, entry.initial) for entry in metered.mutable_globals] == [
        ("~0", 0x7F, -7),
        ("~2", 0x7B, (1).to_bytes(8, "little") + (2).to_bytes(8, "little")),
        ("~3", 0x7C, bytes.fromhex("000000000000f83f")),
    ]
    names = {export.name for export in wasmtime.Module(engine(), metered.binary).exports}
    assert {"~remaining", "~0", "~2", "~3"} <= names


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        ("(table.init 0 $e (i32.const 0) (i32.const 0) (i32.const 0))", True),
        ("(table.copy 0 0 (i32.const 0) (i32.const 0) (i32.const 0))", True),
        ("(elem.drop $e)", True),
        ("(data.drop $d)", True),
        ("(block (br 0) (elem.drop $e))", True),  # dead, but nobody need know
        ("(memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))", False),
        ("(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))", False),
        ("(drop (memory.grow (i32.const 0)))", False),
    ],
)
def test_an_instance_that_cannot_be_set_back_is_known(body: str, changes: bool) -> None:
    text = f'(module (memory (export "memory") 3) (table 1 funcref) (elem $e func) (data $d "abc") (func {body}))'
    assert meter_module(from_text(text)).changes_instance is changes


def test_data_is_left_to_the_host_and_segments_keep_their_numbers() -> None:
    use = "(func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3)))"
    binary = from_text(f'(module (memory (export "memory") 3) (data (i32.const 8) "one") (data $d "two") {use})')
    metered = meter_module(binary)
    before = metered.module.data
    assert [segment.offset is None for segment in before] == [False, True]
    assert [binary[segment.start : segment.end] for segment in before] == [b"one", b"two"]
    after = read_module(metered.binary).data
    assert [segment.offset for segment in after] == [None, None]
    assert [metered.binary[segment.start : segment.end] for segment in after] == [b"", b"two"]


def test_the_declared_maximum_of_a_memory_is_forgotten() -> None:
    assert read_module(meter_module(from_text("(module (memory 3 3))")).binary).memories[0].maximum is None
    assert read_module(meter_module(from_text("(module (memory i64 3 3))")).binary).memories[0].maximum == 1 << 26


def test_metering_does_not_depend_on_how_the_binary_is_laid_out() -> None:
    """Custom sections between the others change nothing."""
    binary = random_programs.program(3)
    module = read_module(binary)
    custom = b"\x00\x05\x04name"
    spread = binary[:8] + custom
    at = 8
    for _, end in sorted(module.sections.values()):
        spread += binary[at:end] + custom
        at = end
    assert len(spread) == len(binary) + 7 * (1 + len(module.sections))
    assert meter_module(spread).binary == meter_module(binary).binary


def test_a_byte_takes_about_a_microsecond_at_most() -> None:
    """Measured in its own time, and generously: rewriting is a tenth of that on an ordinary core."""
    shapes = [b"\x01", b"\x02\x40\x0b", b"\x03\x40\x0b", b"\x41\0\x0d\0", b"\x41\0\x04\x40\x0b", b"\x41\0\x1a", b"\x00"]
    choice = random.Random(1)
    shapes += [b"".join(choice.choice(shapes[:-1]) for _ in range(1000))]
    for shape in shapes:
        binary = contract([(0, b"\0" + shape * (60_000 // len(shape)) + b"\x41\0\x0b")], [export("f", 0, 0)])
        best = min(_seconds(binary, time.process_time) for _ in range(3))
        assert best < 2e-6 * len(binary), shape[:8]


def _seconds(binary: bytes, clock: Any) -> float:
    start = clock()
    meter_module(binary)
    return float(clock() - start)


def test_the_version_is_a_number() -> None:
    """Part of the key of a compiled module: raise it with every change of what `meter_module` writes."""
    assert METER_VERSION >= 1
