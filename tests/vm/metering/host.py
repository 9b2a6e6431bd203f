"""The least host that runs a metered module: wasmtime-py and the imports that touch the meter. It shares nothing with the VM's own host."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import wasmtime
from wasmtime import _ffi

from coproc.vm.wasm import check_contract, meter_module, read_module
from coproc.vm.wasm.meter import REFUEL
from coproc.vm.wasm.module import I32
from coproc.vm.wasm.rules import IMPORTS


class Outcome(NamedTuple):
    """Piecrust's error variant or "ok"; gas and return data (hex) of a call that succeeds."""

    variant: str
    gas: int | None = None
    data: str | None = None


@cache
def engine() -> wasmtime.Engine:
    """An engine with the features that contracts may use, as far as it can be told."""
    config = wasmtime.Config()
    for part in ("component_model_async", "component_model_more_async_builtins", "component_model_async_stackful", "component_model"):
        getattr(_ffi, f"wasmtime_config_wasm_{part}_set")(config.ptr(), False)
    config.wasm_memory64 = config.wasm_multi_memory = config.wasm_relaxed_simd = True
    config.wasm_threads = config.wasm_tail_call = config.wasm_gc = config.wasm_function_references = config.wasm_exceptions = False
    config.wasm_reference_types = True  # for the length of a table's index alone
    return wasmtime.Engine(config)


class Host:
    """One metered contract, with a new instance for each call. part: gas units that are handed out at a time."""

    def __init__(self, binary: bytes, part: int = (1 << 63) - 1) -> None:
        self.part, self.kept = part, 0
        wasmtime.Module.validate(engine(), binary)
        module = read_module(binary)
        self.contract = check_contract(module)
        self.metered = meter_module(module)
        self.compiled = wasmtime.Module(engine(), self.metered.binary)

    def call(self, function: str, argument: bytes, gas: int) -> Outcome:
        self.limit, self.error = gas, "RuntimeError"
        self.store = wasmtime.Store(engine())
        pointer = wasmtime.ValType.i64() if self.contract.is_64 else wasmtime.ValType.i32()
        kinds = {"i": wasmtime.ValType.i32(), "I": wasmtime.ValType.i64(), "P": pointer}
        imports: list[Any] = []
        for wanted in self.compiled.imports:
            if (wanted.module, wanted.name) == REFUEL:
                imports.append(wasmtime.Func(self.store, wasmtime.FuncType([], []), self._refuel))
                continue
            parameters, results = IMPORTS[str(wanted.name)]
            kind = wasmtime.FuncType([kinds[letter] for letter in parameters], [kinds[letter] for letter in results])
            imports.append(wasmtime.Func(self.store, kind, getattr(self, f"_{wanted.name}")))
        exports: Any = wasmtime.Instance(self.store, self.compiled, imports).exports(self.store)
        self.meter = exports[self.metered.remaining]
        self.memory = exports["memory"]
        for segment in self.metered.module.data:
            if segment.offset is not None:
                assert isinstance(segment.offset.value, int)
                at = segment.offset.value & (0xFFFF_FFFF if segment.offset.type == I32 else (1 << 64) - 1)
                self.memory.write(self.store, self.metered.module.binary[segment.start : segment.end], at)
        self.memory.write(self.store, argument, self.contract.argument)
        self._set(gas)
        try:
            length = exports[function](self.store, len(argument))
        except (wasmtime.Trap, wasmtime.WasmtimeError):
            return Outcome("OutOfGas" if self._left() == 0 else self.error)
        if not 0 <= length <= 65536:
            return Outcome("HostPanic")
        start = self.contract.argument
        return Outcome("ok", gas - self._left(), bytes(self.memory.read(self.store, start, start + length)).hex())

    def _left(self) -> int:
        return max(0, self.meter.value(self.store) + self.kept)

    def _set(self, gas: int) -> None:
        self.kept = max(0, gas - self.part)
        self.meter.set_value(self.store, wasmtime.Val.i64(gas - self.kept))

    def _refuel(self) -> None:
        """There is more gas than was handed out, or none."""
        if not (left := self._left()):
            raise wasmtime.Trap("out of gas")
        self._set(left)

    def _stop(self, variant: str) -> None:
        self.error = variant
        raise wasmtime.Trap(variant)

    def _limit(self) -> int:
        return self.limit

    def _spent(self) -> int:
        return self.limit - self._left()

    def _caller(self) -> int:
        return 0

    def _owner(self, _: int) -> int:
        return 32

    def _panic(self, _: int) -> None:
        self._stop("Panic")

    def _feed(self, _: int) -> None:
        self._stop("MissingFeed")

    def _emit(self, _: int, topic: int, length: int) -> None:
        if not 0 <= length <= 65536:
            self._stop("MemoryAccessOutOfBounds")
        cost = 4 * (topic + length)
        if cost > self._left():
            self._set(0)
            self._stop("OutOfGas")
        self._set(self._left() - cost)
