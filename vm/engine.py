"""The WebAssembly engine: exactly the accepted features, and compiled modules, cached by (bytecode, wasmtime, metering version).

The original module is validated by the engine first, then checked as a contract, metered, and compiled. One engine serves the process.
"""

from __future__ import annotations

import ctypes
import threading
from collections import OrderedDict
from ctypes import c_void_p
from functools import cache
from typing import Final

from coproc.errors import EngineUnavailable

from .errors import ContractTrap, WasmTrap, refused
from .imports import HOST_FUNCTIONS, REFUEL_FUNCTION
from .library import HOST_FUNCTION, Bytes, Extern, Func, Global, Instance, MemoryCreator, native, wasmtime
from .module_cache import Metering, ModuleCache, key
from .wasm import Contract, ModuleError, check_contract, meter_module, read_module
from .wasm.meter import REFUEL
from .wasm.module import I32
from .wasm.rules import import_type

STACK_BYTES: Final = 1 << 20  # of one contract in a call tree: Piecrust's 512 KiB, and room for the frames of nested host calls
RESERVATION: Final = 1 << 32  # loads and stores are checked against 4 GiB, in memories of 64 bits too, as Piecrust's engine does
_COMPILED_AT_MOST: Final = 512
_SPEED: Final = 1
_CRANELIFT: Final = 1

# Every proposal that can be named, on or off: what dusk-vm accepts is WebAssembly 2.0 less reference types, and the last three.
FEATURES: Final = {
    "wasm_simd": True, "wasm_bulk_memory": True, "wasm_multi_value": True, "wasm_multi_memory": True, "wasm_memory64": True,
    "wasm_relaxed_simd": True, "wasm_relaxed_simd_deterministic": True, "wasm_reference_types": True, "wasm_threads": False,
    "shared_memory": False, "wasm_tail_call": False, "wasm_function_references": False, "wasm_gc": False, "gc_support": False,
    "wasm_wide_arithmetic": False, "wasm_branch_hinting": True, "wasm_exceptions": False, "wasm_custom_page_sizes": False,
    "wasm_compact_imports": False, "wasm_stack_switching": False, "wasm_component_model": False, "wasm_component_model_async": False,
    "wasm_component_model_map": False, "wasm_component_model_implements": False, "wasm_component_model_canonical_names": False,
    "wasm_component_model_accessors": False, "wasm_component_model_more_async_builtins": False,
    "wasm_component_model_async_stackful": False,
}  # fmt: skip
_SETTINGS: Final = {
    "debug_info": False, "consume_fuel": False, "epoch_interruption": False, "cranelift_nan_canonicalization": True,
    "memory_may_move": False, "memory_init_cow": False, "native_unwind_info": False, "parallel_compilation": False,
    "signals_based_traps": True,
}  # fmt: skip


def _text(error: int, *, trap: bool = False) -> str:
    """The message of a wasmtime_error_t or wasm_trap_t, which is deleted."""
    library = wasmtime()
    message = Bytes()
    read, delete = ("wasm_trap_message", "wasm_trap_delete") if trap else ("wasmtime_error_message", "wasmtime_error_delete")
    getattr(library, read)(error, ctypes.byref(message))
    text = ctypes.string_at(message.data, message.size) if message.size else b""
    library.wasm_byte_vec_delete(ctypes.byref(message))
    getattr(library, delete)(error)
    return text.rstrip(b"\0").decode(errors="replace")


class Compiled:
    """A contract's module, ready to be instantiated."""

    def __init__(self, engine: Engine, contract: Contract, metered: Metering, module: int) -> None:
        """module: a wasmtime_module_t of `engine.of(contract)`, which becomes this object's own. Raises WasmTrap."""
        self.contract = contract
        self.metered = metered
        self._library = wasmtime()  # when the interpreter ends, names of modules may go before this object
        self._engine = engine.of(contract)
        self._module = module
        self._linker = engine.linker(contract)
        pre = c_void_p()
        if error := wasmtime().wasmtime_linker_instantiate_pre(self._linker, self._module, ctypes.byref(pre)):
            raise WasmTrap(_text(error))
        self._pre = pre.value
        self.data = [
            (
                segment.offset.value & 0xFFFF_FFFF_FFFF_FFFF if contract.is_64 else segment.offset.value & 0xFFFF_FFFF,
                segment.start,
                segment.end,
            )
            for segment in contract.module.data
            if segment.offset is not None and isinstance(segment.offset.value, int)
        ]

    def serialized(self) -> bytes:
        """The machine code, as wasmtime serialises it. Raises WasmTrap."""
        code = Bytes()
        if error := wasmtime().wasmtime_module_serialize(self._module, ctypes.byref(code)):
            raise WasmTrap(_text(error))
        data = ctypes.string_at(code.data, code.size)
        wasmtime().wasm_byte_vec_delete(ctypes.byref(code))
        return data

    def instantiate(self, memory: int) -> tuple[int, int, Instance]:
        """A store, its context and the instance in it, on the memory of this handle. Raises WasmTrap."""
        library = wasmtime()
        store = library.wasmtime_store_new(self._engine, None, None)
        context = library.wasmtime_store_context(store)
        instance = Instance()
        trap = c_void_p()
        native().coproc_vm_next_memory(memory)
        error = library.wasmtime_instance_pre_instantiate(self._pre, context, ctypes.byref(instance), ctypes.byref(trap))
        if error or trap.value:
            text = _text(error) if error else _text(trap.value or 0, trap=True)
            library.wasmtime_store_delete(store)
            raise WasmTrap(text)
        return store, context, instance

    def __del__(self) -> None:
        if (library := getattr(self, "_library", None)) is None:
            return
        for name, delete in (
            ("_pre", library.wasmtime_instance_pre_delete),
            ("_linker", library.wasmtime_linker_delete),
            ("_module", library.wasmtime_module_delete),
        ):
            if pointer := getattr(self, name, None):
                delete(pointer)


class Engine:
    """wasmtime, set up as contracts need it. Safe from any number of threads.

    A pair of engines of the same features: an access of a 32-bit memory is checked by the guard behind its 4 GiB; of a 64-bit one, whose
    address space goes on there, by a comparison.
    """

    def __init__(self) -> None:
        self._creator = MemoryCreator(None, ctypes.cast(native().coproc_vm_new_memory, c_void_p).value, None)
        self._engines = {False: self._configured(native().coproc_vm_guard_bytes()), True: self._configured(0)}
        library = wasmtime()
        native().coproc_vm_install_handler()  # after wasmtime's own
        native().coproc_vm_set_globals(*(ctypes.cast(f, c_void_p) for f in (library.wasmtime_global_get, library.wasmtime_global_set)))
        self._hq = ctypes.cast(native().coproc_vm_hq, HOST_FUNCTION)
        self._compiled: OrderedDict[bytes, Compiled] = OrderedDict()
        self._lock = threading.Lock()

    def _configured(self, guard: int) -> int:
        """A wasm_engine_t that counts on `guard` bytes behind each memory's reservation."""
        library = wasmtime()
        config = library.wasm_config_new()
        for name, value in (FEATURES | _SETTINGS).items():
            setter = getattr(library, f"wasmtime_config_{name}_set")
            setter.argtypes, setter.restype = [c_void_p, ctypes.c_bool], None
            setter(config, value)
        library.wasmtime_config_strategy_set(config, _CRANELIFT)
        library.wasmtime_config_cranelift_opt_level_set(config, _SPEED)
        library.wasmtime_config_max_wasm_stack_set(config, STACK_BYTES)
        library.wasmtime_config_memory_reservation_set(config, RESERVATION)
        library.wasmtime_config_memory_guard_size_set(config, guard)
        library.wasmtime_config_memory_reservation_for_growth_set(config, 0)
        library.wasmtime_config_host_memory_creator_set(config, ctypes.byref(self._creator))
        engine: int | None = library.wasm_engine_new_with_config(config)
        if not engine:
            raise EngineUnavailable("wasmtime refuses the configuration of contracts")
        return engine

    def of(self, contract: Contract) -> int:
        """The wasm_engine_t of a contract."""
        return self._engines[contract.is_64]

    def compile(self, bytecode: bytes, cache: ModuleCache | None = None) -> Compiled:
        """The compiled contract. Raises ContractTrap with the variant that Piecrust gives for a module that it refuses."""
        name = key(bytecode)
        with self._lock:
            if found := self._compiled.get(name):
                self._compiled.move_to_end(name)
                return found
        compiled = self._kept(bytecode, name, cache) or self._compile(bytecode, name, cache)
        with self._lock:
            self._compiled[name] = compiled
            while len(self._compiled) > _COMPILED_AT_MOST:
                self._compiled.popitem(last=False)
        return compiled

    def _kept(self, bytecode: bytes, name: bytes, cache: ModuleCache | None) -> Compiled | None:
        """What a cache keeps of a module that was compiled before."""
        if cache is None or (found := cache.get(name)) is None:
            return None
        metering, code = found
        contract = check_contract(read_module(bytecode))
        module = c_void_p()
        if error := wasmtime().wasmtime_module_deserialize(self.of(contract), code, len(code), ctypes.byref(module)):
            _text(error)  # of another engine
            return None
        return Compiled(self, contract, metering, module.value or 0)

    def _compile(self, bytecode: bytes, name: bytes, cache: ModuleCache | None) -> Compiled:
        if error := wasmtime().wasmtime_module_validate(self._engines[False], bytecode, len(bytecode)):
            raise WasmTrap(_text(error))
        try:
            module = read_module(bytecode)
            metered = meter_module(module)
            contract = check_contract(module)
        except ModuleError as error:
            raise refused(error) from error
        metering = Metering(metered.remaining, metered.mutable_globals, metered.changes_instance)
        compiled = Compiled(self, contract, metering, self._module(contract, metered.binary))
        if cache is not None:
            cache.put(name, metering, compiled.serialized())
        return compiled

    def _module(self, contract: Contract, binary: bytes) -> int:
        """wasmtime_module_t of a metered binary."""
        module = c_void_p()
        if error := wasmtime().wasmtime_module_new(self.of(contract), binary, len(binary), ctypes.byref(module)):
            raise WasmTrap(_text(error))
        return module.value or 0

    def linker(self, contract: Contract) -> int:
        """wasmtime_linker_t with the imports of a contract, which are matched by name only."""
        library = wasmtime()
        linker: int = library.wasmtime_linker_new(self.of(contract))
        library.wasmtime_linker_allow_shadowing(linker, True)
        for wanted in contract.module.imports:
            function_type = import_type(wanted.name, is_64=contract.is_64)
            pointer = library.wasm_functype_new(_values(function_type.parameters), _values(function_type.results))
            names = wanted.module.encode(), wanted.name.encode()
            general = HOST_FUNCTIONS[wanted.name, contract.is_64]
            function, env = (self._hq, ctypes.cast(general, c_void_p)) if wanted.name == "hq" else (general, None)
            error = library.wasmtime_linker_define_func_unchecked(
                linker, names[0], len(names[0]), names[1], len(names[1]), pointer, function, env, None
            )
            library.wasm_functype_delete(pointer)
            if error:
                raise WasmTrap(_text(error))
        home, name = (text.encode() for text in REFUEL)
        pointer = library.wasm_functype_new(_values(b""), _values(b""))
        library.wasmtime_linker_define_func_unchecked(linker, home, len(home), name, len(name), pointer, REFUEL_FUNCTION, None, None)
        library.wasm_functype_delete(pointer)
        return linker


def _values(types: bytes) -> ctypes.Array[ctypes.c_size_t]:
    """wasm_valtype_vec_t of i32 and i64."""
    library = wasmtime()
    pointers = (c_void_p * len(types))(*(library.wasm_valtype_new(0 if kind == I32 else 1) for kind in types))
    vector = (ctypes.c_size_t * 2)()
    library.wasm_valtype_vec_new(vector, len(types), pointers)
    return vector


@cache
def engine() -> Engine:
    """The engine of this process. Raises EngineUnavailable."""
    return Engine()


__all__ = ["FEATURES", "Compiled", "ContractTrap", "Engine", "Extern", "Func", "Global", "engine"]
