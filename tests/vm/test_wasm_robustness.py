"""Bytes that nobody wrote on purpose: reading and metering end in a module or in `ModuleError`, soon, and never in anything else."""

from __future__ import annotations

import random
import time

import pytest
import wasmtime

from coproc.vm.wasm import ModuleError, check_contract, meter_module, read_module
from coproc.vm.wasm.cursor import Cursor
from coproc.vm.wasm.writer import section, signed, unsigned
from tests.vm.metering import modules
from tests.vm.metering.assemble import contract, export
from tests.vm.metering.host import engine
from tests.vm.metering.random_programs import program


def metered(binary: bytes) -> bytes | None:
    try:
        module = read_module(binary)
        out = meter_module(module).binary
        check_contract(module)
    except ModuleError:
        return None
    return out


def _valid(binary: bytes) -> bool:
    try:
        wasmtime.Module.validate(engine(), binary)
    except wasmtime.WasmtimeError:
        return False
    return True


@pytest.mark.parametrize("count", [4_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_a_mutant_is_metered_or_refused(count: int) -> None:
    """And if the engine takes it and it is metered, the engine takes the rewritten one."""
    both = 0
    for name, binary in modules.mutants(count, 5):
        out = metered(binary)
        if out is not None and _valid(binary):
            assert _valid(out), (name, binary.hex())
            both += 1
    assert both > count // 100


@pytest.mark.parametrize("count", [3_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_cut_and_swollen_modules_are_metered_or_refused(count: int) -> None:
    choice = random.Random(2)
    corpus = [program(seed) for seed in range(20)]
    for _ in range(count):
        binary = bytearray(choice.choice(corpus))
        at, kind = choice.randrange(len(binary)), choice.randrange(4)
        if kind == 0:
            del binary[at:]
        elif kind == 1:
            binary[at : at + choice.randrange(1, 9)] = b""
        elif kind == 2:
            binary[at:at] = bytes(choice.choice((0x80, 0xFF, 0x7F, 0x0B, choice.randrange(256))) for _ in range(choice.randrange(1, 9)))
        else:
            binary[at : at + 5] = b"\xff\xff\xff\xff\x0f"
        metered(bytes(binary))


def test_a_module_cut_inside_a_section_is_refused() -> None:
    binary = program(4)
    ends = {8} | {end for _, end in read_module(binary).sections.values()}
    for end in set(range(len(binary))) - ends:
        with pytest.raises(ModuleError):
            read_module(binary[:end])


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 9, 10, 11])
def test_a_huge_count_is_refused_at_once(number: int) -> None:
    for count in (b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x80\x80\x00", b"\xff\xff\x3f"):
        start = time.process_time()
        with pytest.raises(ModuleError):
            meter_module(b"\0asm\1\0\0\0" + section(number, count))
        assert time.process_time() - start < 0.5


HOSTILE = {
    "four billion locals": b"\x01\xff\xff\xff\xff\x0f\x7f\x0b",
    "locals that add up": b"\x03\xff\xff\x01\x7f\xff\xff\x01\x7f\xff\xff\x01\x7f\x0b",
    "four billion groups of locals": b"\xff\xff\xff\xff\x0f\x0b",
    "a branch table longer than the code": b"\0\x41\0\x0e\xff\xff\xff\xff\x0f\0\x0b",
    "a branch far out": b"\0\x0c\xff\xff\xff\xff\x0f\x0b",
    "an integer without end": b"\0\x41" + b"\x80" * 40,
    "no end": b"\0\x41\0",
    "too many ends": b"\0\x41\0\x0b\x0b",
    "else without if": b"\0\x05\x0b",
    "two elses": b"\0\x41\0\x04\x40\x05\x05\x0b\x0b",
    "a constant cut short": b"\0\x44\0\0\0\x0b",
    "a prefix alone": b"\0\xfd",
    "an unknown instruction": b"\0\x27\x0b",
    "an unknown vector instruction": b"\0\xfd\x9a\x01\x0b",
    "a block of an unknown type": b"\0\x02\x50\x0b\x0b",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused(name: str) -> None:
    with pytest.raises(ModuleError):
        meter_module(contract([(0, HOSTILE[name])], [export("f", 0, 0)]))


def test_deep_nesting_needs_no_stack() -> None:
    deep = b"\0" + b"\x02\x40" * 200_000 + b"\x0b" * 200_000 + b"\x41\0\x0b"
    binary = contract([(0, deep)], [export("f", 0, 0)])
    assert len(meter_module(binary).binary) > len(binary)


def test_integers_are_read_as_they_are_written() -> None:
    for value in (0, 1, 63, 64, 127, 128, 8191, 8192, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1):
        assert Cursor(unsigned(value)).unsigned(64) == value
        for number in (value, -value, ~value):
            if -(2**63) <= number < 2**63:
                assert Cursor(signed(number)).signed(64) == number


@pytest.mark.parametrize(("text", "bits"), [("8000", 32), ("80808080 00", 32), ("ffffffff0f", 32), ("ffffffffffffffffff01", 64)])
def test_integers_may_be_longer_than_needed_but_not_longer_than_their_type(text: str, bits: int) -> None:
    raw = bytes.fromhex(text.replace(" ", ""))
    assert Cursor(raw).unsigned(bits) in (0, 2**bits - 1)
    with pytest.raises(ModuleError):
        Cursor(bytes((raw[0] | 0x80,)) + b"\x80" * 9 + b"\0").unsigned(bits)


@pytest.mark.parametrize(("text", "bits"), [("ffffffff1f", 32), ("ffffffffffffffffff02", 64), ("80", 32), ("", 32)])
def test_unsigned_integers_out_of_range_are_refused(text: str, bits: int) -> None:
    with pytest.raises(ModuleError):
        Cursor(bytes.fromhex(text)).unsigned(bits)


@pytest.mark.parametrize(("text", "bits"), [("ffffffff0f", 32), ("8080808078", 31), ("80808080808080808001", 64), ("ffff", 32)])
def test_signed_integers_out_of_range_are_refused(text: str, bits: int) -> None:
    with pytest.raises(ModuleError):
        Cursor(bytes.fromhex(text)).signed(bits)
