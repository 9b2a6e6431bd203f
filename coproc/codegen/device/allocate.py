"""Slots for the values of a program, in the order that `schedule.order` found.

A value goes to the place of the output that it is, if that is free; else to a place that dies with the operation; else to a free one that
no output waits for. What could not go to its place at once is moved there in the end. Fp2 takes an even slot and the next.
"""

from __future__ import annotations

from coproc.codegen.device.program import Operation, Place, Program, Region, Step, Trace
from coproc.codegen.device.schedule import BEAM, order

TEMPORARIES = "t"


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

    def grow(self, width: int) -> Place:
        """New slots of `t`."""
        n = self.size[TEMPORARIES]
        offset = n + (n % width)
        self.size[TEMPORARIES] = offset + width
        return Place(TEMPORARIES, offset)


def _allocate(trace: Trace, operations: tuple[Operation, ...]) -> Program:
    widths, slots = trace.widths, _Slots(trace.regions)
    targets: dict[int, list[Place]] = {}
    for v, place in trace.outputs:
        targets.setdefault(v, []).append(place)
    last = {v: i for i, o in enumerate(operations) for v in o.operands}
    where: dict[int, Place] = {}
    for v, place in trace.inputs:
        where[v] = place
        if place.region in slots.size and (v in last or v in targets):
            slots.take(place, widths[v], v)

    steps = []
    for i, o in enumerate(operations):
        operands = tuple(where[v] for v in o.operands)
        dead = [v for v in set(o.operands) if last[v] == i and v not in targets and where[v].region in slots.size]
        # a place of the width of the result may be given from operand to result; others become free afterwards
        for v in dead:
            if widths[v] == widths[o.result]:
                slots.release(where[v], widths[v])
        waiting = {u for v in targets if v not in where for p in targets[v] for u in slots.units(p, widths[v])}
        width = widths[o.result]
        wanted = [p for p in targets.get(o.result, []) if slots.is_free(p, width)]
        mine = [where[v] for v in dead if widths[v] == width]
        free = slots.candidates(width)
        quiet = [p for p in free if not waiting & set(slots.units(p, width))]
        choice = [*wanted, *(p for p in mine if p in quiet), *quiet, *free]
        to = choice[0] if choice else slots.grow(width)
        slots.take(to, width, o.result)
        where[o.result] = to
        for v in dead:
            if widths[v] != width:
                slots.release(where[v], widths[v])
        steps.append(Step(o.name, to, operands, o.source, o.index))

    steps += _moves(trace, slots, where)
    return Program(trace, tuple(steps), slots.size[TEMPORARIES])


def _moves(trace: Trace, slots: _Slots, where: dict[int, Place]) -> list[Step]:
    """Copies of outputs to their places; a cycle is broken over a free place."""
    steps: list[Step] = []
    pending = [(v, place) for v, place in trace.outputs if where[v] != place]

    def copy(v: int, to: Place) -> None:
        steps.append(Step("fp_copy" if trace.widths[v] == 1 else "fp2_copy", to, (where[v],)))

    while pending:
        needed = {u for v, _ in pending for u in slots.units(where[v], trace.widths[v])}
        ready = [(v, to) for v, to in pending if not needed & set(slots.units(to, trace.widths[v]))]
        if ready:
            v, to = ready[0]
            copy(v, to)
            pending.remove((v, to))
            slots.take(to, trace.widths[v], v)
            continue
        v, to = pending[0]
        width = trace.widths[v]
        ends = {u for w, place in trace.outputs for u in slots.units(place, trace.widths[w])}
        aside = [p for p in slots.candidates(width) if not ends & set(slots.units(p, width))]
        place = aside[0] if aside else slots.grow(width)
        copy(v, place)
        slots.take(place, width, v)
        where[v] = place
    return steps


def compiled(trace: Trace, beam: int = BEAM) -> Program:
    """The program of a trace; beam: how many orders are kept in the search."""
    programs = [_allocate(trace, order(trace, b)) for b in (1, beam)]
    return min(programs, key=lambda program: (program.temporaries, len(program.steps)))
