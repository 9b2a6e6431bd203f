"""What the commands that measure have in common: which operations, and where figures may be written."""

from __future__ import annotations

from pathlib import Path


def operations_of(given: list[str] | None) -> list[str]:
    """The names in `--ops`, several a word; none: all. Raises InvalidInput."""
    from coproc.coprocessor import operation_of
    from coproc.ops import OPERATIONS

    names = [name for part in given or [] for name in part.split(",") if name]
    return [operation_of(name).name for name in names] or list(OPERATIONS)


def folders_exist(*names: str | None) -> None:
    """Refuse before the work what could not be written after it."""
    from coproc.errors import InvalidInput

    for name in names:
        if name is not None and not Path(name).absolute().parent.is_dir():
            raise InvalidInput(f"{name}: there is no such folder")
