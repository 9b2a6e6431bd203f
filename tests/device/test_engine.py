"""`DeviceEngine`: results are the CPU's whatever the device does; what it does wrong is noticed, and too much of it is the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import coproc
from coproc.engine.device import engine as device_engine
from coproc.engine.device import stretches, trust
from coproc.engine.device.chunks import Chunks
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.families import Sums
from coproc.engine.device.protocol import OutOfMemory
from coproc.engine.memory import Buffers
from coproc.engine.protocol import U64, Check, Curve, Encoding, Group, Status, host_of, rows_of
from coproc.errors import EngineLost, EngineUnavailable
from coproc.operation import Batch
from coproc.ops import OPERATIONS
from coproc.ops.shape import MAX_BATCH
from tests.device import toy
from tests.device.test_trust import points, scalars
from tests.samples import requests

G1 = Group.BN254_G1
CURVE = Curve.BN254
OFFSETS = np.array([0, 0, 3, 4, 9], np.uint64)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> DeviceEngine:
    toy.install(monkeypatch)
    return DeviceEngine(toy.ToyDevice(), "toy:0")


def _call(engine: Any, p: U64, k: U64) -> U64:
    found: U64 = engine.msm(G1, OFFSETS, rows_of(p), k)
    return found


def test_sums_multiples_products_and_points_are_those_of_the_cpu(engine: DeviceEngine) -> None:
    p, k = points(G1, 9), scalars(CURVE, 9)
    p[2] = 0
    k[5] = 0
    q = points(Group.BN254_G2, 9)
    q[7] = 0
    host = engine.host
    assert np.array_equal(_call(engine, p, k), _call(host, p, k))
    assert np.array_equal(engine.scalar_mul(G1, p, k), host.scalar_mul(G1, p, k))
    got = host.final_exponentiation(CURVE, engine.miller_loop(CURVE, OFFSETS, p, q))
    assert np.array_equal(got, host.pairing(CURVE, OFFSETS, p, q))
    data = host.encode(G1, Encoding.ARK_COMPRESSED, p)
    data[4] ^= 0xFF
    for a, b in zip(*(e.decode(G1, Encoding.ARK_COMPRESSED, Check.ON_CURVE, rows_of(data)) for e in (engine, host)), strict=True):
        assert np.array_equal(a, b)
    assert (engine.suspicions, engine.lost) == (0, None)
    assert isinstance(engine.device, toy.ToyDevice)
    assert engine.device.streams >= 4


def _yesterday() -> Any:
    kept: list[Any] = []

    def spoil(result: Any) -> Any:
        kept.append(result)
        return kept[0]

    return spoil


def _values(change: Any) -> Any:
    return lambda result: Sums(change(result.values), result.tags, result.times) if isinstance(result, Sums) else result


def _flip(values: U64) -> U64:
    values = values.copy()
    values[-1, 3] ^= np.uint64(1 << 9)
    return values


SPOILERS = {
    "zeros": _values(np.zeros_like),
    "a flipped bit": _values(_flip),
    "another's": _values(lambda values: values[::-1]),
    "tags": lambda result: Sums(result.values, result.tags + np.uint64(1), result.times),
    "poison": _values(lambda values: np.full_like(values, 0xFFFFFFFFFFFFFFFF)),
}


@pytest.mark.parametrize("spoiler", ["zeros", "another's", "tags", "yesterday's"])
def test_no_spoiled_product_of_false_pairs_looks_true(monkeypatch: pytest.MonkeyPatch, spoiler: str) -> None:
    """e(P, Q) e(-P, Q) is one in the call before; then a call whose product is not one."""
    toy.install(monkeypatch, _yesterday() if spoiler == "yesterday's" else SPOILERS[spoiler])
    engine = DeviceEngine(toy.ToyDevice(), "toy:0")
    engine.limit = 99
    p, q = np.repeat(points(G1, 1), 2, axis=0), np.repeat(points(Group.BN254_G2, 1), 2, axis=0)
    p[1] = trust.negative(engine.host, G1, p[1:])[0]
    offsets = np.array([0, 2], np.uint64)
    engine.miller_loop(CURVE, offsets, p, q)
    wrong = p[[0, 0]]
    value = engine.host.final_exponentiation(CURVE, engine.miller_loop(CURVE, offsets, wrong, q))
    one = engine.host.pairing(CURVE, offsets, p, q)
    assert not np.array_equal(value, one)


@pytest.mark.parametrize("spoiler", [*SPOILERS, "yesterday's"])
def test_what_is_not_a_sum_of_this_call_is_noticed_or_no_sum_that_anybody_foresees(monkeypatch: pytest.MonkeyPatch, spoiler: str) -> None:
    toy.install(monkeypatch, _yesterday() if spoiler == "yesterday's" else SPOILERS[spoiler])
    engine = DeviceEngine(toy.ToyDevice(), "toy:0")
    engine.limit = 99
    p, k = points(G1, 9), scalars(CURVE, 9)
    first = _call(engine, p, k)
    k = scalars(CURVE, 9)
    got, right = _call(engine, p, k), _call(engine.host, p, k)
    if engine.suspicions:
        assert np.array_equal(got, right)
    else:  # blinded with what the wrong result does not have
        assert got.any(axis=1).all()
        assert not (got == right).all(axis=1).all()
        assert not (got == first).all(axis=1).any()


def test_a_wrong_multiple_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    toy.install(monkeypatch, lambda result: result if isinstance(result, Sums) else result[::-1])
    engine = DeviceEngine(toy.ToyDevice(), "toy:0")
    p, k = points(G1, 4), scalars(CURVE, 4)
    assert np.array_equal(engine.scalar_mul(G1, p, k), engine.host.scalar_mul(G1, p, k))
    assert engine.suspicions == 1


def test_a_point_that_the_device_gets_wrong_is_decoded_by_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    toy.install(monkeypatch, lambda result: (result[0][::-1], np.zeros_like(result[1])))
    engine = DeviceEngine(toy.ToyDevice(), "toy:0")
    p = points(G1, 4)
    got, status = engine.decode(G1, Encoding.ARK_COMPRESSED, Check.ON_CURVE, rows_of(engine.host.encode(G1, Encoding.ARK_COMPRESSED, p)))
    assert np.array_equal(got, p)
    assert (status == Status.OK).all()
    assert engine.suspicions == 1


def test_a_device_that_is_wrong_too_often_is_lost_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    toy.install(monkeypatch, SPOILERS["tags"])
    engine = DeviceEngine(toy.ToyDevice(), "toy:0")
    p, k = points(G1, 9), scalars(CURVE, 9)
    for _ in range(device_engine.SUSPICIONS - 1):
        assert np.array_equal(_call(engine, p, k), _call(engine.host, p, k))
    for _ in range(2):
        with pytest.raises(EngineLost, match="lack an item"):
            _call(engine, p, k)
    assert engine.lost is not None


def test_too_little_memory_and_a_compiler_that_refuses_are_no_loss(engine: DeviceEngine) -> None:
    p, k = points(G1, 9), scalars(CURVE, 9)
    right = _call(engine.host, p, k)
    device: Any = engine.device
    device.trouble = OutOfMemory("full")
    assert np.array_equal(_call(engine, p, k), right)
    assert engine.refused == frozenset()
    device.trouble = EngineUnavailable("does not compile")
    assert np.array_equal(_call(engine, p, k), right)
    device.trouble = None
    streams = device.streams
    assert np.array_equal(_call(engine, p, k), right)
    assert device.streams == streams
    assert engine.refused == {"msm BN254_G1"}
    assert (engine.suspicions, engine.lost) == (0, None)


@pytest.mark.parametrize("op", ["verify_groth16_bn254", "verify_bls"])
def test_when_the_device_dies_in_a_batch_the_cpu_answers_it_under_its_own_name(monkeypatch: pytest.MonkeyPatch, op: str) -> None:
    toy.install(monkeypatch)
    device = toy.ToyDevice()
    engine = DeviceEngine(device, "toy:0")
    cases = requests.cases(op)[:6]
    device.trouble = EngineLost("the device fell off the bus")
    with coproc.open(engine=engine, workers=1) as cp:
        for _ in range(2):
            answers = cp.run([requests.request_of(case) for case in cases])
            assert [answer.value for answer in answers] == [requests.value_of(case) for case in cases]
            assert {answer.engine for answer in answers} == {engine.host.name}
    assert engine.lost == "the device fell off the bus"
    assert host_of(engine) is engine.host
    assert host_of(engine.host) is engine.host


def test_an_error_over_what_the_device_said_is_a_suspicion_and_one_over_the_arguments_is_the_callers(engine: DeviceEngine) -> None:
    p, k = points(G1, 9), scalars(CURVE, 9)
    device: Any = engine.device
    device.trouble = ValueError("no such place")
    assert np.array_equal(_call(engine, p, k), _call(engine.host, p, k))
    assert engine.suspicions == 1
    with pytest.raises(ValueError, match="bytes"):
        engine.scalar_mul(G1, p, k[:3])
    assert engine.suspicions == 1


# ---- batches ----
@pytest.mark.parametrize(
    ("op", "n", "nbytes", "sizes"),
    [
        ("verify_plonk", 3000, 2456, [3000]),
        ("verify_plonk", 10000, 2456, [4096, 4096, 1808]),
        ("verify_bls", 200000, 344, [16384] * 12 + [3392]),
        ("poseidon_hash", 10000, 136, [4096, 4096, 1808]),
        ("sha256", 5000, 64, [625] * 8),
    ],
)
def test_an_accelerator_gets_large_batches_of_what_it_does_a_part_of(
    engine: DeviceEngine, op: str, n: int, nbytes: int, sizes: list[int]
) -> None:
    batch = Batch(Buffers(np.zeros(n, np.uint64), np.full(n, nbytes, np.uint64)), np.full(n, 8, np.uint8), np.zeros(n, np.uint8))
    with coproc.open(engine=engine, workers=4) as cp:
        assert [s.stop - s.start for s in cp._cut(OPERATIONS[op], batch)] == sizes
    with coproc.open(engine=engine.host, workers=4) as cp:
        assert max(s.stop - s.start for s in cp._cut(OPERATIONS[op], batch)) <= MAX_BATCH


def test_what_travels_in_a_batch_of_an_accelerator_is_bounded(engine: DeviceEngine) -> None:
    n, nbytes = 16384, 36308
    batch = Batch(Buffers(np.zeros(n, np.uint64), np.full(n, nbytes, np.uint64)), np.full(n, 8, np.uint8), np.zeros(n, np.uint8))
    with coproc.open(engine=engine, workers=1) as cp:
        cuts = cp._cut(OPERATIONS["verify_groth16_bn254"], batch)
    assert all((s.stop - s.start) * nbytes <= 256 << 20 for s in cuts)
    assert sum(s.stop - s.start for s in cuts) == n
    assert len(cuts) == 3


# ---- chunks ----
def test_chunks_cover_everything_once_and_fit_the_memory() -> None:
    for n in (0, 1, 7, 100, 5000, 70000):
        for nbytes in (1, 100, 1 << 16):
            chunks = Chunks(toy.ToyDevice(memory=1 << 20), streams=2)
            slices = chunks.slices(n, nbytes)
            assert [i for s in slices for i in range(s.start, s.stop)] == list(range(n))
            assert all((s.stop - s.start) * nbytes <= (1 << 20) or s.stop - s.start == 1 for s in slices)


def test_results_of_chunks_come_in_order_and_an_error_of_one_is_the_error_of_all() -> None:
    chunks = Chunks(toy.ToyDevice(), streams=3)
    slices = [slice(i, i + 1) for i in range(20)]
    assert chunks.each(slices, lambda _, s: s.start) == list(range(20))

    def fails(_: Any, s: slice) -> int:
        if s.start == 13:
            raise EngineLost("gone")
        return s.start

    with pytest.raises(EngineLost, match="gone"):
        chunks.each(slices, fails)
    chunks.close()


def test_long_sums_are_cut_and_put_together_again(monkeypatch: pytest.MonkeyPatch) -> None:
    toy.install(monkeypatch)
    engine = DeviceEngine(toy.ToyDevice(memory=3 * 5 * (1 << 12)), "toy:0")  # few terms at a time
    p, k = points(G1, 40), scalars(CURVE, 40)
    offsets = np.array([0, 1, 30, 30, 40], np.uint64)
    got, right = (e.msm(G1, offsets, rows_of(p), k) for e in (engine, engine.host))
    assert np.array_equal(got, right)
    assert engine.suspicions == 0
    assert isinstance(engine.device, toy.ToyDevice)
    assert engine.device.streams > 10


@pytest.mark.parametrize("most", [1, 2, 3, 10, 100])
def test_cuts_are_within_the_stretches_and_no_part_is_too_long(most: int) -> None:
    offsets = np.array([0, 0, 1, 11, 13, 13, 20], np.uint64)
    cuts = stretches.cut(offsets, most)
    assert set(offsets.tolist()) <= set(cuts.tolist())
    assert np.all(np.diff(cuts.astype(np.int64)) <= most)
    shares = stretches.packed(cuts, most)
    assert [i for s in shares for i in range(s.start, s.stop)] == list(range(len(cuts) - 1))
    assert all(int(cuts[s.stop] - cuts[s.start]) <= most or s.stop - s.start == 1 for s in shares)
