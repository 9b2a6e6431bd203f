"""Contracts trap by signals: a library that takes those over on its start must not end the process with the next trap."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import faulthandler
import wasmtime
from coproc.cluster.pools.signals import fatal_handlers_kept

engine = wasmtime.Engine()
store = wasmtime.Store(engine)
module = wasmtime.Module(engine, '(module (func (export "f") unreachable))')
f = wasmtime.Instance(store, module, []).exports(store)["f"]

def trapped():
    try:
        f(store)
    except wasmtime.Trap:
        return True

assert trapped()
with fatal_handlers_kept():
    faulthandler.enable()
assert trapped()
print("still there")
"""


def test_a_contract_may_trap_after_another_library_took_the_signals() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout) == (0, "still there\n"), run.stderr
