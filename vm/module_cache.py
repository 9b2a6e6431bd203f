"""Compiled modules in a folder, by (bytecode, wasmtime, metering version, machine): a node compiles a contract once.

A file holds machine code that this process will run: the folder must belong to whoever runs the VM. Damage is found by a hash; a file
that is not what it should be is as good as none.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from .library import wasmtime_version
from .wasm import METER_VERSION, MutableGlobal

_HASH = 32


@dataclass(frozen=True, slots=True)
class Metering:
    """What of the metered module is needed to run it."""

    remaining: str
    mutable_globals: tuple[MutableGlobal, ...]
    changes_instance: bool


def key(bytecode: bytes) -> bytes:
    """Of a compiled module."""
    return blake3(f"{wasmtime_version()} {METER_VERSION} {platform.machine()} ".encode() + bytecode).digest()


class ModuleCache:
    """`folder` is made when the first module is kept. Any number of processes may use it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: bytes) -> tuple[Metering, bytes] | None:
        """The machine code kept under a key, as wasmtime serialised it."""
        try:
            data = (self._folder / name.hex()).read_bytes()
        except OSError:
            return None
        if blake3(data[_HASH:]).digest() != data[:_HASH]:
            return None
        head, _, code = data[_HASH:].partition(b"\n")
        return _metering(json.loads(head)), code

    def put(self, name: bytes, metering: Metering, code: bytes) -> None:
        """Keep machine code. A folder that cannot be written keeps nothing."""
        content = json.dumps(_shown(metering)).encode() + b"\n" + code
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, path = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "wb") as file:
                file.write(blake3(content).digest() + content)
            os.replace(path, self._folder / name.hex())
        except OSError:
            return


def _shown(metering: Metering) -> dict[str, Any]:
    values = [
        [entry.export, entry.type, entry.initial if isinstance(entry.initial, int) else entry.initial.hex()]
        for entry in metering.mutable_globals
    ]
    return {"remaining": metering.remaining, "globals": values, "changes": metering.changes_instance}


def _metering(shown: dict[str, Any]) -> Metering:
    values = (
        MutableGlobal(export, kind, initial if isinstance(initial, int) else bytes.fromhex(initial))
        for export, kind, initial in shown["globals"]
    )
    return Metering(shown["remaining"], tuple(values), shown["changes"])
