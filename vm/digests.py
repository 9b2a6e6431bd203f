"""What `libcoproc_vm.so` must know to answer the cheap host queries itself: the kernels, and the session's prices."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import c_void_p
from typing import Final

from coproc.engine.cpu import CpuEngine
from coproc.engine.library import kernels
from coproc.engine.protocol import Engine
from coproc.operation import BOREAS_CODE, Operation, Rules

from .library import Digests

NAMES: Final = ("hash", "keccak256", "sha256", "poseidon_hash")
_KERNELS: Final = ("parse", "hash_to_fr", "keccak256", "sha256", "poseidon_hash")


def digests(engine: Engine, queries: Mapping[str, Operation], rules: Rules) -> Digests | None:
    """For a session's active queries and rules; None where the engine is not made of CPU kernels."""
    if not isinstance(engine, CpuEngine):
        return None
    table = kernels(engine.isa)
    out = Digests()
    for place, name in enumerate(_KERNELS):
        out.kernels[place] = ctypes.cast(getattr(table, name), c_void_p).value
    for place, name in enumerate(NAMES):
        if operation := queries.get(name):
            one, two = (operation.price(0, [count]) if rules.code >= BOREAS_CODE else 0 for count in (1, 2))
            out.query[3 * place : 3 * place + 3] = [1, 2 * one - two, two - one]
    return out
