"""Hashes that a device computed are believed where two computations of them and a sample of the host's agree."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from coproc.engine.cpu import CpuEngine
from coproc.engine.device import twice
from coproc.engine.device.chunks import Chunks
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.opencl import OpenClDevice
from coproc.engine.device.trust import Mismatch
from coproc.engine.protocol import U64, Buffers, Field, FieldOp, Status
from coproc.keys import KeyRegistry
from coproc.ops.bls import message_points
from tests.device.test_poseidon import elements
from tests.engine import kit

CPU = CpuEngine()


@pytest.fixture(scope="module")
def device() -> OpenClDevice:
    return OpenClDevice()


class Broken:
    """A device whose downloads of one kind of turn are changed: `when` counts them from 0."""

    def __init__(self, device: OpenClDevice, when: tuple[int, ...], change: object) -> None:
        self._device, self._when, self._change, self.turn = device, when, change, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._device, name)

    @contextmanager
    def stream(self) -> Iterator[object]:
        with self._device.stream() as stream:
            plain = stream.download

            def download(buffer: object, array: U64) -> U64:
                out: U64 = plain(buffer, array)  # type: ignore[arg-type]
                if self.turn in self._when:
                    out = self._change(out)  # type: ignore[operator]
                self.turn += 1
                return out

            stream.download = download  # type: ignore[method-assign, assignment]
            try:
                yield stream
            finally:
                del stream.download


def flipped(out: U64) -> U64:
    changed = out.copy()
    changed[-1, -1] ^= np.uint64(1)
    return changed


def lists(counts: list[int]) -> tuple[U64, U64, U64]:
    """Addresses, counts, and the elements that keep them."""
    scalars = elements(sum(counts), seed=3)
    starts = np.cumsum([0, *counts])[:-1]
    return kit.addresses_of(scalars)[starts].copy() if len(scalars) else np.zeros(0, np.uint64), np.array(counts, np.uint64), scalars


def test_lists_are_hashed_as_on_the_cpu_whatever_their_lengths(device: OpenClDevice) -> None:
    draw = random.Random(1)
    for counts in ([], [5], [3, 5], [draw.randrange(1, 20) for _ in range(200)]):
        where, sizes, _ = lists(counts)
        out, status = twice.hashes(CPU, Chunks(device), where, sizes)
        expected, statuses = CPU.poseidon_hash(where, sizes)
        assert np.array_equal(out, expected)
        assert np.array_equal(status, statuses)


def test_empty_unreduced_and_long_lists_are_the_hosts(device: OpenClDevice) -> None:
    counts = [2, 1, twice.LONGEST + 1, 5, twice.LONGEST]
    where, sizes, scalars = lists(counts)
    scalars = scalars.copy()
    scalars[1] = 0xFFFFFFFFFFFFFFFF
    where = kit.addresses_of(scalars)[np.cumsum([0, *counts])[:-1]].copy()
    where, sizes = np.append(where, where[:1]), np.append(sizes, np.uint64(0))
    out, status = twice.hashes(CPU, Chunks(device), where, sizes)
    expected = CPU.poseidon_hash(where, sizes)
    assert np.array_equal(out, expected[0])
    assert status.tolist() == [Status.OK] * 5 + [Status.PANIC]


@pytest.mark.parametrize(
    "change", [np.zeros_like, flipped, lambda out: np.full_like(out, 0xFFFFFFFFFFFFFFFF), lambda out: out[::-1].copy()]
)
@pytest.mark.parametrize("when", [(0,), (1,)])
def test_one_wrong_computation_is_noticed(device: OpenClDevice, when: tuple[int, ...], change: object) -> None:
    where, sizes, _ = lists([5] * 20)
    with pytest.raises(Mismatch):
        twice.hashes(CPU, Chunks(Broken(device, when, change)), where, sizes)  # type: ignore[arg-type]
    states = elements(100).reshape(20, 5, 4).copy()
    with pytest.raises(Mismatch):
        twice.hades(CPU, Chunks(Broken(device, when, change)), states)  # type: ignore[arg-type]


def test_two_computations_that_are_wrong_alike_are_noticed_by_the_host(device: OpenClDevice) -> None:
    """What adds one to every number, both times."""
    one = elements(2)[1:]

    def add_one(out: U64) -> U64:
        flat = out.reshape(-1, 4)
        return CPU.field(Field.BLS12_381_FR, FieldOp.ADD, flat, np.repeat(one, len(flat), axis=0)).reshape(out.shape)

    where, sizes, _ = lists([5] * 20)
    with pytest.raises(Mismatch, match="host"):
        twice.hashes(CPU, Chunks(Broken(device, (0, 1), add_one)), where, sizes)  # type: ignore[arg-type]


def test_states_are_permuted_as_on_the_cpu_unreduced_ones_too(device: OpenClDevice) -> None:
    for n in (0, 1, 300):
        states = elements(5 * n).reshape(n, 5, 4).copy()
        assert np.array_equal(twice.hades(CPU, Chunks(device), states), CPU.hades_permute(states))
    states[7, 3] = 0xFFFFFFFFFFFFFFFF
    assert np.array_equal(twice.hades(CPU, Chunks(device), states), CPU.hades_permute(states))


@pytest.mark.parametrize("n", [0, 1, 2, 255, 256, 1000])
def test_the_host_computes_the_first_and_one_in_a_share(n: int) -> None:
    some = twice.sample(n)
    assert some.tolist() == sorted(set(some.tolist()))
    assert (some < n).all()
    assert (0 in some) == (n > 0)
    assert n // twice.SHARE <= len(some) <= n // twice.SHARE + 2


@pytest.mark.parametrize("n", [0, 1, 2, 3, 64, 128, 129, 1000])
def test_turned_items_are_all_elsewhere(n: int) -> None:
    order = twice.order(n)
    assert sorted(order.tolist()) == list(range(n))
    if n > 1:
        assert (order != np.arange(n)).all()


@pytest.mark.parametrize("change", [np.zeros_like, lambda out: out[::-1].copy()])
@pytest.mark.parametrize("when", [(0,), (1,)])
def test_a_wrong_image_in_g1_is_noticed(device: OpenClDevice, when: tuple[int, ...], change: object) -> None:
    """Such a one, too, that is another point of the group."""
    u = np.random.default_rng(1).integers(0, 1 << 60, (3, 6), np.uint64)
    engine = DeviceEngine(Broken(device, when, change), "broken")  # type: ignore[arg-type]
    assert np.array_equal(engine.map_to_g1(u), CPU.map_to_g1(u))
    assert engine.suspicions == 1


def test_the_points_of_messages_that_claims_are_about_are_the_hosts() -> None:
    """A wrong sum would be in the claim itself, and the single check that is to confirm the fold's "no" would say no, too."""

    class NoSums(CpuEngine):
        host = CPU

        def msm(self, *_: object) -> U64:
            raise AssertionError("asked the device")

    keys, messages = KeyRegistry(CPU), Buffers.of([b"a", b"b"])
    versions = np.ones(2, np.uint8)
    assert np.array_equal(message_points(NoSums(), keys, versions, messages), message_points(CPU, keys, versions, messages))
