"""NVRTC through ctypes: text to machine code (a cubin), without a driver. Its library and nvdisasm come from requirements/gpu.txt."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from functools import cache
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
TOOLS = HOME / "build" / "gpu" / "venv"
OPTIONS = ("--std=c++17", "-default-device", "--ptxas-options=-v", "--diag-suppress=177")
"""177: a text holds primitives that one module or another does not call."""


class CompileError(Exception):
    """What the compiler said."""


def _tool(pattern: str) -> Path:
    found = sorted(TOOLS.glob(f"lib/python3*/site-packages/nvidia/{pattern}"))
    if not found:
        raise FileNotFoundError(f"no {pattern} under {TOOLS}: make check-gpu installs it")
    return found[-1]


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(str(_tool("cu1*/lib/libnvrtc.so.*")))


@cache
def version() -> str:
    major, minor = ctypes.c_int(), ctypes.c_int()
    _library().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    return f"{major.value}.{minor.value}"


def _get(program: ctypes.c_void_p, what: str) -> bytes:
    size = ctypes.c_size_t()
    _library()[f"nvrtcGet{what}Size"](program, ctypes.byref(size))
    data = ctypes.create_string_buffer(size.value)
    _library()[f"nvrtcGet{what}"](program, data)
    return data.raw


def compile_text(text: str, architecture: str) -> tuple[bytes, str]:
    """(cubin, log of ptxas) of a text for "sm_90" and the like. Raises CompileError."""
    library, program = _library(), ctypes.c_void_p()
    library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"module.cu", 0, None, None)
    options = [option.encode() for option in (*OPTIONS, f"--gpu-architecture={architecture}")]
    status = library.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    log = _get(program, "ProgramLog").decode(errors="replace").rstrip("\0")
    try:
        if status:
            raise CompileError(next((line for line in log.splitlines() if "error:" in line), log[:400]))
        return _get(program, "CUBIN"), log
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def disassemble(cubin: bytes) -> str:
    """SASS of every function."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        return subprocess.run([_tool("cu1*/bin/nvdisasm"), "-c", file.name], check=True, capture_output=True, text=True).stdout
