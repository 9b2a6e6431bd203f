"""coproc: a proof-verification co-processor, Dusk's host functions answered bit for bit in batches.

    import coproc

    request = coproc.Request(op="verify_plonk", args=argbuf, rules=coproc.Rules(plonk="V3", fork="Aegis"))
    with coproc.open() as cp:
        answers = cp.run([request])

The names below are imported when they are first used, so that `import coproc` costs nothing and code generation, which runs before
anything is installed, needs the standard library only.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coproc.coprocessor import Coprocessor, open
    from coproc.engine.select import engines
    from coproc.errors import (
        CoprocError,
        EngineBug,
        EngineError,
        EngineLost,
        EngineUnavailable,
        InvalidInput,
        MalformedRequest,
        Unserved,
        UpstreamPanic,
    )
    from coproc.operation import Answer, Columns, Operation, Request, Rules
    from coproc.ops import OPERATIONS

    __version__: str

_HOME = {
    "Coprocessor": "coproc.coprocessor",
    "open": "coproc.coprocessor",
    "engines": "coproc.engine.select",
    "OPERATIONS": "coproc.ops",
    **dict.fromkeys(("Answer", "Columns", "Operation", "Request", "Rules"), "coproc.operation"),
    **dict.fromkeys(
        (
            "CoprocError",
            "EngineBug",
            "EngineError",
            "EngineLost",
            "EngineUnavailable",
            "InvalidInput",
            "MalformedRequest",
            "Unserved",
            "UpstreamPanic",
        ),
        "coproc.errors",
    ),
}

__all__ = [
    "OPERATIONS",
    "Answer",
    "Columns",
    "CoprocError",
    "Coprocessor",
    "EngineBug",
    "EngineError",
    "EngineLost",
    "EngineUnavailable",
    "InvalidInput",
    "MalformedRequest",
    "Operation",
    "Request",
    "Rules",
    "Unserved",
    "UpstreamPanic",
    "engines",
    "open",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("coproc")
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'coproc' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
