"""Records what Piecrust answers to calls with just enough gas: `COPROC_PIECRUST_RUN=… python -m tests.vm.record_boundaries`.

Calls of the examples that spent N run on the same state with other limits, each in a session of its own, before they run as they do
there: N - 1, N and N + 1, and the smallest limit M that suffices, with M - 1. M is searched for on this VM; that it is the smallest on
Piecrust is what its answers show. M is below N as a rule: gas is checked where functions begin and loops go round; what is spent
behind the last such place may exceed the limit, and what is charged then is the limit.

`tests/vectors/vm/boundaries.jsonl.xz` has the form of `examples.jsonl.xz`, and in the first line of a script its `smallest` limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import coproc
from coproc.vm import VM
from tests.vectors.load import HERE
from tests.vm.examples import EXAMPLES
from tests.vm.play import Player
from tests.vm.record_examples import record, recorded
from tests.vm.scripts import Line

RECORDED = HERE / "vm" / "boundaries.jsonl.xz"
AT_MOST = 4  # calls of one function of one contract
CALLS = 5  # at other limits: N - 1, N, N + 1, M - 1, M


def chosen(name: str) -> Iterator[tuple[Line, int | None]]:
    """The lines of an example, and what a call spent if it is one of those that run at other limits."""
    seen: dict[tuple[str, str], set[int]] = {}
    for line, answer in zip(EXAMPLES[name](), recorded()[name].answers, strict=True):
        spent = None
        if line["do"] == "call" and answer["ok"] and not line.get("feed"):
            known = seen.setdefault((line["id"], line["fn"]), set())
            if answer["gas_spent"] not in known and len(known) < AT_MOST:
                spent = answer["gas_spent"]
                known.add(spent)
        yield line, spent


def boundaries(name: str, smallest: Sequence[int]) -> list[Line]:
    """The lines of an example with the calls at other limits put in; `smallest`: one limit for each chosen call."""
    out: list[Line] = []
    limits = iter(smallest)
    for line, spent in chosen(name):
        if spent is not None:
            enough = next(limits)
            out.append({"do": "commit"})
            for limit in (spent - 1, spent, spent + 1, enough - 1, enough):
                out += [line | {"gas_limit": limit}, {"do": "new_session"}]
        out.append(line)
    return out


def at_limits(lines: list[Line]) -> list[range]:
    """Where the calls at other limits are, a range for each chosen call."""
    return [range(at, at + 2 * CALLS, 2) for at in range(1, len(lines)) if lines[at - 1] == {"do": "commit"} and lines[at]["do"] == "call"]


def find_smallest(player: Player, line: Line, spent: int) -> int:
    """The smallest gas limit with which a call succeeds on the last commit."""

    def suffices(limit: int) -> bool:
        ok = player.line(line | {"gas_limit": limit})["ok"]
        player.line({"do": "new_session"})
        return bool(ok)

    fails, enough = 0, max(spent, 1)
    while not suffices(enough):
        fails, enough = enough, 2 * enough
    while enough - fails > 1:
        middle = (fails + enough) // 2
        fails, enough = (fails, middle) if suffices(middle) else (middle, enough)
    return enough


def search(name: str) -> list[int]:
    """The smallest limits of the chosen calls of an example."""
    found = []
    with coproc.open("cpu") as coprocessor, VM(coprocessor=coprocessor) as vm:
        player = Player(vm)
        for line, spent in chosen(name):
            if spent is not None:
                player.line({"do": "commit"})
                found.append(find_smallest(player, line, spent))
            player.line(line)
        player.close()
    return found


if __name__ == "__main__":
    smallest = {name: search(name) for name in EXAMPLES}
    record(RECORDED, {name: boundaries(name, smallest[name]) for name in EXAMPLES}, smallest)
