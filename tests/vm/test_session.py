"""What sessions promise where Piecrust cannot be asked: the VM lives on after every trap, failures are no answers, threads do not meet."""

from __future__ import annotations

import gc
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
import wasmtime

from coproc.coprocessor import Coprocessor
from coproc.errors import CoprocError, InvalidInput, Unserved
from coproc.operation import Answer, Rules
from coproc.vm import VM, Call, ContractTrap, Session
from coproc.vm.engine import FEATURES, Engine, engine
from tests.vm.scripts import CONTRACTS, GAS, NOBODY, A, B, C, assemble, nested, query, relay

HEAD = '(memory (export "m") 2) (global (export "A") i32 (i32.const 16)) '


@pytest.fixture
def session(vm: VM) -> Iterator[Session]:
    with vm.session(rules=Rules("V3", "Boreas")) as opened:
        for contract in (A, B):
            opened.deploy(bytes.fromhex(assemble(relay(is_64=contract == B))), bytes(32), gas_limit=GAS, contract_id=contract)
        yield opened


def _module(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(f"(module {text})"))


TRAPS = {
    "load past 4 GiB": "(i32.load offset=8 (i32.const -4))",
    "store past 4 GiB": "(i32.store offset=4294967295 (i32.const 4) (i32.const 1)) (i32.const 0)",
    "empty slot of a table": "(call_indirect (param i32) (result i32) (i32.const 0) (i32.const 2))",
    "beyond a table": "(call_indirect (param i32) (result i32) (i32.const 0) (i32.const 99))",
    "another type": "(call_indirect (result i32) (i32.const 0))",
    "division by zero": "(i32.div_u (i32.const 1) (i32.const 0))",
    "overflow": "(i32.trunc_f64_s (f64.const 1e300))",
    "copy out of the memory": "(memory.copy (i32.const 131000) (i32.const 0) (i32.const 1000)) (i32.const 0)",
    "endless recursion": "(call $f (local.get 0))",
}


@pytest.mark.parametrize("body", TRAPS.values(), ids=TRAPS)
def test_every_trap_ends_the_call_and_nothing_else(session: Session, body: str) -> None:
    table = "(table 4 funcref) (elem (i32.const 0) $f)"
    text = f'{HEAD} {table} (func $f (export "f") (param i32) (result i32) (i32.store (i32.const 0) (i32.const 9)) {body})'
    session.deploy(_module(text), b"", contract_id=C)
    before = session.root()
    for _ in range(3):
        error = session.call(C, "f", gas_limit=1 << 40).error
        assert error is not None
        assert error.startswith("RuntimeError: ")
        code = session.call(A, "call", nested(C, "f"), gas_limit=1 << 40).data[:4]
        assert struct.unpack("<i", code) == (-(1 << 31),)
    assert session.call(C, "f", gas_limit=2).error == "OutOfGas: OutOfGas" or "call $f" not in body
    assert session.call(A, "inc", gas_limit=GAS).ok
    assert session.root() != before


def test_deepest_call_tree_with_full_stacks_ends_in_traps_not_in_a_crash(session: Session) -> None:
    """48 contracts, each of which uses its stack up to a few frames before it calls the next."""
    text = (
        '(import "env" "c" (func $c (param i32 i32 i32 i32 i64) (result i32)))'
        + HEAD
        + '(data (i32.const 0) "f") (func $f (export "f") (param i32) (result i32) (call $g (i32.const 4000)))'
        + "(func $g (param i32) (result i32) (if (result i32) (local.get 0)"
        + " (then (i32.add (i32.const 1) (call $g (i32.sub (local.get 0) (i32.const 1)))))"
        + " (else (drop (call $c (i32.const 16) (i32.const 0) (i32.const 1) (i32.const 0) (i64.const 0))) (i32.const 0))))"
    )
    ids = [bytes([number]) * 32 for number in range(100, 150)]
    for contract, following in pairwise(ids):
        escaped = "".join(f"\\{byte:02x}" for byte in following)
        session.deploy(_module(text.replace("(data", f'(data (i32.const 16) "{escaped}") (data')), b"", contract_id=contract)
    receipt = session.call(ids[0], "f", gas_limit=1 << 50)
    depth, frame = 0, receipt.call_tree
    while frame is not None:
        depth, frame = depth + 1, frame.children[-1] if frame.children else None
    assert depth == 48
    assert session.call(A, "inc", gas_limit=GAS).ok


def test_argument_too_long_is_an_error_and_leaves_no_trace(session: Session) -> None:
    before = session.root()
    error = session.call(A, "echo", bytes(65537), gas_limit=GAS).error
    assert error is not None
    assert error.startswith("MemoryAccessOutOfBounds: ")
    assert session.root() == before
    assert session.call(A, "echo", bytes(65536), gas_limit=GAS).ok


def test_failed_call_has_spent_its_limit_and_its_events_come_with_the_next_receipt(session: Session) -> None:
    failed = session.call(A, "emit_trap", b"lost", gas_limit=777)
    assert (failed.gas_spent, failed.gas_limit, failed.events, failed.data, failed.call_tree) == (777, 777, (), b"", None)
    after = session.call(A, "read", gas_limit=GAS)
    assert [(event.data, event.reverted) for event in after.events] == [(b"lost", True)]
    assert session.call(A, "read", gas_limit=GAS).events == ()


def test_call_tree_tells_who_called_whom(session: Session) -> None:
    receipt = session.call(A, "call", nested(B, "call", nested(A, "inc")), gas_limit=GAS)
    tree = receipt.call_tree
    assert tree is not None
    assert tree.contract == A
    assert [child.contract for child in tree.children] == [B]
    assert [child.contract for child in tree.children[0].children] == [A]
    assert receipt.gas_spent == tree.spent > tree.children[0].spent > tree.children[0].children[0].spent > 0


def test_excluded_query_is_missing(vm: VM) -> None:
    with vm.session(exclude_queries=("keccak256",)) as session:
        session.deploy(bytes.fromhex(assemble(relay(is_64=False))), b"", gas_limit=GAS, contract_id=A)
        assert session.call(A, "hq", query("keccak256", b""), gas_limit=GAS).error == "MissingHostQuery: Missing host query: keccak256"
        assert session.call(A, "hq", query("sha256", b""), gas_limit=GAS).ok


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_engine_failure_is_no_answer(session: Session, depth: int) -> None:
    """What nothing could run leaves `call` as an exception, through every contract; all state reverts; the session goes on."""
    argument, function = query("secp256k1_recover", b""), "hq"
    for _ in range(depth):
        argument, function = nested(A, function, argument), "call_then_inc"
    before = session.root()
    unserved = [Answer(None, "unserved", None, 0, "")]
    with patch.object(Coprocessor, "run", return_value=unserved), pytest.raises(Unserved):
        session.call(A, function, argument, gas_limit=GAS)
    assert session.root() == before
    with patch.object(Coprocessor, "run", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        session.call(A, function, argument, gas_limit=GAS)
    assert session.root() == before
    assert session.call(A, function, argument, gas_limit=GAS).ok


def test_sessions_in_threads_do_not_meet(coprocessor: Coprocessor) -> None:
    """Errors, memories and events of a session are its own, whatever other threads run."""
    wasm = bytes.fromhex(assemble(relay(is_64=False)))
    start = threading.Barrier(4)

    def work(number: int) -> None:
        with VM(coprocessor=coprocessor) as vm, vm.session() as session:
            session.deploy(wasm, b"", gas_limit=GAS, contract_id=A)
            start.wait()
            for turn in range(100):
                message = f"{number}.{turn}"
                assert session.call(A, "panic", message.encode(), gas_limit=GAS).error == f"Panic: Panic: {message}"
                assert session.call(A, "emit", message.encode(), gas_limit=GAS).events[0].data == message.encode()
                assert session.call(A, "loop", gas_limit=5000).error == "OutOfGas: OutOfGas"
                assert session.call(A, "inc", gas_limit=GAS).data == struct.pack("<I", turn + 1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def test_block_of_calls_is_what_the_calls_are(vm: VM) -> None:
    wasm = bytes.fromhex(assemble(relay(is_64=False)))
    calls = [Call(A, function, b"word", 60) for function in ("inc", "emit_trap", "emit", "loop", "read", "missing")] * 3
    outcomes = []
    for together in (True, False):
        with vm.session() as session:
            session.deploy(wasm, b"", gas_limit=GAS, contract_id=A)
            receipts = session.execute_calls(calls) if together else [session.call(*call) for call in calls]
            outcomes.append(([(r.data, r.gas_spent, r.error, r.events) for r in receipts], session.root()))
    assert outcomes[0] == outcomes[1]


def test_commit_is_found_again_after_reopening(tmp_path: object, coprocessor: Coprocessor) -> None:
    folder = str(tmp_path)
    with VM(folder, coprocessor=coprocessor) as vm, vm.session() as session:
        session.deploy(bytes.fromhex(assemble(relay(is_64=False))), b"me", gas_limit=GAS, contract_id=A)
        session.call(A, "poke", struct.pack("<QQ", 9 << 20, 7), gas_limit=GAS)
        root = session.commit()
    with VM(folder, coprocessor=coprocessor) as vm, vm.session(root) as session:
        assert session.root() == root
        assert session.call(A, "peek", struct.pack("<Q", 9 << 20), gas_limit=GAS).data == struct.pack("<Q", 7)
        assert session.call(A, "owner", A, gas_limit=GAS).data == b"me"
        assert session.call(A, "inc", gas_limit=GAS).ok
        assert session.root() != root


def test_mistakes_of_the_caller_are_refused(session: Session) -> None:
    with pytest.raises(InvalidInput):
        session.call(b"short", "read", gas_limit=GAS)
    with pytest.raises(InvalidInput):
        session.call(A, "read", gas_limit=1 << 64)
    with pytest.raises(InvalidInput):
        session.call(A, "read", gas_limit=-1)
    assert session.call(NOBODY, "read", gas_limit=GAS).error == f"ContractDoesNotExist: Contract does not exist: {NOBODY.hex()}"
    session.close()
    with pytest.raises(CoprocError):
        session.call(A, "read", gas_limit=GAS)


def test_kept_instance_begins_every_tree_anew(session: Session) -> None:
    session.deploy(_module((CONTRACTS / "minimal.wat").read_text().split("(module", 1)[1].rsplit(")", 1)[0]), b"", contract_id=C)
    first = [session.call(C, function, gas_limit=GAS) for function in ("globals", "text", "swap")]
    again = [session.call(C, function, gas_limit=GAS) for function in ("globals", "text", "swap")]
    assert [(r.data, r.gas_spent, r.error) for r in first] == [(r.data, r.gas_spent, r.error) for r in again]
    assert all(r.ok for r in first)


REFUSED = {
    "reference types": "(func (result externref) (ref.null extern))",
    "tail calls": "(func $f (return_call $f))",
    "threads": "(func (drop (i32.atomic.load (i32.const 0))))",
    "shared memory": "(memory 1 1 shared)",
    "exceptions": "(tag $e) (func (throw $e))",
    "garbage collection": "(type (struct))",
    "function references": "(type $t (func)) (func (param (ref $t)))",
    "wide arithmetic": "(func (drop (i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0))) drop)",
    "custom page sizes": "(memory 1 (pagesize 1))",
    "stack switching": "(type $f (func)) (type $c (cont $f))",
    "two memories": "(memory 1)",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_proposal_that_is_off_is_refused_at_deployment(session: Session, text: str) -> None:
    try:
        module = _module(HEAD + text)
    except wasmtime.WasmtimeError:
        pytest.fail("the text is no module")
    with pytest.raises(ContractTrap) as raised:
        session.deploy(module, b"", contract_id=C)
    assert raised.value.variant == "RuntimeError"
    assert not session.call(C, "f", gas_limit=GAS).ok


def test_every_feature_is_decided() -> None:
    """A release of wasmtime that can switch another proposal off or on must be looked at."""
    from wasmtime import _bindings

    known = {
        name.removeprefix("wasmtime_config_").removesuffix("_set") for name in dir(_bindings) if name.startswith("wasmtime_config_wasm_")
    }
    assert known - {"wasm_features"} <= set(FEATURES)


def test_module_is_compiled_once_for_a_folder_and_damage_is_noticed(tmp_path: Path, coprocessor: Coprocessor) -> None:
    minimal = (CONTRACTS / "minimal.wat").read_text()
    folder = tmp_path / "state"

    def outcomes() -> list[tuple[bytes, int, str | None]]:
        engine()._compiled.clear()
        with VM(folder, coprocessor=coprocessor) as vm, vm.session() as session:
            session.deploy(bytes(wasmtime.wat2wasm(minimal)), b"", contract_id=A)
            receipts = [session.call(A, name, bytes(4), gas_limit=GAS) for name in ("globals", "globals", "text", "swap", "apply", "grow")]
        return [(r.data, r.gas_spent, r.error) for r in receipts]

    first = outcomes()
    (file,) = (folder / "modules").iterdir()
    with patch.object(Engine, "_compile", side_effect=AssertionError):
        assert outcomes() == first
    content = bytearray(file.read_bytes())
    for place in (0, 40, len(content) // 2, len(content) - 1):
        damaged = bytearray(content)
        damaged[place] ^= 1
        file.write_bytes(damaged)
        assert outcomes() == first
    file.write_bytes(b"")
    assert outcomes() == first
    assert file.read_bytes()[32:] == content[32:]


def test_session_that_nobody_closed_goes_with_its_last_reference(vm: VM) -> None:
    threads = threading.active_count()
    opened = vm.session()
    opened.deploy(bytes.fromhex(assemble(relay(is_64=False))), b"", gas_limit=GAS, contract_id=A)
    assert opened.call(A, "inc", gas_limit=GAS).ok
    del opened
    gc.collect()
    assert threading.active_count() == threads


def test_handler_of_faults_that_comes_later_is_not_in_the_way(vm: VM) -> None:
    """Python's own is put on top after the VM began: memories and traps go on."""
    code = (
        "import coproc, faulthandler, sys; from coproc.vm import VM; from tests.vm.scripts import *\n"
        "vm = VM(coprocessor=coproc.open('cpu', workers=1)); vm.session().close(); faulthandler.enable()\n"
        "with vm.session() as s:\n"
        "    s.deploy(bytes.fromhex(assemble(relay(is_64=False))), b'', gas_limit=GAS, contract_id=A)\n"
        "    assert s.call(A, 'inc', gas_limit=GAS).ok\n"
        "    assert s.call(A, 'peek', b'\\xff' * 8, gas_limit=GAS).error.startswith('RuntimeError')\n"
        "    assert s.call(A, 'inc', gas_limit=GAS).ok\n"
        "vm.close(); print('done')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=60)
    assert (ran.stdout, ran.stderr) == ("done\n", "")
