"""The host queries that native code answers: the same answers, gas and limits as through the co-processor, and no Python in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from unittest.mock import patch

import pytest

import coproc
from coproc.coprocessor import Coprocessor
from coproc.operation import Rules
from coproc.vm import VM, Receipt, Session
from coproc.vm.digests import NAMES
from tests.vectors.load import dusk
from tests.vm.scripts import GAS, A, B, assemble, query, relay

MODULES = {A: bytes.fromhex(assemble(relay(is_64=False))), B: bytes.fromhex(assemble(relay(is_64=True)))}


@pytest.fixture(params=[Rules("V2", "PreFork"), Rules("V3", "Boreas")], ids=["PreFork", "Boreas"])
def sessions(request: pytest.FixtureRequest) -> Iterator[tuple[Session, Session]]:
    """One that answers in place, one that does not."""
    with ExitStack() as stack:
        opened = stack.enter_context(coproc.open("cpu", workers=1))
        pair = []
        for native in (True, False):
            with patch("coproc.vm.session.digests", return_value=None) if not native else ExitStack():
                session = stack.enter_context(stack.enter_context(VM(coprocessor=opened)).session(rules=request.param))
            for contract, module in MODULES.items():
                session.deploy(module, b"", gas_limit=GAS, contract_id=contract)
            pair.append(session)
        yield pair[0], pair[1]


def _outcome(receipt: Receipt) -> tuple[bytes, int, str | None]:
    return receipt.data, receipt.gas_spent, receipt.error


@pytest.mark.parametrize("name", NAMES)
def test_answer_in_place_is_the_coprocessors(sessions: tuple[Session, Session], name: str) -> None:
    native, general = sessions
    in_place = 0
    for number, case in enumerate(dusk(name)):
        if len(case.argbuf) > 65504:
            continue
        contract, argument = (A, B)[number % 2], query(name, case.argbuf)
        want = general.call(contract, "hq", argument, 10**9)
        well_formed = case.status == "ok" and (name != "poseidon_hash" or len(case.argbuf) < 64 * 32)
        with patch.object(Coprocessor, "run", side_effect=AssertionError) if well_formed else ExitStack():
            got = native.call(contract, "hq", argument, 10**9)
        in_place += well_formed
        assert _outcome(got) == _outcome(want), case.name
        if got.ok:
            for limit in (got.gas_spent - 1, got.gas_spent, got.gas_spent + 1):
                assert _outcome(native.call(contract, "hq", argument, limit)) == _outcome(general.call(contract, "hq", argument, limit))
    assert in_place > 20
    assert native.root() == general.root()
