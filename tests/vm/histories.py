"""Sessions as the state sees them, for tests: memories as dictionaries of pages, and the changes that they amount to."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from dataclasses import dataclass, field

from coproc.vm.state import PAGE, ContractChange, NewContract, StateView


def page_bytes(view: StateView, contract: bytes, index: int) -> bytes:
    """A committed page, read at the address that the view gives; zeros where there is none."""
    record = view.contract(contract)
    page = None if record is None else record.page(index)
    return bytes(PAGE) if page is None else ctypes.string_at(page.address, PAGE)


@dataclass
class Session:
    """What a session on `view` did: contracts that it deployed or loaded, and pages that it wrote, whole."""

    view: StateView
    new: dict[bytes, NewContract] = field(default_factory=dict)
    loaded: set[bytes] = field(default_factory=set)
    dirty: dict[bytes, dict[int, bytearray]] = field(default_factory=dict)
    lengths: dict[bytes, int] = field(default_factory=dict)

    def has(self, contract: bytes) -> bool:
        return contract in self.new or self.view.contract(contract) is not None

    def deploy(self, contract: bytes, record: NewContract, length: int) -> None:
        self.new[contract] = record
        self.lengths[contract] = length

    def load(self, contract: bytes) -> None:
        if contract not in self.new:
            self.loaded.add(contract)

    def write(self, contract: bytes, address: int, data: bytes) -> None:
        self.load(contract)
        pages = self.dirty.setdefault(contract, {})
        while data:
            index, at = divmod(address, PAGE)
            part, data = data[: PAGE - at], data[PAGE - at :]
            if index not in pages:
                pages[index] = bytearray(page_bytes(self.view, contract, index) if contract not in self.new else bytes(PAGE))
            pages[index][at : at + len(part)] = part
            address += len(part)

    def write_all(self, contract: bytes, at: Iterable[tuple[int, str]]) -> None:
        for address, data in at:
            self.write(contract, address, bytes.fromhex(data))

    def changes(self) -> dict[bytes, ContractChange]:
        return {
            contract: ContractChange(self._length(contract), self.dirty.get(contract, {}), self.new.get(contract))
            for contract in {*self.new, *self.loaded}
        }

    def _length(self, contract: bytes) -> int:
        if contract in self.lengths:
            return self.lengths[contract]
        record = self.view.contract(contract)
        assert record is not None
        return record.length
