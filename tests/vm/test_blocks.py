"""Speculation changes nothing: receipts and root of any block are those of its calls in sequence."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from unittest.mock import patch

import pytest
import wasmtime

from coproc.coprocessor import Coprocessor
from coproc.errors import Unserved
from coproc.operation import Answer, Request, Rules
from coproc.vm import VM, Block, BlockStats, Call, HostPanic, Receipt, Session
from coproc.vm.speculation import ROUNDS
from tests.vm import doubt
from tests.vm.doubt import ADD, BAD_LENGTH, BURN, EMIT, GROW, IDS, IF, TRAP, VERIFY

BOREAS = Rules(fork="Boreas")
GAS = 1 << 40


def opened(vm: VM) -> Session:
    session = vm.session(rules=BOREAS)
    for contract in IDS:
        session.deploy(doubt.contract(), contract, contract_id=contract)
    return session


def outcome(receipts: list[Receipt], root: bytes) -> object:
    return [
        (r.data, r.gas_spent, r.gas_limit, [(e.source, e.topic, e.data, e.reverted) for e in r.events], r.error) for r in receipts
    ], root


def both(vm: VM, *blocks: list[Call]) -> list[Block]:
    """The blocks by speculation, in one session; in another one each call by itself. They must agree."""
    with opened(vm) as one, opened(vm) as other:
        done = []
        for calls in blocks:
            done.append(one.execute_block(calls))
            receipts = [other.call(*call) for call in calls]
            assert outcome(done[-1].receipts, done[-1].root) == outcome(receipts, other.root())
        assert [e.reverted for e in one.events] == [e.reverted for e in other.events]
        return done


def verified(number: int, *then: int) -> Call:
    return Call(IDS[0], "run", bytes([VERIFY, number, *then]), GAS)


def play(vm: VM, seeds: range) -> BlockStats:
    """Random blocks, two in a session; the sum of their statistics."""
    total = BlockStats(0)
    for seed in seeds:
        rng = random.Random(seed)
        for done in both(vm, doubt.block(rng), doubt.block(rng)):
            for name, value in asdict(done.stats).items():
                setattr(total, name, getattr(total, name) + value)
    return total


def test_speculative_blocks_are_sequential_blocks(vm: VM, record_property: Callable[[str, object], None]) -> None:
    total = play(vm, range(100))
    for name, value in asdict(total).items():
        record_property(name, value)
    print(total)
    assert min(value for name, value in asdict(total).items() if name != "interrupted") > 0


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_ten_thousand_speculative_blocks_are_sequential_blocks(vm: VM) -> None:
    print(play(vm, range(100, 5000)))


@pytest.mark.parametrize(
    ("name", "value"), [("WINDOW", 1), ("WINDOW", 5), ("WINDOW_BYTES", -(1 << 40)), ("BATCH", 1), ("BATCH", 3), ("_KNOWN_AT_MOST", 2)]
)
def test_bounds_change_nothing(vm: VM, name: str, value: int) -> None:
    with patch(f"coproc.vm.speculation.{name}", value):
        assert play(vm, range(20000, 20008)).claims > 0


def test_true_claims_take_nothing_back(vm: VM) -> None:
    _, true, _ = doubt.samples()
    (block,) = both(vm, [verified(number, ADD, 0, EMIT, 4) for number in true])
    assert (block.stats.claims, block.stats.rounds, block.stats.reexecuted) == (len(true), 0, 0)


def test_false_claims_of_independent_calls_cost_one_round(vm: VM) -> None:
    _, true, untrue = doubt.samples()
    numbers = [number for pair in zip(true, untrue, strict=False) for number in pair]
    (block,) = both(vm, [verified(number) for number in numbers])
    assert block.stats.rounds == 1
    assert block.stats.reexecuted == len(numbers) - 1


def test_second_block_knows_what_the_first_has_learnt(vm: VM) -> None:
    _, true, untrue = doubt.samples()
    calls = [verified(number, ADD, 1) for number in (*true[:5], *untrue[:5])]
    _, second = both(vm, calls, calls)
    assert (second.stats.claims, second.stats.rounds) == (0, 0)


def test_malformed_requests_are_not_assumed(vm: VM) -> None:
    with opened(vm) as session:
        (number,) = [n for n, (op, args) in enumerate(doubt.samples()[0]) if is_malformed(session.coprocessor, op, args)][:1]
        stats = session.execute_block([verified(number)]).stats
    assert (stats.claims, stats.direct) == (0, 1)


def is_malformed(coprocessor: Coprocessor, op: str, args: bytes) -> bool:
    return coprocessor.run([Request(op, args, BOREAS)])[0].status == "malformed"


def test_host_panic_behind_an_assumption_is_a_host_panic(vm: VM, coprocessor: Coprocessor) -> None:
    panics = [n for n, (op, args) in enumerate(doubt.samples()[0]) if coprocessor.run([Request(op, args, BOREAS)])[0].status == "panic"]
    (block,) = both(vm, [verified(panics[0], ADD, 0, TRAP, 0), verified(0, ADD, 0)])
    assert isinstance(block.receipts[0].trap, HostPanic)


def test_growth_traps_and_bad_lengths_behind_a_wrong_answer_leave_no_trace(vm: VM) -> None:
    _, _, untrue = doubt.samples()
    calls = [verified(number, IF, 2, op, 0, ADD, 2, EMIT, 2) for number, op in zip(untrue, (GROW, TRAP, GROW, BAD_LENGTH), strict=False)]
    (block,) = both(vm, calls * 2)
    assert block.stats.rounds == 1


@pytest.mark.parametrize("rounds", [0, 1, 2, ROUNDS])
def test_hostile_blocks_end_in_sequence(vm: VM, rounds: int) -> None:
    calls = [call for seed in range(4) for call in doubt.alternating(random.Random(seed), 50)]
    with patch("coproc.vm.speculation.ROUNDS", rounds):
        (block,) = both(vm, calls)
    assert block.stats.rounds <= rounds
    assert block.stats.reexecuted <= 2 * len(calls)
    assert block.stats.sequential > 0 or rounds > 1


def test_what_nothing_could_run_is_raised_where_the_sequence_raises_it(vm: VM) -> None:
    """The calls before stay; the session goes on."""
    _, true, _ = doubt.samples()
    calls = [verified(number, ADD, 0) for number in true[:4]]
    broken = doubt.samples()[0][true[2]][1]
    run = Coprocessor.run

    def failing(self: Coprocessor, requests: list[Request]) -> list[Answer]:
        answers = run(self, requests)
        return [Answer(None, "unserved", None, 0, "") if r.args == broken else a for r, a in zip(requests, answers, strict=True)]

    def submit(self: Coprocessor, request: Request) -> Future[Answer]:
        future: Future[Answer] = Future()
        future.set_result(failing(self, [request])[0])
        return future

    with opened(vm) as one, opened(vm) as other:
        with patch.multiple(Coprocessor, run=failing, submit=submit), pytest.raises(Unserved):
            one.execute_block(calls)
        other.execute_block(calls[:2], speculate=False)
        assert one.root() == other.root()
        assert one.execute_block(calls[2:]).root == other.execute_block(calls[2:], speculate=False).root


WAITER = """(module (import "env" "hq" (func $hq (param i32 i32 i32) (result i32)))
  (import "env" "c" (func $c (param i32 i32 i32 i32 i64) (result i32)))
  (memory (export "memory") 4) (global (export "A") i32 (i32.const 4096)) (data (i32.const 16) "verify_kzg_proof")
  (data (i32.const 64) "ask")
  (func (export "count") (param i32) (result i32) (i32.store (i32.const 0) (i32.add (i32.const 1) (i32.load (i32.const 0)))) (i32.const 0))
  (func $ask (export "ask") (param i32) (result i32)
    (i32.store (i32.const 0) (i32.add (i32.const 1) (i32.load (i32.const 0))))
    (drop (call $hq (i32.const 16) (i32.const 16) (local.get 0)))
    (if (i32.load8_u (i32.const 4096)) (then (loop $ever (br $ever))))
    (i32.const 1))
  (func (export "ask_another") (param i32) (result i32)
    (memory.fill (i32.const 128) (i32.const 2) (i32.const 32))
    (call $c (i32.const 128) (i32.const 64) (i32.const 3) (local.get 0) (i64.const 0))))"""


@pytest.mark.parametrize("function", ["ask", "ask_another"])
def test_call_on_a_wrong_assumption_is_interrupted(vm: VM, function: str) -> None:
    """It would run for hours on the 10^18 units of gas that it has: where its proof is true it never ends. Nobody sees that it began."""
    args = next(
        args for (op, args) in (doubt.samples()[0][n] for n in doubt.samples()[2]) if op == "verify_kzg_proof" and is_false(vm, op, args)
    )
    calls = [Call(IDS[0], "count", b"", GAS), Call(IDS[0], function, args, 10**18), Call(IDS[1], "count", b"", GAS)]
    with vm.session(rules=BOREAS) as one, vm.session(rules=BOREAS) as other:
        for session in (one, other):
            for contract in IDS[:2]:
                session.deploy(bytes(wasmtime.wat2wasm(WAITER)), contract, contract_id=contract)
        block, sequence = one.execute_block(calls), other.execute_block(calls, speculate=False)
        assert outcome(block.receipts, block.root) == outcome(sequence.receipts, sequence.root)
        assert [receipt.ok for receipt in block.receipts] == [True, True, True]
        assert (block.stats.claims, block.stats.wrong, block.stats.interrupted, block.stats.rounds) == (1, 1, 1, 1)


def test_call_on_a_right_assumption_is_not_disturbed(vm: VM) -> None:
    """Slices of gas end all the time, and claims are heard meanwhile."""
    _, true, _ = doubt.samples()
    with patch("coproc.vm.instance.SLICE", 500):
        (block,) = both(vm, [verified(number, *(BURN, 255) * 20, ADD, 1) for number in true[:20]])
    assert (block.stats.claims, block.stats.interrupted, block.stats.rounds) == (20, 0, 0)


def test_slices_of_gas_change_nothing(vm: VM) -> None:
    with patch("coproc.vm.instance.SLICE", 100):
        play(vm, range(30000, 30010))


def is_false(vm: VM, op: str, args: bytes) -> bool:
    return vm.coprocessor is not None and vm.coprocessor.run([Request(op, args, BOREAS)])[0][:2] == (False, "ok")


def test_block_of_nothing_is_nothing(vm: VM) -> None:
    (block,) = both(vm, [])
    assert block.receipts == []
