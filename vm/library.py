"""The two shared libraries below the VM: wasmtime's, which its Python package brings, and `libcoproc_vm.so`, contract memory and digests.

wasmtime is called through its C interface with prototypes of our own: its Python package costs ten times as much a call, and signals errors
of host functions through one variable of the whole process.
"""

from __future__ import annotations

import ctypes
from ctypes import c_bool, c_char_p, c_int, c_int64, c_size_t, c_uint8, c_uint64, c_void_p
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from coproc.engine.library import candidates
from coproc.errors import EngineUnavailable

FILE_NAME: Final = "libcoproc_vm.so"
HOST_FUNCTION: Final = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_void_p, c_size_t)

_P, _Z = c_void_p, c_size_t
_WASMTIME: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "wasm_config_new": (_P, ()),
    "wasm_engine_new_with_config": (_P, (_P,)),
    "wasmtime_error_message": (None, (_P, _P)),
    "wasmtime_error_delete": (None, (_P,)),
    "wasm_byte_vec_delete": (None, (_P,)),
    "wasm_trap_message": (None, (_P, _P)),
    "wasm_trap_delete": (None, (_P,)),
    "wasmtime_trap_new": (_P, (c_char_p, _Z)),
    "wasmtime_module_validate": (_P, (_P, c_char_p, _Z)),
    "wasmtime_module_new": (_P, (_P, c_char_p, _Z, _P)),
    "wasmtime_module_serialize": (_P, (_P, _P)),
    "wasmtime_module_deserialize": (_P, (_P, c_char_p, _Z, _P)),
    "wasmtime_module_delete": (None, (_P,)),
    "wasm_valtype_new": (_P, (c_uint8,)),
    "wasm_valtype_vec_new": (None, (_P, _Z, _P)),
    "wasm_functype_new": (_P, (_P, _P)),
    "wasm_functype_delete": (None, (_P,)),
    "wasmtime_linker_new": (_P, (_P,)),
    "wasmtime_linker_delete": (None, (_P,)),
    "wasmtime_linker_allow_shadowing": (None, (_P, c_bool)),
    "wasmtime_linker_define_func_unchecked": (_P, (_P, c_char_p, _Z, c_char_p, _Z, _P, HOST_FUNCTION, _P, _P)),
    "wasmtime_linker_instantiate_pre": (_P, (_P, _P, _P)),
    "wasmtime_instance_pre_instantiate": (_P, (_P, _P, _P, _P)),
    "wasmtime_instance_pre_delete": (None, (_P,)),
    "wasmtime_store_new": (_P, (_P, _P, _P)),
    "wasmtime_store_context": (_P, (_P,)),
    "wasmtime_store_delete": (None, (_P,)),
    "wasmtime_instance_export_get": (c_bool, (_P, _P, c_char_p, _Z, _P)),
    "wasmtime_func_call_unchecked": (_P, (_P, _P, _P, _Z, _P)),
    "wasmtime_global_get": (None, (_P, _P, _P)),
    "wasmtime_global_set": (_P, (_P, _P, _P)),
    "wasmtime_config_host_memory_creator_set": (None, (_P, _P)),
    "wasmtime_config_max_wasm_stack_set": (None, (_P, _Z)),
    "wasmtime_config_memory_reservation_set": (None, (_P, c_uint64)),
    "wasmtime_config_memory_guard_size_set": (None, (_P, c_uint64)),
    "wasmtime_config_memory_reservation_for_growth_set": (None, (_P, c_uint64)),
    "wasmtime_config_cranelift_opt_level_set": (None, (_P, c_uint8)),
    "wasmtime_config_strategy_set": (None, (_P, c_uint8)),
}
_NATIVE: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "coproc_vm_install_handler": (c_int, ()),
    "coproc_vm_guard_bytes": (c_uint64, ()),
    "coproc_vm_copies": (c_uint64, ()),
    "coproc_vm_memory_new": (_P, (c_uint64,)),
    "coproc_vm_memory_free": (None, (_P,)),
    "coproc_vm_memory_base": (_P, (_P,)),
    "coproc_vm_memory_length": (c_uint64, (_P,)),
    "coproc_vm_memory_set_length": (None, (_P, c_uint64)),
    "coproc_vm_memory_grown": (c_int, (_P,)),
    "coproc_vm_memory_clear_grown": (None, (_P,)),
    "coproc_vm_memory_level": (c_uint64, (_P,)),
    "coproc_vm_memory_snap": (c_int, (_P,)),
    "coproc_vm_memory_apply": (c_int, (_P,)),
    "coproc_vm_memory_revert": (c_int, (_P,)),
    "coproc_vm_memory_touch": (c_int, (_P, c_uint64, c_uint64, c_int)),
    "coproc_vm_memory_set_sources": (None, (_P, c_uint64, _P, _P)),
    "coproc_vm_memory_dirty": (c_uint64, (_P, _P, c_uint64)),
    "coproc_vm_next_memory": (None, (_P,)),
    "coproc_vm_set_globals": (None, (_P, _P)),
    "coproc_vm_enter": (None, (_P,)),
}


class Func(ctypes.Structure):
    """wasmtime_func_t"""

    _fields_ = [("store", c_uint64), ("private", c_void_p)]


class Global(ctypes.Structure):
    """wasmtime_global_t"""

    _fields_ = [("store", c_uint64), ("private", ctypes.c_uint32 * 3)]


class Instance(ctypes.Structure):
    """wasmtime_instance_t"""

    _fields_ = [("store", c_uint64), ("private", c_size_t)]


class ExternUnion(ctypes.Union):
    _fields_ = [("func", Func), ("glob", Global), ("room", c_uint64 * 4)]


class Extern(ctypes.Structure):
    """wasmtime_extern_t"""

    _fields_ = [("kind", c_uint8), ("of", ExternUnion)]


class Bytes(ctypes.Structure):
    """wasm_byte_vec_t"""

    _fields_ = [("size", c_size_t), ("data", c_void_p)]


class ValUnion(ctypes.Union):
    _fields_ = [("i64", c_int64), ("room", c_uint8 * 16), ("pointers", c_uint64 * 3)]


class Val(ctypes.Structure):
    """wasmtime_val_t"""

    _fields_ = [("kind", c_uint8), ("of", ValUnion)]


class Running(ctypes.Structure):
    """Of digests.hpp: the contract that runs."""

    _fields_ = [
        ("memory", c_void_p),
        ("argument", c_uint64),
        ("align", c_uint64),
        ("is_64", c_uint64),
        ("reserve", c_uint64),
        ("context", c_void_p),
        ("meter", c_void_p),
        ("digests", c_void_p),
    ]


class Digests(ctypes.Structure):
    """Of digests.hpp: kernels (parse, hash_to_fr, keccak256, sha256, poseidon_hash), then active, base, per_unit of each query."""

    _fields_ = [("kernels", c_void_p * 5), ("query", c_uint64 * 12)]


class MemoryCreator(ctypes.Structure):
    """wasmtime_memory_creator_t"""

    _fields_ = [("env", c_void_p), ("new_memory", c_void_p), ("finalizer", c_void_p)]


def _declare(library: ctypes.CDLL, prototypes: dict[str, tuple[Any, tuple[Any, ...]]]) -> ctypes.CDLL:
    for name, (result, arguments) in prototypes.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = list(arguments)
    return library


@cache
def wasmtime() -> ctypes.CDLL:
    """wasmtime's C interface. Raises EngineUnavailable."""
    try:
        from wasmtime import _bindings, _ffi
    except ImportError as error:
        raise EngineUnavailable("the VM needs wasmtime: install the extra `vm`") from error
    pairs = (
        (Func, _bindings.wasmtime_func),
        (Global, _bindings.wasmtime_global),
        (Instance, _bindings.wasmtime_instance),
        (Extern, _bindings.wasmtime_extern),
        (Val, _bindings.wasmtime_val),
    )
    for ours, theirs in pairs:
        if ctypes.sizeof(ours) < ctypes.sizeof(theirs):
            raise EngineUnavailable(f"wasmtime {wasmtime_version()} lays out {theirs.__name__} otherwise")
    return _declare(ctypes.CDLL(str(_ffi.filename)), _WASMTIME)


def wasmtime_version() -> str:
    return version("wasmtime")


@cache
def native() -> ctypes.CDLL:
    """Contract memory. Raises EngineUnavailable."""
    places = candidates("COPROC_VM_LIBRARY", "coproc.vm", FILE_NAME)
    for path in places:
        if path.is_file():
            try:
                return _declare(ctypes.CDLL(str(path)), _NATIVE)
            except (OSError, AttributeError) as error:
                raise EngineUnavailable(f"the VM's library does not load: {error}") from error
    raise EngineUnavailable(f"the VM's library is not built: there is no {places[0]}")
