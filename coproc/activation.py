"""`Activation`: the rules in force at a block height, from a table that an operator writes.

::

    [[activation]]
    height = 0            # the first entry
    plonk = "V2"
    fork = "PreFork"

    [[activation]]
    height = 1_000        # from this block on
    plonk = "V3"
    fork = "Aegis"

Both words stand in every entry: which rules a chain has at a height is for its operator to know, and nothing is inferred.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from coproc.errors import InvalidInput
from coproc.operation import Rules

MAX_FILE: Final = 1 << 20
MAX_HEIGHT: Final = (1 << 64) - 1
_KEYS: Final = {"height", "plonk", "fork"}


@dataclass(frozen=True)
class Activation:
    """heights: ascending, the first one 0. rules: from each of them on, up to the next. Raises InvalidInput."""

    heights: tuple[int, ...]
    rules: tuple[Rules, ...]

    def __post_init__(self) -> None:
        if not self.heights or len(self.heights) != len(self.rules):
            raise InvalidInput("one entry or more is wanted, each with a height and rules")
        if self.heights[0] != 0:
            raise InvalidInput(f"the first height is {self.heights[0]}, not 0: blocks before it would have no rules")
        for before, after in zip(self.heights, self.heights[1:], strict=False):
            if after <= before:
                raise InvalidInput(f"height {after} stands behind height {before}: they must ascend")
        if self.heights[-1] > MAX_HEIGHT:
            raise InvalidInput(f"height {self.heights[-1]} is no 64-bit number")

    def at(self, height: int) -> Rules:
        """The rules of the block at a height. Raises InvalidInput where there can be no such block."""
        if not 0 <= height <= MAX_HEIGHT:
            raise InvalidInput(f"height {height} is no block's")
        return self.rules[bisect_right(self.heights, height) - 1]


def parse(text: str) -> Activation:
    """A table from TOML. Raises InvalidInput."""
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"not TOML: {error}") from None
    except RecursionError:
        raise InvalidInput("not TOML: too deep") from None
    entries = table.pop("activation", None)
    if table:
        raise InvalidInput(f"unknown entry {next(iter(table))[:64]!r}: only [[activation]] is known")
    if not isinstance(entries, list):
        raise InvalidInput("[[activation]] is wanted, one for each height at which rules change")
    read = [_entry(entry, number) for number, entry in enumerate(entries, 1)]
    return Activation(tuple(height for height, _ in read), tuple(rules for _, rules in read))


def _entry(entry: Any, number: int) -> tuple[int, Rules]:
    where = f"activation {number}"
    if not isinstance(entry, dict) or entry.keys() != _KEYS:
        raise InvalidInput(f"{where}: height, plonk and fork are wanted, and nothing else")
    height, plonk, fork = entry["height"], entry["plonk"], entry["fork"]
    if type(height) is not int or height < 0:
        raise InvalidInput(f"{where}: height: a number from 0 on is wanted")
    if not plonk or not isinstance(plonk, str) or not isinstance(fork, str):
        raise InvalidInput(f"{where}: plonk and fork: a word in quotes is wanted")
    try:
        return height, Rules(plonk, fork)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error}") from None


def load(path: str | Path) -> Activation:
    """The table of a file. Raises InvalidInput, which names the file."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise InvalidInput(f"more than {MAX_FILE:,} bytes")
        return parse(data.decode())
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: not TOML: it is not UTF-8") from None
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None


def block_height(value: bytes) -> int | None:
    """The height in a session's metadata `block_height`: 4 or 8 bytes, little-endian; None for anything else."""
    return int.from_bytes(value, "little") if len(value) in (4, 8) else None


__all__ = ["Activation", "block_height", "load", "parse"]
