"""A static model of one H100: machine instructions to cycles of its pipes, work to seconds. A prediction, not a measurement.

Each of four schedulers of a multiprocessor issues one instruction of a warp a cycle. A 32 x 32 + 64 bit multiplication or a high half
keeps its multiplier for 4 cycles, other multiply-adds for 2; additions and logic keep the other integer pipe for 2; 128 bytes of
shared memory a cycle serve all four schedulers, which is 4 cycles for one access of a warp to words. [design notes: the half rate of
wide multiplications is taken from the RTX 30 and 40 and fits an A40; a card has not been measured here.]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import reduce
from math import ceil

MULTIPROCESSORS = 132
SCHEDULERS = 4 * MULTIPROCESSORS
CLOCK = 1.755e9
LANES = 32
SHARED_BYTES = 227 << 10
SHARED_RESERVED = 1 << 10
REGISTERS = 64 << 10
MOST_WARPS = 64
LAUNCH_SECONDS = 5e-6
USED_BY_ONE_WARP, USED_BY_MANY = 0.70, 0.85
"""Share of the busiest pipe that one warp a scheduler fills (two carry chains at a time), and that several fill."""

_ALU = ("IADD3", "LOP3", "SEL", "ISETP", "SHF", "LEA", "VIADD", "VIADDMNMX", "VIMNMX", "MOV", "PRMT", "P2R", "R2P", "PLOP3", "IABS", "BMSK")
_SHARED = ("LDS", "STS")
_MEMORY = ("LDG", "STG", "LD", "ST", "LDL", "STL")


@dataclass(frozen=True)
class Cost:
    """Cycles of a warp on one scheduler, by pipe."""

    fma: float = 0
    alu: float = 0
    lsu: float = 0
    issue: float = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __mul__(self, times: float) -> Cost:
        return Cost(*(getattr(self, f.name) * times for f in fields(self)))

    @property
    def cycles(self) -> float:
        """Those of the busiest pipe: everything else happens beside it."""
        return max(self.fma, self.alu, self.lsu, self.issue)


def cost_of(opcode: str) -> Cost:
    """Of one machine instruction, as nvdisasm spells it: "IMAD.WIDE.U32.X"."""
    kind, *suffix = opcode.split(".")
    if kind == "IMAD":
        return Cost(fma=4 if suffix[:1] in (["WIDE"], ["HI"]) else 2, issue=1)
    if kind == "HFMA2":
        return Cost(fma=2, issue=1)
    if kind in _ALU:
        return Cost(alu=2, issue=1)
    if kind in _SHARED or kind in _MEMORY:
        return Cost(lsu=4, issue=1)
    return Cost(issue=1)


def total(counts: Mapping[str, float]) -> Cost:
    """Of instructions by number."""
    return reduce(Cost.__add__, (cost_of(opcode) * n for opcode, n in counts.items()), Cost())


def rate(cost: Cost) -> float:
    """Items a second that the busiest pipe allows, for a cost of one item in each lane."""
    return SCHEDULERS * LANES * CLOCK / cost.cycles


def warps_a_scheduler(registers: int, shared_bytes: int, block: int) -> float:
    """How many warps of a kernel a scheduler holds at once; shared_bytes of a group."""
    warps = ceil(block / LANES)
    by_registers = REGISTERS // (ceil(registers / 8) * 8 * LANES * warps) if registers else MOST_WARPS
    by_shared = SHARED_BYTES // (shared_bytes + SHARED_RESERVED)
    return min(by_registers * warps, by_shared * warps, MOST_WARPS) / 4


def used(warps: float) -> float:
    """Share of the busiest pipe that is filled."""
    if warps <= 1:
        return USED_BY_ONE_WARP * warps
    return min(USED_BY_MANY, USED_BY_ONE_WARP + (USED_BY_MANY - USED_BY_ONE_WARP) * (warps - 1))


def seconds(cost: Cost, warps: int, resident: float, launch: bool = True) -> float:
    """Of one launch of so many warps, each of the same cost: whole waves of those that are resident, and the call itself."""
    a_wave = max(1, int(SCHEDULERS * resident))
    full, rest = divmod(warps, a_wave)
    work = full * resident * cost.cycles / used(resident)
    if rest:
        share = max(min(1.0, resident), rest / SCHEDULERS)
        work += share * cost.cycles / used(share)
    return work / CLOCK + (LAUNCH_SECONDS if launch else 0)
