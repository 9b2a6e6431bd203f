"""A contract that runs: one store, one instance, on the contract's memory."""

from __future__ import annotations

import ctypes
import struct
from ctypes import c_int64, c_void_p

from .engine import Compiled, _text
from .errors import WasmTrap
from .library import Extern, Func, Global, Running, Val, wasmtime
from .memory import Memory
from .wasm import MutableGlobal
from .wasm.module import F32, F64, I32, I64, V128

_KINDS = {I32: 0, I64: 1, F32: 2, F64: 3, V128: 4}
_GLOBAL = 1
SLICE = 1 << 26  # gas that a contract is given at a time; between two slices its host looks at the call


class Instance:
    """`contract`: its id, 32 bytes. `argument`: the offset of the argument buffer; `align`: the alignment of its address, up to 8."""

    def __init__(self, contract: bytes, compiled: Compiled, memory: Memory) -> None:
        self.contract = contract
        self.compiled = compiled
        self.memory = memory
        self.argument = compiled.contract.argument
        self.align = min(8, (self.argument & -self.argument) or 8)
        self._library = wasmtime()
        self._store, self._context, self._instance = compiled.instantiate(memory.handle)
        self._functions: dict[str, Func] = {}
        self._meter = self._global(compiled.metered.remaining)
        self._globals = [(self._global(entry.export), _value(entry)) for entry in compiled.metered.mutable_globals]
        self._value = Val()
        self._value_address = ctypes.addressof(self._value)
        self._value.kind = _KINDS[I64]
        self._meter_address = ctypes.addressof(self._meter)
        self.running = Running(
            memory.handle, self.argument, self.align, compiled.contract.is_64, 0, self._context, self._meter_address, None
        )
        self.running_address = ctypes.addressof(self.running)

    def close(self) -> None:
        """Drop the instance; its memory stays."""
        if self._store:
            self._library.wasmtime_store_delete(self._store)
            self._store = 0

    def __del__(self) -> None:
        if getattr(self, "_store", 0):
            self.close()

    def _export(self, name: str, kind: int) -> Extern:
        item = Extern()
        text = name.encode()
        found = self._library.wasmtime_instance_export_get(self._context, ctypes.byref(self._instance), text, len(text), ctypes.byref(item))
        if not found or item.kind != kind:
            raise WasmTrap(f"failed to find export `{name}`")
        return item

    def _global(self, name: str) -> Global:
        glob: Global = self._export(name, _GLOBAL).of.glob
        return glob

    def reset(self) -> None:
        """Set the module's own mutable globals back to their beginning."""
        for glob, value in self._globals:
            self._library.wasmtime_global_set(self._context, ctypes.byref(glob), ctypes.byref(value))

    # ---- gas ----
    @property
    def remaining(self) -> int:
        """Gas left, what the contract holds and what is kept back; never negative."""
        self._library.wasmtime_global_get(self._context, self._meter_address, self._value_address)
        left: int = self._value.of.i64 + self.running.reserve
        return left if left > 0 else 0

    @remaining.setter
    def remaining(self, gas: int) -> None:
        self.running.reserve = reserve = gas - SLICE if gas > SLICE else 0
        self._value.kind = _KINDS[I64]
        self._value.of.i64 = gas - reserve
        self._library.wasmtime_global_set(self._context, self._meter_address, self._value_address)

    # ---- running ----
    def call(self, name: str, argument_length: int, limit: int) -> tuple[int, str | None]:
        """Run an exported function: its result, or why it stopped. Raises WasmTrap where there is no such function."""
        function = self._functions.get(name)
        if function is None:
            if name not in self.compiled.contract.functions:
                raise WasmTrap(f"failed to find function export `{name}`")
            function = self._functions[name] = self._export(name, 0).of.func
        self.remaining = limit
        words = (c_int64 * 2)(argument_length, 0)
        trap = c_void_p()
        error = self._library.wasmtime_func_call_unchecked(self._context, ctypes.byref(function), words, 1, ctypes.byref(trap))
        if error:
            return 0, _text(error)
        if trap.value:
            return 0, _text(trap.value, trap=True)
        result = words[0] & 0xFFFF_FFFF
        return result - (result >> 31 << 32), None


def _value(entry: MutableGlobal) -> Val:
    """The initial value of a global as wasmtime_val_t."""
    value = Val()
    value.kind = _KINDS[entry.type]
    initial = entry.initial
    if isinstance(initial, int):
        initial = struct.pack("<q" if entry.type == I64 else "<i", initial)
    value.of.room[: len(initial)] = list(initial)
    return value
