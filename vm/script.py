"""Scripts of contract calls: JSON lines in, one JSON object a line out, the lines of upstream's reference runner.

deploy, call, metadata, policy, root, commit, new_session; all bytes are hex. Calls that follow each other are executed as one block.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from coproc.activation import Activation, block_height
from coproc.errors import InvalidInput
from coproc.operation import DEFAULT_RULES, Rules

from .block import BlockStats
from .errors import ContractTrap, HostPanic, describe
from .machine import VM
from .receipt import Receipt
from .session import Call, Session
from .state import UnknownCommit

BLOCK_AT_MOST: Final = 10_000  # calls that wait for each other's answers
_DOES: Final = ("deploy", "call", "metadata", "policy", "root", "commit", "new_session")
Line = dict[str, Any]
Answer = dict[str, Any]


def shown(receipt: Receipt | None) -> Answer:
    """The keys of a receipt: gas, data and events of a call that succeeded, the error of one that failed."""
    if receipt is None:
        return {}
    if receipt.error is not None:
        return {"error": receipt.error}
    events = [
        {"source": event.source.hex(), "topic": event.topic, "data": event.data.hex(), "reverted": event.reverted}
        for event in receipt.events
    ]
    return {"gas_spent": receipt.gas_spent, "data": receipt.data.hex(), "events": events}


class Script:
    """Runs lines on a VM, on its last commit.

    speculate: as in `Session.execute_block`. folder: where files of modules are. roots: the answer to every deploy and call that
    succeeds has the root behind it; each call is then a block of its own.
    """

    def __init__(
        self, vm: VM, *, speculate: bool = True, folder: Path | None = None, roots: bool = False, activation: Activation | None = None
    ) -> None:
        """activation: gives the rules wherever a metadata line says the height of the block; `policy` lines are then refused."""
        self._vm = vm
        self._roots = roots
        self._speculate = speculate
        self._folder = folder or Path()
        self._activation = activation
        self._rules = DEFAULT_RULES if activation is None else activation.at(0)
        self._metadata: dict[str, bytes] = {}
        self._last = vm.store.head()
        self._open: Session | None = None
        self.stats = BlockStats(0)  # of all blocks together
        self.failed = 0  # lines whose answer is not ok

    @property
    def session(self) -> Session:
        """The open one, or a new one on the last commit."""
        return self._begin() if self._open is None else self._open

    def _begin(self) -> Session:
        self._open = self._vm.session(self._last, self._rules, self._metadata)
        return self._open

    def _rule(self, rules: Rules) -> None:
        """These rules from now on."""
        self._rules = rules
        if self._open is not None:
            self._open.rules = rules

    def close(self) -> None:
        """Drop what was not committed."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def run(self, lines: Iterable[str | bytes], name: str) -> Iterator[Answer]:
        """An answer for each line that is not blank, in order. `ns` of a call: its share of its block's time.

        Raises InvalidInput with `name` and the line's number for what cannot be read; what stands before it is answered.
        """
        waiting: list[Call] = []
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            try:
                do, line = _read(text)
                call = _call(line) if do == "call" and not line.get("feed") else None
            except (InvalidInput, ValueError, KeyError, TypeError) as error:
                yield from self._block(waiting)
                raise InvalidInput(f"{name}:{number}: {_said(error)}") from None
            if call is not None:
                waiting.append(call)
            if waiting and (call is None or len(waiting) == (1 if self._roots else BLOCK_AT_MOST)):
                yield from self._block(waiting)
                waiting = []
            if call is None:
                try:
                    yield self._timed(do, line)
                except (InvalidInput, UnknownCommit, ValueError, KeyError, TypeError) as error:
                    raise InvalidInput(f"{name}:{number}: {_said(error)}") from None
        yield from self._block(waiting)

    def _block(self, calls: list[Call]) -> Iterator[Answer]:
        if not calls:
            return
        session = self.session
        started = time.perf_counter_ns()
        block = session.execute_block(calls, self._speculate)
        each = (time.perf_counter_ns() - started) // len(calls)
        for entry in fields(BlockStats):
            setattr(self.stats, entry.name, getattr(self.stats, entry.name) + getattr(block.stats, entry.name))
        for receipt in block.receipts:
            self.failed += not receipt.ok
            yield {"ok": receipt.ok} | shown(receipt) | (self._root() if receipt.ok else {}) | {"ns": each}

    def _timed(self, do: str, line: Line) -> Answer:
        started = time.perf_counter_ns()
        try:
            answer: Answer = {"ok": True} | self._do(do, line)
        except (ContractTrap, HostPanic) as error:
            answer = {"ok": False, "error": describe(error)}
        elapsed = time.perf_counter_ns() - started
        self.failed += not answer["ok"]
        if answer["ok"] and do in ("deploy", "call"):
            answer |= self._root()
        return answer | {"ns": elapsed}

    def _root(self) -> Answer:
        return {"root": self.session.root().hex()} if self._roots else {}

    def _do(self, do: str, line: Line) -> Answer:
        match do:
            case "policy":
                if self._activation is not None:
                    raise InvalidInput("policy: the activation table says the rules")
                self._rule(Rules(line.get("plonk") or "", line.get("fork") or "PreFork"))
                return {}
            case "metadata":
                name, value = line["name"], bytes.fromhex(line["value_hex"])
                self._metadata[name] = value
                if self._open is not None:
                    self._open.set_metadata(name, value)
                if self._activation is not None and name == "block_height":
                    height = block_height(value)
                    if height is None:
                        raise InvalidInput("block_height: 4 or 8 bytes are wanted, the activation table goes by it")
                    self._rule(self._activation.at(height))
                return {}
            case "deploy":
                contract = bytes.fromhex(line["id"]) if line.get("id") is not None else None
                made = self.session.deploy_with_receipt(
                    module(line["wasm"], self._folder), bytes.fromhex(line["owner"]), bytes.fromhex(line.get("init_arg") or ""),
                    line["gas_limit"], contract_id=contract,
                )  # fmt: skip
                return {"id": made.contract.hex()} | shown(made.receipt)
            case "call":
                call = _call(line)
                receipt = self.session.call(*call, feed=True)
                if receipt.trap is not None:
                    raise receipt.trap
                return shown(receipt) | {"feed": [data.hex() for data in receipt.feed]}
            case "root":
                return {"root": self.session.root().hex()}
            case "commit":
                self._last = self.session.commit()
                self._open = None
                return {"root": self._last.hex()}
        self.close()  # new_session
        if line.get("base") is not None:
            self._last = bytes.fromhex(line["base"])
        self._begin()
        return {}


def module(text: str, folder: Path) -> bytes:
    """The bytes of a module: hex, or a file that ends in .wasm or in .wat, which is assembled. Raises InvalidInput."""
    if not text.endswith((".wasm", ".wat")):
        return bytes.fromhex(text)
    try:
        content = (folder / text).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{text}: cannot be read: {error.strerror}") from error
    if text.endswith(".wasm"):
        return content
    from wasmtime import WasmtimeError, wat2wasm

    try:
        return bytes(wat2wasm(content))
    except WasmtimeError as error:
        raise InvalidInput(f"{text}: {error}") from None


def _read(text: str | bytes) -> tuple[str, Line]:
    line = json.loads(text)
    if not isinstance(line, dict) or line.get("do") not in _DOES:
        raise InvalidInput(f'an object with "do" is wanted, one of {", ".join(_DOES)}')
    return line["do"], line


def _call(line: Line) -> Call:
    call = Call(bytes.fromhex(line["id"]), line["fn"], bytes.fromhex(line["arg"]), line["gas_limit"])
    if len(call.contract) != 32 or not isinstance(call.function, str):
        raise InvalidInput("id: 32 bytes are wanted; fn: a name")
    if type(call.gas_limit) is not int or not 0 <= call.gas_limit < 1 << 64:
        raise InvalidInput("gas_limit: an unsigned 64-bit number is wanted")
    return call


def _said(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
