"""`replay`: a kept batch again, with the same cuts and seeds, and where engines differ now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from coproc.engine.protocol import Engine, Status
from coproc.keys import KeyRegistry
from coproc.replay.batch import Kept, Part, Run, Step, Told
from coproc.replay.record import record

PASSES: Final = 2
"""Keys are new in the first and known from then on: an engine prepares more for a key that returns."""


@dataclass(frozen=True)
class Again:
    """A run of the file, or requests one by one, on an engine here.

    source    number of the run in the file, from 1 on, whose cuts and seeds were taken; 0: each disputed request on its own
    folds     that were made, and of them those with the coefficients of the file, and those of which the file says no digest
    """

    engine: str
    source: int
    number: int  # of the pass, from 1 on
    run: Run
    folds: int = 0
    same: int = 0
    unknown: int = 0

    @property
    def told(self) -> tuple[Told | None, ...]:
        return self.run.told


@dataclass(frozen=True)
class Report:
    """What came of it. here: the runs of now."""

    kept: Kept
    here: list[Again] = field(default_factory=list)

    @property
    def disputed(self) -> list[int]:
        """Requests of which two runs of now tell different things."""
        return self.kept.disputed([again.told for again in self.here])

    @property
    def unserved(self) -> list[int]:
        """Requests that some run of now left unserved."""
        return sorted(
            {i for again in self.here for i, told in enumerate(again.told) if told is not None and told.status == Status.UNSERVED}
        )

    def changed(self, again: Again) -> list[int]:
        """Requests of which a run of now tells something else than its run in the file."""
        if not again.source:
            return []
        old = self.kept.runs[again.source - 1].told
        return [i for i, (a, b) in enumerate(zip(old, again.told, strict=True)) if a is not None and b is not None and a != b]


def replay(kept: Kept, engine: Engine, source: int, passes: int = PASSES) -> list[Again]:
    """Run number `source` (from 1 on) of the file on an engine, `passes` times with the keys that the pass before left."""
    old, keys = kept.runs[source - 1], KeyRegistry(engine)
    done = []
    for number in range(1, passes + 1):
        run = record(engine, kept.requests, old.steps, keys)
        pairs = [pair for before, now in zip(old.steps, run.steps, strict=True) for pair in _pairs(before, now)]
        same = sum(before == now for before, now in pairs)
        unknown = sum(not before for before, _ in pairs)
        done.append(Again(run.engine, source, number, run, len(pairs), same, unknown))
    return done


def _pairs(before: Step, now: Step) -> list[tuple[bytes, bytes]]:
    """The digest of each fold of now, and of the one in its place in the file, b"" where the file says none."""
    old = [fold.digest for fold in before.folds] + [b""] * len(now.folds)
    return [(old[k], fold.digest) for k, fold in enumerate(now.folds)]


def judge(kept: Kept, engine: Engine, index: Sequence[int]) -> Again:
    """Some requests, each on its own: without folds."""
    return Again(engine.name, 0, 1, record(engine, kept.requests, [Step((Part((i,)),)) for i in index]))


__all__ = ["PASSES", "Again", "Report", "judge", "replay"]
