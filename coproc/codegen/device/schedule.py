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
    """What operations do to the number of taken slots, given those done before (a set as bits).

    An operation without operands (a constant, a load) is done right before the first that needs its result: `group` has both.
    """

    def __init__(self, trace: Trace) -> None:
        operations = trace.operations
        self.widths = [trace.widths[o.result] for o in operations]
        kept = {r.name for r in trace.regions if r.kept}
        outputs = {v for v, _ in trace.outputs}
        fixed = {v for v, place in trace.inputs if place.region in kept} | outputs
        users = [0] * len(trace.widths)
        for i, o in enumerate(operations):
            for v in set(o.operands):
                users[v] |= 1 << i
        maker = {o.result: i for i, o in enumerate(operations)}
        needs = [[maker[v] for v in dict.fromkeys(o.operands) if v in maker] for o in operations]
        # a source that is a result itself is done when wanted
        lazy = {i for i, o in enumerate(operations) if not o.operands and users[o.result]}
        self.free = [i for i in range(len(operations)) if i not in lazy]
        self.needs = [sum(1 << j for j in js if j not in lazy) for js in needs]
        self.groups = [(*(j for j in js if j in lazy), i) for i, js in enumerate(needs)]
        self.mortal = [[(users[v], trace.widths[v]) for v in set(o.operands) if v not in fixed] for o in operations]
        self.start = sum(trace.widths[v] for v, place in trace.inputs if place.region not in kept and (users[v] or v in outputs))

    def ready(self, done: int) -> list[int]:
        needs = self.needs
        return [i for i in self.free if not (done >> i & 1 or needs[i] & ~done)]

    def run(self, done: int, live: int, i: int) -> tuple[int, int, int]:
        """Done, and slots taken, after operation i and its sources; most slots taken on the way."""
        most = live
        for j in self.groups[i]:
            if done >> j & 1:
                continue
            done |= 1 << j
            width, dead, reused = self.widths[j], 0, False
            for users, w in self.mortal[j]:
                if not users & ~done:
                    dead += w
                    reused |= w == width
            before, live = live, live + width - dead
            most = max(most, live if reused else before + width)
        return done, live, most


def order(trace: Trace, beam: int = BEAM) -> tuple[Operation, ...]:
    """The order with the smallest peak that was found."""
    costs = _Costs(trace)

    def closed(done: int, peak: int, live: int, way: tuple[int, ...]) -> tuple[int, int, int, tuple[int, ...]]:
        """With all operations that take no more slots."""
        more = True
        while more:
            more = False
            for i in costs.ready(done):
                after, now, most = costs.run(done, live, i)
                if now <= live and most <= peak:
                    done, live, way, more = after, now, (*way, i), True
        return done, peak, live, way

    everything = (1 << len(trace.operations)) - 1
    states = [closed(0, max(costs.start, pool(trace)), costs.start, ())]
    while any(done != everything for done, *_ in states):
        found: dict[int, tuple[int, int, int, tuple[int, ...]]] = {}
        for state in states:
            done, peak, live, way = state
            choices = [state] if done == everything else []
            for i in costs.ready(done):
                after, now, most = costs.run(done, live, i)
                choices.append(closed(after, max(peak, most), now, (*way, i)))
            for choice in choices:
                known = found.get(choice[0])
                if known is None or choice[1:] < known[1:]:
                    found[choice[0]] = choice
        states = sorted(found.values(), key=lambda s: (s[1], s[2], -len(s[3]), s[3]))[:beam]
    return _in_full(costs, trace, states[0][3])


def _in_full(costs: _Costs, trace: Trace, way: tuple[int, ...]) -> tuple[Operation, ...]:
    """With the sources."""
    done = dict.fromkeys(j for i in way for j in costs.groups[i])
    return tuple(trace.operations[j] for j in done)
