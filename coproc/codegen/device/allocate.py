"""Slots for the values of a program, in the order that `schedule.order` found.

A value goes to the place of the output that it is, if that is free; else to a place that dies with the operation; else to a free one that
no output waits for. What could not go to its place at once is moved there in the end. Fp2 takes an even slot and the next.

Where temporaries are limited, the value of Fp2 that is needed last is kept in global memory (pointer `spill`) until it is needed: fewer
slots let more work-items share a multiprocessor, which is worth some loads.
"""

from __future__ import annotations

from coproc.codegen.device.program import Operation, Place, Program, Region, Step, Trace
from coproc.codegen.device.schedule import BEAM, order

TEMPORARIES = "t"
SPILL = "spill"


class _Slots:
    """Which slots are taken. `t` grows when nothing else is free."""

    def __init__(self, regions: tuple[Region, ...]) -> None:
        self.size = {r.name: r.slots for r in regions if not r.kept} | {TEMPORARIES: 0}
        self.taken: dict[Place, int] = {}

    def units(self, place: Place, width: int) -> list[Place]:
        return [Place(place.region, place.offset + i) for i in range(width)]

    def is_free(self, place: Place, width: int) -> bool:
        return place.region in self.size and all(u not in self.taken for u in self.units(place, width))

    def take(self, place: Place, width: int, value: int) -> None:
        self.taken |= dict.fromkeys(self.units(place, width), value)

    def release(self, place: Place, width: int) -> None:
        for u in self.units(place, width):
            del self.taken[u]

    def candidates(self, width: int) -> list[Place]:
        """Free places. Fp takes the other half of a broken pair first."""
        places = [Place(name, i) for name, n in self.size.items() for i in range(0, n - width + 1, width)]
        found = [p for p in places if self.is_free(p, width)]
        if width == 1:
            found.sort(key=lambda p: Place(p.region, p.offset ^ 1) not in self.taken)
        return found

    def grown(self, width: int) -> int:
        """Slots of `t` with a place more."""
        n = self.size[TEMPORARIES]
        return n + (n % width) + width

    def grow(self, width: int) -> Place:
        self.size[TEMPORARIES] = self.grown(width)
        return Place(TEMPORARIES, self.size[TEMPORARIES] - width)


class _Allocation:
    """Steps as they are made. where: the slots of values that are in some; memory: elements of `spill` that hold values."""

    def __init__(self, trace: Trace, operations: tuple[Operation, ...], limit: int | None) -> None:
        self.trace, self.operations, self.limit = trace, operations, limit
        self.slots = _Slots(trace.regions)
        self.steps: list[Step] = []
        self.where: dict[int, Place] = {}
        self.memory: dict[int, int] = {}
        self.spilled = 0
        self.targets: dict[int, list[Place]] = {}
        for v, place in trace.outputs:
            self.targets.setdefault(v, []).append(place)
        self.uses: dict[int, list[int]] = {}
        for i, o in enumerate(operations):
            for v in set(o.operands):
                self.uses.setdefault(v, []).append(i)
        for v, place in trace.inputs:
            self.where[v] = place
            if place.region in self.slots.size and (v in self.uses or v in self.targets):
                self.slots.take(place, trace.widths[v], v)

    def next_use(self, v: int, i: int) -> int:
        """The first use from operation i on; an output is used in the end."""
        return next((j for j in self.uses.get(v, []) if j >= i), len(self.operations))

    def choose(self, v: int, i: int, busy: frozenset[int], mine: list[Place]) -> Place:
        """A place for value v at operation i, whose operands are `busy`; mine: places that die with the operation."""
        width, slots = self.trace.widths[v], self.slots
        done = set(self.where) | set(self.memory)
        waiting = {u for w in self.targets if w not in done for p in self.targets[w] for u in slots.units(p, self.trace.widths[w])}
        while True:
            wanted = [p for p in self.targets.get(v, []) if slots.is_free(p, width)]
            free = slots.candidates(width)
            quiet = [p for p in free if not waiting & set(slots.units(p, width))]
            choice = [*wanted, *(p for p in mine if p in quiet), *quiet, *free]
            if choice:
                return choice[0]
            if self.limit is None or slots.grown(width) <= self.limit or not self.evict(i, busy):
                return slots.grow(width)

    def evict(self, i: int, busy: frozenset[int]) -> bool:
        """Moves the value that is needed last to memory; False if there is none."""
        widths, slots = self.trace.widths, self.slots
        there = {v for v in slots.taken.values() if widths[v] == 2 and v not in busy}
        if not there:
            return False
        v = max(there, key=lambda v: (self.next_use(v, i), v in self.memory, v))
        if v not in self.memory:
            self.memory[v] = 2 * self.spilled
            self.spilled += 1
            self.steps.append(Step("fp2_store", self.where[v], (), SPILL, self.memory[v]))
        slots.release(self.where.pop(v), 2)
        return True

    def fetch(self, v: int, i: int, busy: frozenset[int]) -> None:
        """Brings a value back into slots."""
        if v in self.where:
            return
        to = self.choose(v, i, busy, [])
        self.slots.take(to, 2, v)
        self.where[v] = to
        self.steps.append(Step("fp2_load", to, (), SPILL, self.memory[v]))

    def operate(self, i: int, o: Operation) -> None:
        widths, slots = self.trace.widths, self.slots
        busy = frozenset(o.operands)
        for v in busy:
            self.fetch(v, i, busy)
        operands = tuple(self.where[v] for v in o.operands)
        dead = [v for v in sorted(busy) if self.uses[v][-1] == i and v not in self.targets and self.where[v].region in slots.size]
        width = widths[o.result]
        # a place of the width of the result may be given from operand to result; others become free afterwards
        for v in dead:
            if widths[v] == width:
                slots.release(self.where[v], width)
        to = self.choose(o.result, i, busy, [self.where[v] for v in dead if widths[v] == width])
        slots.take(to, width, o.result)
        self.where[o.result] = to
        for v in dead:
            if widths[v] != width:
                slots.release(self.where[v], widths[v])
        self.steps.append(Step(o.name, to, operands, o.source, o.index))

    def finish(self) -> None:
        """Outputs to their places, from other slots or from memory; a cycle is broken over a free place."""
        widths, slots = self.trace.widths, self.slots
        pending = [(v, place) for v, place in self.trace.outputs if self.where.get(v) != place]
        while pending:
            needed = {u for v, _ in pending if v in self.where for u in slots.units(self.where[v], widths[v])}
            ready = [(v, to) for v, to in pending if not needed & set(slots.units(to, widths[v]))]
            if ready:
                v, to = ready[0]
                self.copy(v, to)
                pending.remove((v, to))
                slots.take(to, widths[v], v)
                continue
            v, to = pending[0]
            width = widths[v]
            ends = {u for w, place in self.trace.outputs for u in slots.units(place, widths[w])}
            aside = [p for p in slots.candidates(width) if not ends & set(slots.units(p, width))]
            place = aside[0] if aside else slots.grow(width)
            self.copy(v, place)
            slots.take(place, width, v)
            self.where[v] = place

    def copy(self, v: int, to: Place) -> None:
        if v in self.where:
            self.steps.append(Step("fp_copy" if self.trace.widths[v] == 1 else "fp2_copy", to, (self.where[v],)))
        else:
            self.steps.append(Step("fp2_load", to, (), SPILL, self.memory[v]))

    def program(self) -> Program:
        for i, o in enumerate(self.operations):
            self.operate(i, o)
        self.finish()
        spilled = None if self.limit is None else 2 * self.spilled
        return Program(self.trace, tuple(self.steps), self.slots.size[TEMPORARIES], spilled)


def compiled(trace: Trace, beam: int = BEAM, limit: int | None = None) -> Program:
    """The program of a trace; beam: how many orders are kept in the search; limit: most slots of temporaries, by spilling."""
    programs = [_Allocation(trace, order(trace, b), limit).program() for b in (1, beam)]
    return min(programs, key=lambda program: (program.temporaries, program.spilled or 0, len(program.steps)))
