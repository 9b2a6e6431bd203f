"""Results that are kept by the content they were made from, in build/gpu."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from typing import Any

from benches.gpu_gate.cubin import as_dict, kernels
from benches.gpu_gate.nvrtc import HOME, CompileError, compile_text, disassemble, version
from coproc.codegen.device.source import source

FOLDER = HOME / "build" / "gpu" / "kept"


def kept(parts: tuple[str, ...], make: Callable[[], Any]) -> Any:
    """What was made from the same parts, or what ``make`` returns now."""
    path = FOLDER / f"{hashlib.blake2b(chr(0).join(parts).encode(), digest_size=16).hexdigest()}.json"
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        made = make()
    FOLDER.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(made))
    draft.rename(path)
    return made


def _compile(text: str, architecture: str) -> dict[str, Any]:
    try:
        cubin, log = compile_text(text, architecture)
    except CompileError as error:
        return {"error": str(error)}
    found = kernels(log, disassemble(cubin)) if "Compiling entry function" in log else {}
    return {"kernels": {name: {**as_dict(kernel), "wrong": kernel.wrong} for name, kernel in found.items()}}


def compiled(module: tuple[str, str, int, str]) -> dict[str, Any]:
    """(family, curve, block, architecture) -> {"kernels": by name} or {"error": what the compiler said}."""
    family, curve, block, architecture = module
    text = source(family, curve, "cuda", block)
    return kept(("module 1", version(), architecture, text), lambda: _compile(text, architecture))
