"""What an operation costs on this machine, and what it would be priced at by Dusk's own method.

The method of upstream's schedule: single calls on one core with nothing cached, here with keys that were never seen; the 95th
percentile is the anchor; half of it is added for safety; one gas is one nanosecond of that; figures are rounded to stable buckets.
Where the work grows with the argument the price is base + slope x size, here by least squares of relative errors.

A call is timed by its thread's own clock, so that nobody else's work counts, less the road: what it costs to hash nothing, which is the
way through Python and back, paid once a batch and no work of a host function. Operations without keys, which have nothing to be cold
about and may take less than the road, are timed KEYLESS at a time.

Source: [dusk-vm] src/host_queries/pricing.rs, its description.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from math import floor, log10
from time import thread_time_ns
from typing import Any, Final, NamedTuple

from coproc.coprocessor import Coprocessor
from coproc.engine.protocol import Layout
from coproc.measure.throughput import percentile
from coproc.operation import Request, Rules
from coproc.ops import OPERATIONS
from coproc.wire import KIND_OF, rkyv

SAFETY: Final = 1.5
ANCHOR: Final = 0.95
KEYLESS: Final = 16
REFERENCE_NS_A_GAS: Final = 1 / SAFETY
"""What a gas of upstream's schedule takes on the machine that it was measured on, at the anchor."""

ARGUMENT: Final = {"hash": "byte", "keccak256": "byte", "sha256": "byte", "poseidon_hash": "scalar", "verify_bls_multisig": "key"}
"""What the price grows with; other operations have one price."""

SIZES: Final = {"byte": (32, 1024, 8192, 49_152), "scalar": (1, 4, 16, 64, 512), "key": (1, 4, 16, 64, 256)}
_tenants: Final = count()


def sizes_of(op: str) -> tuple[int | None, ...]:
    """Sizes of the argument that are measured; (None,) where the price does not depend on any."""
    return SIZES[ARGUMENT[op]] if op in ARGUMENT else (None,)


def together(op: str) -> int:
    """Calls that are timed together."""
    return 1 if op in KIND_OF or op == "verify_kzg_proof" else KEYLESS


def cold_call(coprocessor: Coprocessor, request: Request, nothing: int = 0, clock: Callable[[], int] = thread_time_ns) -> int:
    """Nanoseconds of one call by a tenant that was never seen, so that no key is known, less `nothing`, the road; 1 at least."""
    tenant = f"cold {next(_tenants)}" if request.op in KIND_OF else ""
    coprocessor.keys.of(tenant)
    n = together(request.op)
    start = clock()
    coprocessor.run([request] * n, tenant)
    return max((clock() - start - nothing) // n, 1)


def road(coprocessor: Coprocessor, calls: int = 200, clock: Callable[[], int] = thread_time_ns) -> int:
    """Nanoseconds of a call that hashes nothing, the median of some."""
    nothing = Request("sha256", rkyv.write(Layout.BYTES, [b""]), Rules(fork="Boreas"))

    def once() -> int:
        start = clock()
        coprocessor.run([nothing])
        return clock() - start

    return percentile([once() for _ in range(calls)], 0.5)


class Line(NamedTuple):
    """ns = base + slope x size."""

    base: float
    slope: float

    def at(self, size: int) -> float:
        return self.base + self.slope * size


def fit(points: Sequence[tuple[int, float]]) -> Line:
    """The line of least squares of relative errors through (size, ns), neither base nor slope below 0; one point has no slope."""
    weights = [1 / ns**2 for _, ns in points]
    total = sum(weights)
    mean_x = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    spread = sum(w * (x - mean_x) ** 2 for w, (x, _) in zip(weights, points, strict=True))
    if spread == 0:
        return Line(mean_y, 0.0)
    slope = sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in zip(weights, points, strict=True)) / spread
    base = mean_y - slope * mean_x
    if slope < 0:
        return Line(mean_y, 0.0)
    if base < 0:  # through the origin: slope minimises the same sum
        squares = sum(w * x * x for w, (x, _) in zip(weights, points, strict=True))
        return Line(0.0, sum(w * x * y for w, (x, y) in zip(weights, points, strict=True)) / squares)
    return Line(base, slope)


def bucket(value: float) -> int:
    """Rounded up to two significant digits, 0 for less than a hundredth."""
    if value < 0.01:
        return 0
    step = 10.0 ** max(floor(log10(value)) - 1, 0)
    return int(-(-value // step) * step)


class Price(NamedTuple):
    """gas = base + slope x size."""

    base: int
    slope: int


def schedule(op: str) -> Price:
    """The price from Boreas on, as the operation itself tells it."""
    operation = OPERATIONS[op]
    if op not in ARGUMENT:
        return Price(operation.price(0, None), 0)
    at = 1 if op == "verify_bls_multisig" else 0  # which field is counted
    low, high = (operation.price(0, [n if k == at else 0 for k in range(3)]) for n in (1, 2))
    return Price(low - (high - low), high - low)


class Measured(NamedTuple):
    """Cold single calls of one operation at one size: nanoseconds and the gas of each."""

    size: int | None
    samples: list[int]
    gas: int

    @property
    def anchor(self) -> int:
        return percentile(self.samples, ANCHOR)


def judge(op: str, measured: Sequence[Measured]) -> dict[str, Any]:
    """The model, the gas that follows from it, and the schedule in force: one that this machine just meets has headroom 1."""
    line = fit([(m.size or 0, float(m.anchor)) for m in measured])
    price = schedule(op)
    sizes = [
        {
            "size": m.size, "samples": len(m.samples), "median_ns": percentile(m.samples, 0.5), "p95_ns": m.anchor, "gas": m.gas,
            "ns_a_gas": round(m.anchor / m.gas, 5), "headroom": round(m.gas * REFERENCE_NS_A_GAS / m.anchor, 3),
        }
        for m in measured
    ]  # fmt: skip
    rates = [m.anchor / m.gas for m in measured]
    headroom = min(m.gas * REFERENCE_NS_A_GAS / m.anchor for m in measured)
    return {
        "op": op,
        "argument": ARGUMENT.get(op),
        "sizes": sizes,
        "model_ns": {"base": round(line.base, 1), "slope": round(line.slope, 3)},
        "gas_that_follows": {"base": bucket(SAFETY * line.base), "slope": bucket(SAFETY * line.slope)},
        "schedule": price._asdict(),
        "headroom": round(headroom, 3),
        "band": round(max(rates) / min(rates), 3),
    }
