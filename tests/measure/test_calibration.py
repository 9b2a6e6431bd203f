"""Prices follow from costs as Dusk's method says, and a search finds what is dear; on costs that are given, never on a clock."""

from __future__ import annotations

from itertools import count
from random import Random

import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.protocol import Layout
from coproc.measure import calibration, mutations
from coproc.measure.calibration import Line, Measured, bucket, fit, judge, schedule
from coproc.measure.requests import make
from coproc.measure.search import POPULATION, search
from coproc.operation import Rules
from coproc.ops import OPERATIONS
from coproc.wire import rkyv
from tests.conftest import NATIVE, engine_named

ENGINE = engine_named(f"cpu:{NATIVE[-1]}")
BOREAS = Rules(fork="Boreas")


@pytest.mark.parametrize("op", OPERATIONS)
def test_the_schedule_is_what_the_operation_charges(op: str) -> None:
    price = schedule(op)
    for size in calibration.sizes_of(op):
        request = make(ENGINE, op, 1, size=size).requests[0]
        assert price.base + price.slope * (size or 0) == OPERATIONS[op].cost(request.args, BOREAS)


def test_a_line_is_found_again_and_never_falls_or_starts_below_nothing() -> None:
    assert fit([(n, 3000 + 10 * n) for n in (1, 10, 1000, 50_000)]) == pytest.approx(Line(3000, 10))
    assert fit([(0, 5.0)]) == Line(5.0, 0.0)
    assert fit([(1, 10.0), (2, 5.0)]).slope == 0
    through = fit([(10, 1.0), (100, 1000.0)])
    assert through.base == 0
    assert through.slope > 0
    close = fit([(32, 100.0), (1024, 100.0), (65_536, 6_500.0)])  # relative errors: the small sizes count as much as the large
    assert close.at(32) == pytest.approx(100, rel=0.4)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(0.0, 0), (0.4, 1), (7, 7), (7.2, 8), (99.5, 100), (1_234, 1_300), (1_000_001, 1_100_000), (9_950_000, 10_000_000)],
)
def test_a_bucket_never_undercuts_and_has_two_digits(value: float, wanted: int) -> None:
    assert bucket(value) == wanted


def test_the_gas_that_follows_is_the_95th_percentile_and_a_half() -> None:
    samples = [1_000_000] * 90 + [2_000_000] * 6 + [90_000_000] * 4  # the last are beyond the anchor
    row = judge("verify_plonk", [Measured(None, samples, 10_000_000)])
    assert row["gas_that_follows"] == {"base": 3_000_000, "slope": 0}
    assert row["schedule"] == {"base": 10_000_000, "slope": 0}
    assert row["headroom"] == row["sizes"][0]["headroom"] == pytest.approx(10 / 3, abs=1e-3)
    assert (row["sizes"][0]["ns_a_gas"], row["band"]) == (0.2, 1.0)


def test_headroom_is_of_the_worst_size_and_the_band_spans_all() -> None:
    cheap, dear = Measured(1, [20_000] * 20, 40_000), Measured(4, [140_000] * 20, 70_000)
    row = judge("poseidon_hash", [cheap, dear])
    assert row["headroom"] == pytest.approx(70_000 / 210_000, abs=1e-3)
    assert row["band"] == 4.0


def test_a_cold_call_knows_no_key_and_leaves_the_road_out() -> None:
    request = make(ENGINE, "verify_bls", 1).requests[0]
    ticks = count(0, 1000)
    with Coprocessor(ENGINE, workers=1) as cp:
        assert calibration.cold_call(cp, request, 400, clock=lambda: next(ticks)) == 600
        assert calibration.cold_call(cp, request, 5000, clock=lambda: next(ticks)) == 1
        assert len(cp.keys._tenants) == 2
        assert calibration.road(cp, 3, clock=lambda: next(ticks)) == 1000
        digest = make(ENGINE, "sha256", 1).requests[0]
        assert calibration.cold_call(cp, digest, 200, clock=lambda: next(ticks)) == 800 // calibration.KEYLESS
        assert len(cp.keys._tenants) == 2


@pytest.mark.parametrize("op", OPERATIONS)
def test_mutations_are_answered_on_every_engine_alike(op: str) -> None:
    random = Random(op)
    layout = OPERATIONS[op].layout
    pool = [request.args for request in make(ENGINE, op, 3, size=2 if op == "verify_bls_multisig" else None).requests]
    buffers = list(pool)
    for _ in range(60):
        buffer, step = mutations.mutate(random, layout, random.choice(buffers), pool)
        assert step
        assert len(buffer) <= mutations.MAX_BYTES
        buffers.append(buffer)
    requests = [make(ENGINE, op, 1, size=1).requests[0]._replace(args=buffer) for buffer in buffers]
    answers = []
    for isa in NATIVE:
        with Coprocessor(engine_named(f"cpu:{isa}"), workers=1) as cp:
            answers.append([(a.value, a.status, a.retbuf, a.gas) for a in cp.run(requests)])
    assert all(some == answers[0] for some in answers)
    assert len(set(buffers)) > 30


@pytest.mark.parametrize("layout", Layout)
def test_a_buffer_is_taken_apart_and_put_together_again(layout: Layout) -> None:
    random = Random(int(layout))
    fields = [random.randbytes(f.size if isinstance(f, rkyv.Inline) else 3 * f.size) for f in rkyv.ROOTS[layout].fields]
    buffer = rkyv.write(layout, fields)
    assert mutations.fields_of(layout, buffer) == fields
    assert mutations.fields_of(layout, buffer[:-1]) is None


def test_a_search_finds_the_dear_input_that_a_verifier_hides() -> None:
    """A cost that rises with what evolution can climb: unreduced words, then a long list of them."""

    def cost(buffer: bytes) -> float:
        fields = mutations.fields_of(Layout.SCALARS, buffer)
        if fields is None:
            return 0.1
        words = [int.from_bytes(fields[0][i : i + 32], "little") for i in range(0, len(fields[0]), 32)]
        return 1.0 + sum(9.0 for word in words if word >= mutations.MODULI[0]) + 0.01 * len(words)

    seeds = [request.args for request in make(ENGINE, "poseidon_hash", 4).requests]
    found = search(Layout.SCALARS, seeds, cost, Random(1), 60.0, limit=3000)
    assert found.tried == 3000
    assert found.worst[0].cost == max(c.cost for c in found.worst) >= 5 * max(map(cost, seeds))
    assert len(found.worst) == POPULATION
    assert found.worst[0].cost == cost(found.worst[0].buffer)
    assert found.worst[0].trail[0].startswith("seed ")
    assert len(found.worst[0].trail) > 1


def test_a_search_ends_with_its_time_or_its_tries() -> None:
    ticks = count()
    seeds = [rkyv.write(Layout.BYTES, [bytes(8)])]
    found = search(Layout.BYTES, seeds, lambda _: 1.0, Random(2), 10.0, clock=lambda: float(next(ticks)))
    assert 1 <= found.tried <= 11
    assert search(Layout.BYTES, seeds, len, Random(3), 60.0, limit=1).tried == 1
