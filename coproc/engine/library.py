"""The shared library of CPU kernels: where it is, and its tables of functions (one an instruction set) as Python callables.

The calls go through ctypes' CFUNCTYPE, which releases the interpreter lock for their duration.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from coproc.errors import EngineUnavailable

ABI_VERSION: Final = 2
ISAS: Final = ("portable", "adx", "ifma")
FILE_NAME: Final = "libcoproc_kernels.so"

# The members of coproc_kernels_table after its name, in order: result, then arguments.
# i int, z size_t, p pointer, v nothing.
_MEMBERS: Final = {
    "parse": "v izpppppp",
    "match": "v zppzppp",
    "group": "v zppp",
    "blake2b_512": "v zppp",
    "sha256": "v zppp",
    "keccak256": "v zppp",
    "hash_to_fr": "v zpzpppp",
    "poseidon_hash": "v zpppp",
    "hades_permute": "v zp",
    "field": "v iizppp",
    "fp12": "v iizppp",
    "decode": "v iiizppp",
    "encode": "v iizpp",
    "check": "v iizpp",
    "add": "v izppp",
    "scalar_mul": "v izppp",
    "msm": "v izppppp",
    "msm_table_words": "z i",
    "msm_table": "v izpp",
    "hash_to_g1": "v zpppzp",
    "map_to_g1": "v zpp",
    "lines_words": "z i",
    "lines": "v izpp",
    "pairing_check": "v izppppp",
    "pairing": "v izpppp",
    "miller_loop": "v izpppp",
    "miller_loop_lines": "v izpppp",
    "final_exponentiation": "v izpp",
    "plonk_key_words": "z z",
    "plonk_key": "v zpppp",
    "plonk_scalars": "v zppppppppp",
    "groth16_key_words": "z",
    "groth16_key": "v zpppp",
    "schnorr": "v zppppp",
    "bls_exact": "v zippppppp",
}
_TYPES: Final[dict[str, Any]] = {"i": ctypes.c_int, "z": ctypes.c_size_t, "p": ctypes.c_void_p, "v": None}


class _Header(ctypes.Structure):
    _fields_ = [("abi_version", ctypes.c_uint32), ("reserved", ctypes.c_uint32), ("name", ctypes.c_char_p)]


class Kernels:
    """One table: its instruction set's name, and a callable for each member. Arguments are plain integers (0 for NULL)."""

    def __init__(self, address: int) -> None:
        header = _Header.from_address(address)
        if header.abi_version != ABI_VERSION:
            raise EngineUnavailable(f"{FILE_NAME} speaks version {header.abi_version} of the C interface, this package {ABI_VERSION}")
        self.isa: str = (header.name or b"").decode()
        pointers = (ctypes.c_void_p * len(_MEMBERS)).from_address(address + ctypes.sizeof(_Header))
        for (name, signature), pointer in zip(_MEMBERS.items(), pointers, strict=True):
            result, _, arguments = signature.partition(" ")
            prototype = ctypes.CFUNCTYPE(_TYPES[result], *(_TYPES[a] for a in arguments))
            setattr(self, name, prototype(pointer))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise AttributeError(name)


def candidates(variable: str, package: str, file_name: str) -> list[Path]:
    """Where a shared library of ours may be, the likeliest first: what an environment variable names, alone; beside the package (a
    wheel); and in what an editable install left in site-packages.

    package: dotted, the one that the library is installed into.
    """
    if given := os.environ.get(variable):
        return [Path(given)]
    installed = [os.path.join(entry, *package.split(".")) for entry in sys.path]
    return [Path(folder) / file_name for folder in dict.fromkeys([*import_module(package).__path__, *installed])]


def places() -> list[Path]:
    """Where the kernels may be."""
    return candidates("COPROC_KERNELS", "coproc.engine", FILE_NAME)


@cache
def _library() -> ctypes.CDLL:
    for path in places():
        if path.is_file():
            try:
                library = ctypes.CDLL(str(path))
            except OSError as error:
                raise EngineUnavailable(f"the kernels do not load: {error}") from error
            library.coproc_kernels.restype = ctypes.c_void_p
            library.coproc_kernels.argtypes = [ctypes.c_char_p]
            library.coproc_unavailable.restype = ctypes.c_char_p
            library.coproc_unavailable.argtypes = [ctypes.c_char_p]
            return library
    raise EngineUnavailable(f"the kernels are not built: there is no {places()[0]}")


def unavailable(isa: str) -> str | None:
    """Why an instruction set cannot be used here; None if it can."""
    try:
        reason = _library().coproc_unavailable(isa.encode())
    except EngineUnavailable as error:
        return str(error)
    return None if reason is None else str(reason.decode())


@cache
def kernels(isa: str | None = None) -> Kernels:
    """The table of an instruction set, or the best that this machine runs (None).

    Raises EngineUnavailable, which says why.
    """
    address = _library().coproc_kernels(None if isa is None else isa.encode())
    if not address:
        raise EngineUnavailable(unavailable(isa or "portable") or f"the kernels know no instruction set {isa!r}")
    return Kernels(address)
