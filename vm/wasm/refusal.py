"""Why a module is refused: the error variant that Piecrust gives, and the WebAssembly proposal at fault, if it is one.

Piecrust reports what its engine refuses as `RuntimeError`, a wrong number of exported memories as `PersistenceError`, a wrong export or an
unknown import as `InvalidFunction`, a wrong global `A` as `InvalidArgumentBuffer`.
"""

from __future__ import annotations

from typing import Literal

from coproc.errors import CoprocError

Variant = Literal["RuntimeError", "PersistenceError", "InvalidFunction", "InvalidArgumentBuffer"]


class ModuleError(CoprocError):
    """The module cannot be a contract. `variant` names Piecrust's error; `feature` names the proposal that is off, or is None."""

    def __init__(self, message: str, *, variant: Variant = "RuntimeError", feature: str | None = None) -> None:
        super().__init__(message)
        self.variant: Variant = variant
        self.feature = feature


def malformed(what: str, at: int) -> ModuleError:
    """The error for bytes that are no module; `at` is the offset in the module."""
    return ModuleError(f"malformed module at byte {at:#x}: {what}")


def off(feature: str, what: str, at: int) -> ModuleError:
    """The error for a proposal that contracts may not use."""
    return ModuleError(f"{what} at byte {at:#x} needs the proposal `{feature}`, which is off", feature=feature)
