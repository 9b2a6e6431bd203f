"""The example contracts: what a valid proof does, that an invalid one does nothing, and that all of it equals Piecrust's answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

import coproc
from coproc.coprocessor import Coprocessor
from coproc.params.bn254 import R as BN254_R
from coproc.vm import VM
from tests.vm import examples as ex
from tests.vm.play import Answer, Player, comparable, play
from tests.vm.record import digest
from tests.vm.record_examples import recorded
from tests.vm.scripts import Line, policy


@pytest.fixture(scope="module")
def coprocessor() -> Iterator[Coprocessor]:
    with coproc.open("cpu") as opened:
        yield opened


class Chain:
    """Runs lines, and tells what became of the state."""

    def __init__(self, player: Player, *lines: Line) -> None:
        self._player = player
        for line in (policy(*ex.BOREAS), *lines):
            answer = player.line(line)
            assert answer["ok"], answer

    def root(self) -> str:
        return str(self._player.line({"do": "root"})["root"])

    def data(self, line: Line) -> bytes:
        answer = self._player.line(line)
        assert answer["ok"], answer
        return bytes.fromhex(answer["data"])

    def accepts(self, line: Line, topic: str) -> bytes:
        """The one event's data, of a call that changes the state."""
        before = self.root()
        answer = self._player.line(line)
        assert answer["ok"], answer
        assert self.root() != before
        events = [event for event in answer["events"] if not event["reverted"]]
        assert [(event["source"], event["topic"]) for event in events] == [(line["id"], topic)]
        return bytes.fromhex(events[0]["data"])

    def panics(self, line: Line, message: str) -> None:
        """And the state stays what it was."""
        before = self.root()
        answer: Answer = self._player.line(line)
        assert not answer["ok"]
        assert answer["error"].startswith("Panic")
        assert message in answer["error"]
        assert self.root() == before

    def declines(self, line: Line) -> None:
        """Answers 0, without an event."""
        answer = self._player.line(line)
        assert answer["ok"], answer
        assert answer["data"] == "00"
        assert not [event for event in answer["events"] if not event["reverted"]]


@pytest.fixture
def player(coprocessor: Coprocessor) -> Iterator[Player]:
    with VM(coprocessor=coprocessor) as vm:
        player = Player(vm)
        yield player
        player.close()


@pytest.mark.parametrize("name", ex.EXAMPLES)
def test_answers_equal_piecrusts(name: str, coprocessor: Coprocessor) -> None:
    lines = list(ex.EXAMPLES[name]())
    wanted = recorded()[name].answers
    assert digest(lines) == recorded()[name].sha256, "the script or a contract is another than recorded: python -m tests.vm.record_examples"
    assert len(wanted) == len(lines)
    for number, (line, answer, want) in enumerate(zip(lines, play(lines, coprocessor), wanted, strict=True)):
        assert comparable(answer) == comparable(want), f"line {number}: {str(line)[:400]}"


def test_enough_is_recorded() -> None:
    answers = [answer for script in recorded().values() for answer in script.answers]
    assert len(answers) >= 300
    assert sum(not answer["ok"] for answer in answers) >= 60
    assert len(list(ex.WASM.glob("*.wasm"))) >= 12


def test_modules_are_small_and_their_hashes_are_those_of_the_list() -> None:
    sums = [line.split() for line in (ex.WASM / "SHA256SUMS").read_text().splitlines()]
    listed = {name: sha256 for sha256, name in sums}
    modules = {path.name: path.read_bytes() for path in ex.WASM.glob("*.wasm")}
    assert all(len(module) < 60_000 for module in modules.values())
    assert {name: hashlib.sha256(module).hexdigest() for name, module in modules.items()} == listed


def test_dark_pool_settles_what_all_who_trade_have_signed(player: Player) -> None:
    chain = Chain(player, ex.pool_init(), *ex.pool_orders())
    assert chain.data(ex.run(ex.POOL, "outcome")) == ex.pool_statement()
    for line in (ex.settle((11, 13)), ex.settle((11, 12, 13, 14)), ex.settle(statement=ex.pool_statement(1))):
        chain.panics(line, "not signed by all who trade")
    assert chain.accepts(ex.settle(), "settled") == ex.pool_statement()
    holdings = [chain.data(ex.run(ex.POOL, "holdings", bytes([i]))) for i in range(4)]
    changes = (10, 0, -8, -2)
    for held, before, change in zip(holdings, ex.SHARES, changes, strict=True):
        assert held == ex.u64(before + change) + (-change * ex.PRICE).to_bytes(16, "little", signed=True)
    chain.panics(ex.settle(), "no orders meet")


def test_dark_pool_takes_a_buyer_at_no_word(player: Player) -> None:
    chain = Chain(player, ex.pool_init())
    text = ex.order(1, 0, 90, 3)
    chain.data(ex.place(text))
    chain.panics(ex.opened(text, ex.proof_of_funds(0)), "the proof of funds is not valid")
    richer = bytes([0x01]) + ex.proof_of_funds(1)[1:]
    chain.panics(ex.opened(text, richer), "the proof of funds is not valid")
    chain.data(ex.opened(text))


def test_dark_pool_opens_no_order_that_proven_funds_do_not_cover(player: Player) -> None:
    lines = list(ex.EXAMPLES["dark_pool"]())
    poor = [line for line in lines if line.get("id") == ex.NOWHERE.hex()]
    chain = Chain(player, poor[0])
    for line in poor[1:4]:
        chain.data(line)
    chain.panics(poor[4], "the funds do not cover the order")


def test_bridge_mints_once_for_each_proof(player: Player) -> None:
    chain = Chain(player, ex.bridge_init())
    (proof, inputs), (other, others), _ = ex.withdrawals()
    chain.panics(ex.withdraw(other, inputs), "not valid")
    chain.panics(ex.withdraw(proof, others), "not valid")
    event = chain.accepts(ex.withdraw(proof, inputs), "minted")
    assert event == inputs[0].to_bytes(32, "little") + ex.u64(ex.UNIT)
    chain.panics(ex.withdraw(proof, inputs), "withdrawn already")
    assert chain.data(ex.balance(inputs)) == ex.u64(ex.UNIT)
    assert chain.data(ex.balance(others)) == ex.u64(0)


def test_bridge_takes_no_second_name_of_an_input(player: Player) -> None:
    chain = Chain(player, ex.bridge_init())
    (proof, inputs), *_ = ex.withdrawals()
    chain.accepts(ex.withdraw(proof, inputs), "minted")
    chain.panics(ex.withdraw(proof, [inputs[0], inputs[1] + BN254_R, inputs[2]]), "not below the group's order")


def test_licence_is_issued_and_revoked_by_enough_registrars(player: Player) -> None:
    chain = Chain(player, ex.licences_init())
    issue = ex.LICENCE + ex.HOLDER + ex.u64(1000)
    chain.declines(ex.signed("issue", issue, (0, 1)))
    chain.declines(ex.signed("issue", issue, (0, 1), claimed=(0, 1, 2)))
    chain.declines(ex.signed("issue", issue, (0, 1, 2, 3), claimed=(0, 1, 2)))
    assert chain.data(ex.holds(10)) == b"\0"
    assert chain.accepts(ex.signed("issue", issue), "issued") == ex.LICENCE + ex.HOLDER
    assert (chain.data(ex.holds(999)), chain.data(ex.holds(1000)), chain.data(ex.holds(10, bytes(32)))) == (b"\1", b"\0", b"\0")
    assert chain.accepts(ex.signed("revoke", ex.LICENCE), "revoked") == ex.LICENCE
    assert chain.data(ex.holds(999)) == b"\0"


def test_confidential_transfer_needs_its_proof_and_spends_a_note_once(player: Player) -> None:
    chain = Chain(player, ex.token_init())
    first, second = (transfer for _, transfer in ex.transfers())
    chain.panics(ex.run(ex.TOKEN, "transfer", first[:1008] + second[1008:]), "not valid")
    chain.panics(ex.run(ex.TOKEN, "transfer", bytes(1008) + first[1008:]), "not valid")
    assert chain.accepts(ex.run(ex.TOKEN, "transfer", first), "transferred") == first[1040:]
    chain.panics(ex.run(ex.TOKEN, "transfer", first), "spent already")
    chain.panics(ex.run(ex.TOKEN, "transfer", ex.unreduced(first)), "not reduced")
    spent = [chain.data(ex.run(ex.TOKEN, "is_spent", transfer[1040:1072])) for transfer in (first, second)]
    assert spent == [b"\1", b"\0"]


def test_light_client_keeps_values_that_an_opening_proves(player: Player) -> None:
    chain = Chain(player, ex.client_init())
    (_, z, y, proof), (_, z2, y2, proof2) = ex.openings()[:2]
    for parts in ((z2, y2, proof2), (z, y2, proof), (z2, y, proof), (z, y, proof2)):
        chain.declines(ex.run(ex.CLIENT, "prove", *parts))
    assert chain.data(ex.run(ex.CLIENT, "value", z)) == b""
    assert chain.accepts(ex.run(ex.CLIENT, "prove", z, y, proof), "proven") == z + y
    assert chain.data(ex.run(ex.CLIENT, "value", z)) == y


def test_committee_attests_with_more_than_two_thirds(player: Player) -> None:
    chain = Chain(player, ex.committee_init())
    assert (len(ex.MEMBERS), ex.QUORUM) == (300, 201)
    chain.panics(ex.attest(7, range(200)), "200 of 300 members are no quorum")
    chain.panics(ex.attest(7, range(201), signers=range(200)), "not valid")
    assert chain.accepts(ex.attest(7, range(201)), "attested") == ex.u64(7) + ex.HASH
    chain.panics(ex.attest(7, range(300)), "this height or above")
    assert chain.data(ex.run(ex.COMMITTEE, "block", ex.u64(7))) == ex.HASH
