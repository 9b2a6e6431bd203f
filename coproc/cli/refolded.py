"""What `coproc replay` says of a question to a worker of a cluster: what it said, what is so, where the two differ."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from coproc.cli.receipts import printable

if TYPE_CHECKING:
    from coproc.cluster.refold import Refolded
    from coproc.engine.protocol import Engine
    from coproc.replay import Kept, Said, Sealed


def refolds(kept: Kept, engines: list[str]) -> list[Refolded]:
    """The question of a file on the engines that are named, or on every instruction set of this machine. Raises CoprocError."""
    if kept.sealed is None:
        return []
    from coproc.cluster.refold import refold

    done = []
    for engine in _engines(engines):
        done.append(refold(kept, engine))
    return done


def _engines(names: list[str]) -> list[Engine]:
    from coproc.engine.library import ISAS, unavailable
    from coproc.engine.select import select

    names = names or [f"cpu:{isa}" for isa in ISAS if unavailable(isa) is None] or ["spec"]
    return list({engine.name: engine for engine in map(select, names)}.values())


def agree(here: list[Refolded]) -> bool:
    """Whether the engines here answer the same, and the canaries are false on each."""
    return all(one.agrees(here[0]) and not one.wrong for one in here)


def confirmed(here: list[Refolded]) -> bool:
    """Whether no engine here answers what the worker said."""
    return bool(here) and all(one.differences for one in here)


def stands(here: list[Refolded]) -> bool:
    """Whether there is nothing to complain of: the engines agree, with each other and with the worker."""
    return agree(here) and not any(one.differences for one in here)


# ---- for people ----
def lines(sealed: Sealed, n: int, here: list[Refolded]) -> list[str]:
    from coproc.cluster.refold import named

    said, worker = sealed.said, printable(sealed.worker)
    among = f", of which {named(sealed.canaries)} were mixed in as false" if sealed.canaries else ""
    found = [
        f"worker {worker} was asked for the fold of {n:,} requests{among}",
        f"  question {sealed.number.hex()}, seed {sealed.seed.hex()}",
    ]
    found.append(
        "  what it said is no answer, and is not in the file" if said is None else f"  it said, of {printable(said.engine)}: {_said(said)}"
    )
    for one in here:
        value = _answer(one.gt.astype("<u8").tobytes(), one.tags, int(one.folded.sum()))
        false = f"; {named(one.false)} false" if one.false else "; none false"
        found.append(f"  now {one.engine}: {value}{false}")
    for texts in _same({one.engine: [difference.text for difference in one.differences] for one in here}):
        found += [f"  {text}" for text in texts]
    found += [f"  {one.engine} does not find {named(one.wrong)} false, which were mixed in as false" for one in here if one.wrong]
    found.append(_conclusion(sealed, here))
    return found


def _conclusion(sealed: Sealed, here: list[Refolded]) -> str:
    worker = printable(sealed.worker)
    if not agree(here):
        return f"engines here differ over the question: nothing is shown of worker {worker}"
    if sealed.said is None:
        return "the engines here agree; nothing of the worker's is there to be compared"
    if not any(one.differences for one in here):
        return f"what worker {worker} said is what the engines here say"
    what = " and ".join(dict.fromkeys(difference.what for difference in here[0].differences))
    with_it = sealed.said.engine in {one.engine for one in here}
    blame = f"; {printable(sealed.said.engine)} is among them: look at its machine and its program" if with_it else ""
    return f"worker {worker} said what is wrong ({what}), the engines here agree{blame}"


def _same(texts: dict[str, list[str]]) -> list[list[str]]:
    """What each engine makes of the answer, once where all make the same of it."""
    if len({tuple(some) for some in texts.values()}) <= 1:
        return list(texts.values())[:1]
    return [[f"{name}: {text}" for text in some] for name, some in texts.items()]


def _said(said: Said) -> str:
    from coproc.cluster.refold import named

    blamed = "" if said.blamed is None else f"; calls {named(said.blamed)} false" if said.blamed else "; calls none false"
    return _answer(said.gt, said.tags, sum(said.folded)) + blamed


def _answer(gt: bytes, tags: int | None, folded: int) -> str:
    value = blake2b(gt, digest_size=8).hexdigest()
    return f"value {value}, tags {'none' if tags is None else f'{tags:016x}'}, {folded:,} folded"


# ---- for programs ----
def figures(sealed: Sealed, here: list[Refolded]) -> dict[str, Any]:
    """Values and tags are hex, values the words as the kernels hold them, little-endian."""
    said = sealed.said
    return {
        "worker": sealed.worker,
        "number": sealed.number.hex(),
        "seed": sealed.seed.hex(),
        "canaries": list(sealed.canaries),
        "said": None if said is None else {
            "number": said.number.hex(),
            "engine": said.engine,
            "folded": [i for i, one in enumerate(said.folded) if one],
            "value": said.gt.hex(),
            "tags": None if said.tags is None else f"{said.tags:016x}",
            "blamed": None if said.blamed is None else list(said.blamed),
        },
        "here": [_row(one) for one in here],
        "agree": agree(here),
        "confirmed": confirmed(here),
    }  # fmt: skip


def _row(one: Refolded) -> dict[str, Any]:
    return {
        "engine": one.engine,
        "folded": one.folded.nonzero()[0].tolist(),
        "value": one.gt.astype("<u8").tobytes().hex(),
        "tags": f"{one.tags:016x}",
        "false": list(one.false),
        "canaries_not_false": list(one.wrong),
        "differences": [{"what": d.what, "text": d.text, "requests": list(d.requests)} for d in one.differences],
    }
