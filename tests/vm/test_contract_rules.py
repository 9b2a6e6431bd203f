"""Which modules are contracts, and with which error the others are refused, against Piecrust (`tests/vectors/vm/deploy.jsonl.xz`)."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import wasmtime

from coproc.vm.wasm import Contract, ModuleError, check_contract, meter_module, read_module
from tests.vectors.load import HERE, read_lines
from tests.vm.metering import modules
from tests.vm.metering.assemble import from_text
from tests.vm.metering.host import engine

DEPLOYMENTS = 528

#: Where the real VM accepts a module that it cannot run, or dies: refused here. name → (its answer, ours).
FAULTS = {
    "A is −1": ("ok", "InvalidArgumentBuffer"),  # it then panics at each call
    "A is −65,536": ("ok", "InvalidArgumentBuffer"),
    "A is −1, 64 bits": ("ok", "InvalidArgumentBuffer"),
    "start function that is an import": ("HostPanic", "RuntimeError"),
    "memory beyond 4 TiB": ("ok", "RuntimeError"),  # it then reads outside its mapping
    "two memories": ("ok", "RuntimeError"),  # it gives them the same bytes
}


@cache
def deployments() -> tuple[dict[str, Any], ...]:
    lines = tuple(read_lines(HERE / "vm" / "deploy.jsonl"))
    assert len(lines) == DEPLOYMENTS
    return lines


def accepted(binary: bytes) -> Contract:
    """What a deployment does before anything runs; raises `ModuleError`."""
    module = read_module(binary)
    metered = meter_module(module)
    try:
        wasmtime.Module.validate(engine(), binary)
    except wasmtime.WasmtimeError as error:
        raise ModuleError(str(error)) from None
    contract = check_contract(module)
    wasmtime.Module.validate(engine(), metered.binary)
    return contract


def verdict(binary: bytes) -> ModuleError | None:
    try:
        accepted(binary)
    except ModuleError as error:
        return error
    return None


def test_modules_are_accepted_and_refused_as_by_piecrust() -> None:
    """But for reference types, which Piecrust's engine has and dusk-vm refuses before it, and for the faults listed above."""
    refused = 0
    for line in deployments():
        error = verdict(bytes.fromhex(line["wasm"]))
        got = "ok" if error is None else error.variant
        if line["name"] in FAULTS:
            assert (line["variant"], got) == FAULTS[line["name"]]
        elif error is not None and error.feature in ("reference-types", "multi-memory"):
            refused += 1
        elif error is not None and got == "InvalidArgumentBuffer" and line["variant"] == "ok":
            assert _negative_argument_buffer(bytes.fromhex(line["wasm"])), line["name"]
        else:
            assert got == line["variant"], (line["name"], str(error))
    assert refused < 40


def _negative_argument_buffer(binary: bytes) -> bool:
    module = read_module(binary)
    (entry,) = (entry for entry in module.exports if entry.name == "A")
    value = module.globals[entry.index].initial.value
    return isinstance(value, int) and -65536 <= value < 0


@pytest.mark.parametrize("name", modules.proposals())
def test_a_proposal_that_is_off_is_refused_by_its_name(name: str) -> None:
    proposal, binary = modules.proposals()[name]
    error = verdict(binary)
    assert error is not None
    assert error.feature == proposal
    assert error.variant == "RuntimeError"
    assert proposal in str(error)


@pytest.mark.parametrize("name", FAULTS)
def test_what_the_real_vm_cannot_run_is_refused(name: str) -> None:
    error = verdict(from_text(modules.FAULTS[name]))
    assert error is not None
    assert error.variant == FAULTS[name][1]


def test_every_proposal_that_is_on_is_accepted() -> None:
    parts = {
        "mutable globals": '(global (export "g") (mut i32) (i32.const 1))',
        "sign extension": "(func (drop (i32.extend8_s (i32.const 1))))",
        "saturating conversions": "(func (drop (i32.trunc_sat_f32_s (f32.const 1))))",
        "multi-value": "(func (result i32 i32) (i32.const 1) (i32.const 2))",
        "bulk memory": '(data $d "abc") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 0)) (data.drop $d))',
        "vectors": "(func (drop (i32x4.add (v128.const i64x2 0 0) (v128.const i64x2 0 0))))",
        "relaxed vectors": "(func (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))))",
    }
    for part in parts.values():
        accepted(from_text(f'(module (memory (export "memory") 3) (global (export "A") i32 (i32.const 1024)) {part})'))


def test_a_contract_says_where_its_argument_buffer_and_its_functions_are() -> None:
    got = accepted(
        from_text(
            '(module (import "env" "limit" (func (result i64))) (memory (export "memory") i64 5) (global i32 (i32.const 3))'
            ' (global (export "A") i64 (i64.const 4096)) (func (export "f") (export "g") (param i32) (result i32) (i32.const 0)))'
        )
    )
    assert (got.is_64, got.argument, got.length, got.functions) == (True, 4096, 5 * 65536, {"f": 1, "g": 1})
