"""A batch on which engines disagreed: kept as one file, and run again bit for bit. The format: docs/replay.md."""

from coproc.replay.again import Again, Report, judge, replay
from coproc.replay.batch import Fold, Kept, Part, Run, Step, Told
from coproc.replay.file import decode, encode, load
from coproc.replay.keep import keep
from coproc.replay.record import record
from coproc.replay.sealed import Said, Sealed

__all__ = [
    "Again",
    "Fold",
    "Kept",
    "Part",
    "Report",
    "Run",
    "Said",
    "Sealed",
    "Step",
    "Told",
    "decode",
    "encode",
    "judge",
    "keep",
    "load",
    "record",
    "replay",
]
