"""Programs compute what their formulas say, in the order and in the slots that they were given."""

from __future__ import annotations

import random

import pytest

from coproc.codegen.device.allocate import compiled
from coproc.codegen.device.program import Fp2, Integers, Program, Recorder, Trace, interpret, interpret_slots
from coproc.codegen.device.schedule import order
from coproc.codegen.device.tower import Fp12

P = 1_000_003
K = Integers(P, (9, 1), {"C": (5, 7), "m": tuple(range(1, 13))})


def random_trace(seed: int) -> Trace:
    """Sums and products of whatever is there, with values in all kinds of regions."""
    draw = random.Random(seed)
    r = Recorder("random")
    scalars = r.fp("s", 2)
    values = [*r.fp2("a", 3, lost=True), *r.fp2("b", 2), r.set_fp2("C"), r.load_fp2("m", 2), r.load_fp("m", 5).embed()]
    for _ in range(draw.randrange(5, 30)):
        x, y = draw.choice(values), draw.choice(values)
        made: Fp2 = draw.choice(
            [x + y, x - y, x * y, x.sqr(), x.mul_xi(), -x, x.half(), x.conj(), x * draw.choice(scalars), x * (scalars[0] * scalars[1])]
        )
        values.append(made)
    return r.trace(a=draw.sample(values, 3), out=draw.sample(values, 2))


def check(program: Program) -> None:
    draw = random.Random(len(program.steps))
    regions = {r.name: [draw.randrange(P) for _ in range(r.slots)] for r in program.trace.regions if r.read}
    wanted = interpret(program.trace, K, regions)
    got = interpret_slots(program, K, regions)
    for name, values in wanted.items():
        assert got[name][: len(values)] == values
    for region in program.trace.regions:
        if region.kept:
            assert got[region.name] == regions[region.name]


def test_slots_hold_what_the_formula_says() -> None:
    for seed in range(150):
        check(compiled(random_trace(seed), beam=1 + seed % 7))


def test_values_that_find_no_slot_wait_in_memory() -> None:
    r = Recorder("product")
    f, g = Fp12.of(r.fp2("f", 6, lost=True)), Fp12.of(r.fp2("g", 6))
    trace = r.trace(f=(f.sqr() * g).coordinates)
    spilled = []
    for limit in (40, 16, 12, 8, 4):
        program = compiled(trace, limit=limit)
        check(program)
        assert program.temporaries <= limit
        assert program.counts.get("fp2_store", 0) == (program.spilled or 0) // 2
        spilled.append(program.spilled or 0)
    assert spilled == sorted(spilled)
    assert spilled[0] == 0 < spilled[-1]


def test_an_order_holds_every_operation_once_after_its_operands() -> None:
    for seed in range(30):
        trace = random_trace(seed)
        known = {v for v, _ in trace.inputs}
        for operation in order(trace):
            assert known.issuperset(operation.operands)
            assert operation.result not in known
            known.add(operation.result)
        assert known.issuperset(v for v, _ in trace.outputs)


def test_results_can_be_permuted_in_place() -> None:
    r = Recorder("rotate")
    a, b, c = r.fp2("a", 3, lost=True)
    program = compiled(r.trace(a=(c, a, b)))
    assert interpret_slots(program, K, {"a": [1, 2, 3, 4, 5, 6]})["a"] == [5, 6, 1, 2, 3, 4]
    assert program.temporaries == 2
    assert program.counts == {"fp2_copy": 4}


def test_in_place_arithmetic_takes_no_temporaries() -> None:
    r = Recorder("in_place")
    (a,), (b,) = r.fp2("a", lost=True), r.fp2("b")
    program = compiled(r.trace(a=((a * b).sqr() + b,)))
    assert program.temporaries == 0
    assert program.multiplications == 5
    assert "(void)t;" in program.text()


def test_equal_operations_are_done_once_and_useless_ones_never() -> None:
    r = Recorder("once")
    a, b = r.fp2("a", 2)
    assert (a * b).value == (a * b).value
    _ = a.sqr()
    assert [o.name for o in r.trace(d=(a * b + a * b,)).operations] == ["fp2_mul", "fp2_add"]


def test_loads_are_never_merged() -> None:
    r = Recorder("loads")
    assert r.load_fp2("m", 0).value != r.load_fp2("m", 0).value


def test_regions_are_named_once_and_hold_their_results() -> None:
    r = Recorder("wrong")
    a = r.fp2("a", 1, lost=True)
    with pytest.raises(ValueError, match="two regions"):
        r.fp2("a")
    with pytest.raises(ValueError, match="has 2 slots"):
        r.trace(a=(a[0], a[0]))


def test_the_text_is_one_function_of_calls() -> None:
    r = Recorder("f")
    (a,) = r.fp2("a", lost=True)
    text = compiled(r.trace(a=(a * r.load_fp2("p", 2) * r.load_fp("p", 1) + r.set_fp2("C"),))).text()
    assert text.startswith("NOINLINE void f_at(SCRATCH_FIRST const u32 a, const u32 t, GLOBAL const u32 *p, const u32 p_stride) {\n")
    for call in ("SLOT, p + 3 * FP_LIMBS * p_stride, p_stride);", "SLOT, C + FP_LIMBS);", "  fp2_mul_at(SCRATCH_PASS ", "  fp2_mul_fp_at("):
        assert text.count(call) == 1
    assert text.endswith("#define f(a, t, p, p_stride) f_at(SCRATCH_PASS (a) * SLOT, (t) * SLOT, p, p_stride)\n")
