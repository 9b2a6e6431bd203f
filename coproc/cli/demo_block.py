"""The demo's first part: a block of contract calls whose host functions verify real proofs, compared with Piecrust's receipts."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coproc.cli.receipts import outcome
from coproc.cli.vm import EXTRA, INSTALL
from coproc.coprocessor import Coprocessor
from coproc.demo.block import CONTRACTS, Answer, Line, load, name
from coproc.engine.protocol import Engine
from coproc.errors import EngineUnavailable
from coproc.operation import Answer as Verdict
from coproc.operation import Request
from coproc.ops import OPERATIONS

if TYPE_CHECKING:
    from coproc.vm import BlockStats


class Watched(Coprocessor):
    """A coprocessor that counts the verifications that it answers: sizes of batches, and answers by operation."""

    def __init__(self, engine: Engine, workers: int) -> None:
        super().__init__(engine, workers)
        self._counting = threading.Lock()
        self.batches: list[int] = []
        self.verdicts: dict[str, Counter[str]] = {}

    def run(self, requests: Sequence[Request], *rest: Any, **more: Any) -> list[Verdict]:
        answers = super().run(requests, *rest, **more)
        self._count(requests, answers)
        return answers

    def submit(self, request: Request, *rest: Any, **more: Any) -> Future[Verdict]:
        future = super().submit(request, *rest, **more)
        future.add_done_callback(lambda done: self._count([request], [] if done.exception() else [done.result()]))
        return future

    def _count(self, requests: Sequence[Request], answers: list[Verdict]) -> None:
        pairs = [(one.op, answer) for one, answer in zip(requests, answers, strict=False) if OPERATIONS[one.op].kind == "bool"]
        with self._counting:
            if pairs:
                self.batches.append(len(pairs))
            for op, answer in pairs:
                verdict = str(answer.value).lower() if answer.status == "ok" else answer.status
                self.verdicts.setdefault(op, Counter())[verdict] += 1


@dataclass
class DemoBlock:
    """What became of the block. `seconds`, `sequential`: of its calls by speculation, and one after the other. `wrong`: differences."""

    engine: str
    workers: int
    lines: list[Line]
    answers: list[Answer]
    stats: BlockStats
    batches: list[int]
    verdicts: dict[str, Counter[str]]
    seconds: float
    sequential: float
    wrong: list[str] = field(default_factory=list)

    @property
    def calls(self) -> list[tuple[Line, Answer]]:
        return [(line, answer) for line, answer in zip(self.lines, self.answers, strict=True) if line["do"] == "call"]

    @property
    def gas(self) -> int:
        """Of the calls that succeeded."""
        return sum(answer.get("gas_spent", 0) for _, answer in self.calls)


def run_block(engine: Engine, workers: int) -> DemoBlock | str:
    """Execute the bundled block, by speculation and in sequence. Or why the VM is not here. Raises CoprocError."""
    lines, recorded = load()
    coprocessor = Watched(engine, workers)
    with coprocessor:
        try:
            answers, stats, seconds = _play(coprocessor, lines, speculate=True)
        except ImportError as error:
            if error.name not in EXTRA:
                raise
            return f"the contract VM needs {error.name}: {INSTALL}"
        except EngineUnavailable as error:
            return str(error)
    with Coprocessor(engine, workers) as other:  # which has not prepared any key
        again, _, sequential = _play(other, lines, speculate=False)
    block = DemoBlock(engine.name, workers, lines, answers, stats, coprocessor.batches, coprocessor.verdicts, seconds, sequential)
    for number, (line, mine, theirs, slow) in enumerate(zip(lines, answers, recorded, again, strict=True)):
        for said, want in (("Piecrust answers", theirs), ("in sequence", slow)):
            if _comparable(mine) != _comparable(want):
                what = f"{name(line, lines)}.{line['fn']}" if line["do"] == "call" else line["do"]
                block.wrong.append(f"block line {number}, {what}: {json.dumps(mine)[:200]}, {said} {json.dumps(want)[:200]}")
    return block


def _play(coprocessor: Coprocessor, lines: list[Line], *, speculate: bool) -> tuple[list[Answer], BlockStats, float]:
    """The answers to the lines, how the block was executed, and the seconds that its calls took."""
    from coproc.vm import VM
    from coproc.vm.script import Script

    with VM(coprocessor=coprocessor) as machine:
        script = Script(machine, speculate=speculate, folder=CONTRACTS)
        try:
            answers = list(script.run(map(json.dumps, lines), "block.jsonl"))
        finally:
            script.close()
    nanoseconds = sum(answer["ns"] for line, answer in zip(lines, answers, strict=True) if line["do"] == "call")
    return answers, script.stats, nanoseconds / 1e9


def _comparable(answer: Answer) -> Answer:
    """Without the time, and of an error its variant alone: the texts of engines differ."""
    kept = {key: value for key, value in answer.items() if key != "ns"}
    return kept | {"error": kept["error"].partition(":")[0]} if "error" in kept else kept


# ---- what people read ----
def described(block: DemoBlock) -> str:
    """Calls, some receipts, what was verified, and how the block went."""
    contracts = sum(line["do"] == "deploy" for line in block.lines)
    out = [
        f"A block of {len(block.calls)} calls of {contracts} contracts, compiled for Piecrust, in the contract VM;"
        f" engine {block.engine} with {block.workers} worker(s)\n",
        *_table(block),
        "\nreceipts, for instance",
        *_receipts(block),
        "",
        *_verified(block),
    ]
    stats = block.stats
    rounds = f"{stats.rounds} {'round' if stats.rounds == 1 else 'rounds'} took back {stats.reexecuted} calls, which ran again"
    out.append(f"Contracts ran on meanwhile, assuming {stats.claims} to be true, {stats.wrong} wrongly: {rounds} with the answers.")
    root = block.answers[-1].get("root", "")
    verdict = f"{len(block.wrong)} answers DIFFER" if block.wrong else "receipts, gas, events and state root are Piecrust's"
    out.append(
        f"{len(block.calls)} calls, {block.gas:,} gas in {block.seconds:.2f} s ({block.sequential:.2f} s one after the other):"
        f" {verdict}.\nstate root {root}\n"
    )
    return "\n".join(out)


def _calls(block: DemoBlock) -> dict[str, list[tuple[Line, Answer]]]:
    found: dict[str, list[tuple[Line, Answer]]] = {}
    for line, answer in block.calls:
        found.setdefault(f"{name(line, block.lines)}.{line['fn']}", []).append((line, answer))
    return dict(sorted(found.items()))


def _table(block: DemoBlock) -> list[str]:
    out = [f"{'call':<28}{'calls':>7}{'ok':>7}{'failed':>8}{'gas of one':>14}"]
    for called, ran in _calls(block).items():
        ok = [answer["gas_spent"] for _, answer in ran if answer["ok"]]
        gas = f"{sorted(ok)[len(ok) // 2]:,}" if ok else "·"
        out.append(f"{called:<28}{len(ran):>7}{len(ok) or '·':>7}{len(ran) - len(ok) or '·':>8}{gas:>14}")
    return out


def _receipts(block: DemoBlock) -> list[str]:
    out = []
    for called, ran in _calls(block).items():
        for wanted in (True, False):
            answer = next((answer for _, answer in ran if answer["ok"] is wanted and (answer.get("events") or not wanted)), None)
            if answer is not None:
                out.append(f"  {called:<28}{outcome(answer)}")
    return out


def _verified(block: DemoBlock) -> list[str]:
    out = [f"{'host function':<28}{'proofs':>7}{'true':>7}{'false':>8}"]
    for op, count in sorted(block.verdicts.items()):
        out.append(f"{op:<28}{count.total():>7}{count['true'] or '·':>7}{count['false'] or '·':>8}")
    sizes = " + ".join(map(str, block.batches))
    return [*out, f"\nThe coprocessor answered these {sum(map(Counter.total, block.verdicts.values()))} in batches of {sizes}."]


def figures(block: DemoBlock) -> dict[str, Any]:
    """For `--json`."""
    return {
        "calls": len(block.calls),
        "failed": sum(not answer["ok"] for _, answer in block.calls),
        "gas": block.gas,
        "seconds": round(block.seconds, 3),
        "sequential_seconds": round(block.sequential, 3),
        "verified": {op: dict(count) for op, count in block.verdicts.items()},
        "batches": block.batches,
        "assumed": block.stats.claims,
        "wrongly": block.stats.wrong,
        "rounds": block.stats.rounds,
        "reexecuted": block.stats.reexecuted,
        "interrupted": block.stats.interrupted,
        "root": block.answers[-1].get("root"),
        "differ": len(block.wrong),
    }
