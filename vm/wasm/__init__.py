"""WebAssembly modules as contracts: reading, Piecrust's rules, and metering by rewriting.

`read_module` reads the binary, `check_contract` applies the rules, `meter_module` rewrites: the new module counts gas as Piecrust's engine
does, to the unit. The engine must have validated the original first. Whatever is refused raises `ModuleError` with Piecrust's variant.
"""

from .meter import METER_VERSION, MeteredModule, MutableGlobal, meter_module
from .module import DataSegment, Module, read_module
from .refusal import ModuleError
from .rules import ARGUMENT_BYTES, Contract, check_contract

__all__ = [
    "ARGUMENT_BYTES",
    "METER_VERSION",
    "Contract",
    "DataSegment",
    "MeteredModule",
    "Module",
    "ModuleError",
    "MutableGlobal",
    "check_contract",
    "meter_module",
    "read_module",
]
