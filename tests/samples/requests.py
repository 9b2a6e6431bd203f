"""Real requests of every host function with the answers Dusk gives: what other tests put through batches, engines and files."""

from __future__ import annotations

from typing import Any

from coproc.operation import FORKS, Answer, Request, Rules
from tests.vectors import load
from tests.vectors.load import DuskCase

OPS = tuple(load.DUSK_COUNTS["dusk"])


def rules_of(version: str | None, fork: str | None = None) -> Rules:
    """The rules of a case: its version is PLONK's (V1, V2, V3), a fork, or nothing. `fork` overrides the fork alone."""
    if version is not None and version in FORKS:
        return Rules(fork=fork or version)
    return Rules(plonk=version or "", fork=fork or "PreFork")


def request_of(case: DuskCase, fork: str | None = None) -> Request:
    return Request(case.op, case.argbuf, rules_of(case.version, fork))


def value_of(case: DuskCase) -> bool | bytes | None:
    """What `Answer.value` must be."""
    if case.expect == "panic" or case.expect is None:
        return None
    return case.expect if isinstance(case.expect, bool) else bytes.fromhex(case.expect)


def difference(case: DuskCase, answer: Answer, *, gas: int | None = 0) -> str | None:
    """How an answer differs from Dusk's, in words; None if it does not. gas: what it must be, None: not compared."""
    wanted: dict[str, Any] = {"status": case.status, "value": value_of(case), "retbuf": case.retbuf}
    if gas is not None:
        wanted["gas"] = gas
    wrong = {k: (getattr(answer, k), v) for k, v in wanted.items() if getattr(answer, k) != v}
    return f"{case.set}/{case.name}: " + "; ".join(f"{k} is {a!r}, Dusk's {b!r}" for k, (a, b) in wrong.items()) if wrong else None


def cases(op: str, *, accepted: bool | None = None, status: str | None = None) -> list[DuskCase]:
    """Recorded cases of one host function. accepted: true ones and those with a value; False: the others."""
    found = []
    for case in load.dusk(op):
        good = case.status == "ok" and case.expect not in (False, None)
        if accepted in (None, good) and status in (None, case.status):
            found.append(case)
    assert found, f"no such case of {op}"
    return found


def accepted(op: str, count: int = 1) -> list[Request]:
    """`count` requests that Dusk accepts (or answers with a value), distinct as far as the vectors go, then from the start again."""
    some = [request_of(c) for c in cases(op, accepted=True)]
    some = list(dict.fromkeys(some))
    return [some[i % len(some)] for i in range(count)]


def mixed(count_per_op: int = 4) -> list[DuskCase]:
    """Cases of every host function in turn: accepted, refused, malformed and panicking ones at even distances."""
    rows = []
    for op in OPS:
        every = load.dusk(op)
        rows.append([every[i * len(every) // count_per_op] for i in range(count_per_op)])
    return [row[i] for i in range(count_per_op) for row in rows]
