"""The order of a program: operations so that few slots hold values that are still needed.

A value counts from its operation (an input that may be overwritten: from the start) to its last use; inputs that are kept do not count,
they lie where the caller wants them. A result may take the slots of an operand of its own width that dies with it. An operation after
which no more slots are taken than before is done at once, which loses nothing: in every order that delays it, it could come first. Over
the others a beam search chooses. Peaks below the slots that the regions give anyway are all the same.
"""

from __future__ import annotations

from coproc.codegen.device.program import Operation, Trace

BEAM = 24


def pool(trace: Trace) -> int:
    """Slots that regions give to values."""
    return sum(r.slots for r in trace.regions if not r.kept)


class _Costs:
    """What an operation does to the number of taken slots, given those done before (a set as bits)."""

    def __init__(self, trace: Trace) -> None:
        self.operations, self.widths = trace.operations, trace.widths
        kept = {r.name for r in trace.regions if r.kept}
        fixed = {v for v, place in trace.inputs if place.region in kept} | {v for v, _ in trace.outputs}
        users = [0] * len(self.widths)
        for i, o in enumerate(self.operations):
            for v in set(o.operands):
                users[v] |= 1 << i
        maker = {o.result: i for i, o in enumerate(self.operations)}
        self.needs = [sum(1 << maker[v] for v in set(o.operands) if v in maker) for o in self.operations]
        self.mortal = [[(users[v], self.widths[v]) for v in set(o.operands) if v not in fixed] for o in self.operations]
        outputs = {v for v, _ in trace.outputs}
        self.start = sum(self.widths[v] for v, place in trace.inputs if place.region not in kept and (users[v] or v in outputs))

    def ready(self, done: int) -> list[int]:
        return [i for i, needs in enumerate(self.needs) if not (done >> i & 1 or needs & ~done)]

    def after(self, done: int, live: int, i: int) -> tuple[int, int]:
        """Slots taken after operation i, and while it runs."""
        rest = ~(done | 1 << i)
        width = self.widths[self.operations[i].result]
        dead = [w for users, w in self.mortal[i] if not users & rest]
        now = live + width - sum(dead)
        return now, now if width in dead else live + width


def order(trace: Trace, beam: int = BEAM) -> tuple[Operation, ...]:
    """The order with the smallest peak that was found."""
    costs = _Costs(trace)

    def closed(done: int, peak: int, live: int, way: tuple[int, ...]) -> tuple[int, int, int, tuple[int, ...]]:
        """With all operations that take no more slots."""
        more = True
        while more:
            more = False
            for i in costs.ready(done):
                now, during = costs.after(done, live, i)
                if now <= live and during <= peak:
                    done, live, way, more = done | 1 << i, now, (*way, i), True
        return done, peak, live, way

    everything = (1 << len(trace.operations)) - 1
    states = [closed(0, max(costs.start, pool(trace)), costs.start, ())]
    while any(done != everything for done, *_ in states):
        found: dict[int, tuple[int, int, int, tuple[int, ...]]] = {}
        for state in states:
            done, peak, live, way = state
            choices = [state] if done == everything else []
            for i in costs.ready(done):
                now, during = costs.after(done, live, i)
                choices.append(closed(done | 1 << i, max(peak, during), now, (*way, i)))
            for choice in choices:
                known = found.get(choice[0])
                if known is None or choice[1:] < known[1:]:
                    found[choice[0]] = choice
        states = sorted(found.values(), key=lambda s: (s[1], s[2], -len(s[3]), s[3]))[:beam]
    return tuple(trace.operations[i] for i in states[0][3])
