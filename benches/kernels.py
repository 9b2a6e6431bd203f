"""Builds `coproc-bench` (`benches/native`) and runs it: our side of a round."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benches.machine import ROOT
from benches.peers.cpu import Figure, PeerFailed, figures

BUILD = ROOT / "build" / "native"


class BuildFailed(RuntimeError):
    """The kernels or the bench do not build; the message ends with the compiler's words."""


def _tool(name: str) -> str:
    """A tool of the environment that runs this, else of the PATH. Raises BuildFailed if there is none."""
    own = Path(sys.executable).parent / name
    found = str(own) if own.exists() else shutil.which(name)
    if not found:
        raise BuildFailed(f"{name} is missing: run `make setup` first")
    return found


def _run(command: list[str]) -> None:
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        raise BuildFailed(f"{' '.join(command)}\n{(run.stdout + run.stderr)[-4000:]}")


def build(folder: Path = BUILD) -> Path:
    """Configure and build in `folder`; returns the program."""
    generator = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={_tool('ninja')}"] if not (folder / "CMakeCache.txt").exists() else []
    python = f"-DPython_EXECUTABLE={sys.executable}"
    cmake = _tool("cmake")
    _run([cmake, *generator, "-S", ".", "-B", str(folder), "-DCMAKE_BUILD_TYPE=Release", "-DCOPROC_BENCH=ON", python])
    _run([cmake, "--build", str(folder), "--target", "coproc_bench", "--parallel", str(os.cpu_count() or 1)])
    return folder / "benches" / "native" / "coproc-bench"


@dataclass(frozen=True)
class Kernels:
    """The program and what it is asked for: time a figure in ms, largest task, parts of operations' names (none: all)."""

    program: Path
    budget_ms: float
    max_size: int
    only: tuple[str, ...]

    def command(self, isa: str) -> list[str]:
        options = ["--isa", isa, "--max-size", str(self.max_size), "--budget-ms", str(self.budget_ms)]
        return [str(self.program), *options, *self.only]

    def figures(self, isa: str) -> list[Figure]:
        """The figures of one instruction set, libraries named `cpu:ISA`."""
        return list(figures(self.command(isa)))

    def tools(self, isa: str) -> dict[str, Any] | str:
        """Compiler, flags and clock as the program tells them; or why the instruction set cannot be used here."""
        run = subprocess.run([str(self.program), "--isa", isa, "no such operation"], capture_output=True, text=True)
        if run.returncode == 2:
            return run.stderr.strip().removeprefix("coproc-bench: ")
        if run.returncode:
            raise PeerFailed(f"{self.program}: {run.stderr.strip()}")
        told: dict[str, Any] = json.loads(run.stdout.splitlines()[0])
        return {key: told[key] for key in ("compiler", "flags", "clock_ghz")}
