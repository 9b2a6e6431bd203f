"""WebAssembly modules as contracts: reading, Piecrust's rules, and metering by rewriting.

`read` the binary, `check` that it is a contract, `meter` it: the rewritten module counts gas as Piecrust's engine does, to the unit. The engine
must have validated the original first. Whatever is refused raises `ModuleError` with Piecrust's error variant.
"""

from .meter import METER_VERSION, MeteredModule, MutableGlobal, meter
from .module import Module, read
from .refusal import ModuleError
from .rules import ARGUMENT_BYTES, Contract, check

__all__ = ["ARGUMENT_BYTES", "METER_VERSION", "Contract", "MeteredModule", "Module", "ModuleError", "MutableGlobal", "check", "meter", "read"]
