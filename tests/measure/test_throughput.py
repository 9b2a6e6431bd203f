"""What is timed is what is said: sizes in order, budgets kept, wrong answers never timed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coproc.coprocessor import Coprocessor
from coproc.errors import EngineBug
from coproc.measure import beside, throughput
from coproc.measure.peers import Figure
from coproc.measure.requests import make
from tests.conftest import NATIVE, engine_named

ENGINE = engine_named(f"cpu:{NATIVE[-1]}")


@pytest.fixture
def machine() -> Iterator[Coprocessor]:
    with Coprocessor(ENGINE, workers=1) as cp:
        yield cp


class Clock:
    """Each reading is a millisecond after the last."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        self.ns += 1_000_000
        return self.ns


def test_every_size_is_measured_that_there_are_requests_for(machine: Coprocessor) -> None:
    columns = throughput.Columns(make(ENGINE, "sha256", 20))
    cells = list(throughput.measure(machine, columns, [64, 16, 1, 4, 4], 1.0, Clock()))
    assert [cell.n for cell in cells] == [1, 4, 16]
    assert all(cell.median == 1_000_000 and len(cell.samples) >= throughput.MIN_SAMPLES for cell in cells)
    row = cells[1].row()
    assert (row["rate"], row["item_ns"], row["p99_ns"], row["min_ns"]) == (4000.0, 250_000.0, 1_000_000, 1_000_000)


def test_a_size_that_would_not_fit_ends_the_operation(machine: Coprocessor) -> None:
    columns = throughput.Columns(make(ENGINE, "sha256", 64))
    cells = list(throughput.measure(machine, columns, [1, 64], 0.05, Clock()))
    assert [cell.n for cell in cells] == [1]
    cells = list(throughput.measure(machine, columns, [1, 64], 0.05, Clock(), whole=True))
    assert [cell.n for cell in cells] == [1, 64]


def test_a_wrong_answer_is_never_timed(machine: Coprocessor) -> None:
    made = make(ENGINE, "verify_schnorr", 3)
    columns = throughput.Columns(made)
    columns.data = columns.data.copy()
    columns.data[columns.offsets[1] + 3] ^= 1  # the message of the second
    with pytest.raises(EngineBug, match="1 of 3 true requests of verify_schnorr"):
        throughput.check(machine, columns, 3)


@pytest.mark.parametrize(
    ("values", "share", "wanted"), [([5], 0.99, 5), (range(1, 101), 0.99, 99), (range(1, 101), 0.95, 95), ([3, 1, 2], 0.5, 2)]
)
def test_a_percentile_is_the_least_that_a_share_does_not_exceed(values: list[int], share: float, wanted: int) -> None:
    assert throughput.percentile(list(values), share) == wanted


def test_ours_stands_beside_the_best_peer_of_the_same_figure() -> None:
    theirs = [
        Figure("a", "c", "op", 1, 30.0),
        Figure("b", "c", "op", 1, 20.0),
        Figure("b", "c", "op", 2, 1.0),
        Figure("b", "d", "op", 1, 1.0),
    ]
    (row, lonely) = beside.table([("x", "c", "op", 1, 10.0), ("y", "c", "op", 1, 40.0), ("x", "c", "else", 1, 5.0)], theirs)
    assert (row["best_peer"], row["faster"], row["peers"]) == ("b", {"x": 2.0, "y": 0.5}, {"a": 30.0, "b": 20.0})
    assert (lonely["best_peer"], lonely["faster"]) == (None, {})
