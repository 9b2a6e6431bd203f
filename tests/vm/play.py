"""Runs lines of `piecrust-run` on this VM, with answers of the same form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from coproc.coprocessor import Coprocessor
from coproc.operation import Rules
from coproc.vm import VM, ContractTrap, HostPanic, Receipt, Session
from coproc.vm.errors import describe
from tests.vm.scripts import Line

Answer = dict[str, Any]


def shown(receipt: Receipt | None) -> Answer:
    """The keys of a receipt of a call that succeeded."""
    if receipt is None:
        return {}
    return {
        "gas_spent": receipt.gas_spent,
        "data": receipt.data.hex(),
        "events": [
            {"source": event.source.hex(), "topic": event.topic, "data": event.data.hex(), "reverted": event.reverted}
            for event in receipt.events
        ],
    }


class Player:
    """As `piecrust-run --roots`: a session opens at the first line that needs one, on the last commit."""

    def __init__(self, vm: VM) -> None:
        self.vm = vm
        self.rules = Rules()
        self.metadata: dict[str, bytes] = {}
        self.last: bytes | None = None
        self.open: Session | None = None

    @property
    def session(self) -> Session:
        if self.open is None:
            self.open = self.vm.session(self.last, self.rules, self.metadata)
        return self.open

    def close(self) -> None:
        if self.open is not None:
            self.open.close()
            self.open = None

    def line(self, line: Line) -> Answer:
        """The answer to one line."""
        try:
            return {"ok": True} | self._do(line)
        except (ContractTrap, HostPanic) as error:
            return {"ok": False, "error": describe(error)}

    def _do(self, line: Line) -> Answer:
        match line["do"]:
            case "policy":
                self.rules = Rules(line["plonk"], line["fork"])
                if self.open is not None:
                    self.open.rules = self.rules
                return {}
            case "metadata":
                self.metadata[line["name"]] = bytes.fromhex(line["value_hex"])
                if self.open is not None:
                    self.open.set_metadata(line["name"], self.metadata[line["name"]])
                return {}
            case "deploy":
                made = self.session.deploy_with_receipt(
                    bytes.fromhex(line["wasm"]),
                    bytes.fromhex(line["owner"]),
                    bytes.fromhex(line["init_arg"]),
                    line["gas_limit"],
                    contract_id=None if line["id"] is None else bytes.fromhex(line["id"]),
                )
                return {"id": made.contract.hex()} | shown(made.receipt) | {"root": self.session.root().hex()}
            case "call":
                feed = line.get("feed", False)
                receipt = self.session.call(bytes.fromhex(line["id"]), line["fn"], bytes.fromhex(line["arg"]), line["gas_limit"], feed=feed)
                if receipt.trap is not None:
                    raise receipt.trap
                answer = shown(receipt) | {"root": self.session.root().hex()}
                return answer | {"feed": [data.hex() for data in receipt.feed]} if feed else answer
            case "root":
                return {"root": self.session.root().hex()}
            case "commit":
                self.last = self.session.commit()
                self.open = None
                return {"root": self.last.hex()}
            case "new_session":
                self.close()
                assert self.session
                return {}
        raise AssertionError(line)


def play(lines: Iterable[Line], coprocessor: Coprocessor) -> list[Answer]:
    """The answers to a script, on an empty state."""
    with VM(coprocessor=coprocessor) as vm:
        player = Player(vm)
        try:
            return [player.line(line) for line in lines]
        finally:
            player.close()


def comparable(answer: Answer) -> Answer:
    """An answer with the error's variant alone: the texts of engines differ."""
    if "error" not in answer:
        return answer
    return answer | {"error": answer["error"].partition(":")[0]}
