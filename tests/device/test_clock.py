"""The clock of a device: it runs longer for more work, is paid when the work is done, and ends a device that does not answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from coproc.engine.device.clock import EMULATED, SECONDS, Account, Clock, setting_seconds
from coproc.errors import EngineLost, InvalidInput
from tests.device.endless import OP
from tests.samples import requests


def test_more_work_has_more_time_and_what_is_done_is_counted_no_more() -> None:
    clock = Clock("toy", units=4, emulated=False, seconds=10.0)
    one, other = Account(clock), Account(clock)
    assert clock.bound == 10.0
    one.launch(400)
    after = clock.bound
    assert after == pytest.approx(10.0 + 100 * clock.launch(4))
    other.copy(1 << 30)
    assert clock.bound == pytest.approx(after + clock.copy(1 << 30))
    wait = one.waiter(lambda: True)
    one.launch(40)
    wait()
    assert clock.bound == pytest.approx(10.0 + clock.launch(40) + clock.copy(1 << 30))
    wait()
    other.close()
    one.waiter(lambda: True)()
    assert clock.bound == pytest.approx(10.0)


def test_what_ends_late_is_waited_for() -> None:
    clock = Clock("toy", 1, False, seconds=1000.0)
    states = iter([False] * 50 + [True])
    Account(clock).waiter(lambda: next(states))()
    assert clock.lost is None


def test_a_device_that_does_not_answer_is_lost_for_every_stream() -> None:
    clock = Clock("toy", 1, False, seconds=0.01)
    one, other = Account(clock), Account(clock)
    with pytest.raises(EngineLost, match="toy did not answer within 0 s"):
        one.waiter(lambda: False)()
    uses: list[Callable[[], None]] = [lambda: other.launch(1), lambda: other.copy(1), other.waiter(lambda: False), clock.check]
    for use in uses:
        with pytest.raises(EngineLost, match="toy did not answer"):
            use()


def test_an_error_of_the_device_is_the_waiters() -> None:
    def fails() -> bool:
        raise EngineLost("status -5")

    clock = Clock("toy", 1, False, seconds=10.0)
    with pytest.raises(EngineLost, match="status -5"):
        Account(clock).waiter(fails)()
    assert clock.lost is None


def test_seconds_are_a_setting_and_an_emulated_device_has_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COPROC_DEVICE_SECONDS", raising=False)
    assert setting_seconds() == SECONDS
    monkeypatch.setenv("COPROC_DEVICE_SECONDS", "7")
    assert Clock("toy", 1, False).bound == 7
    assert Clock("toy", 1, True).bound == 7 * EMULATED
    for text in ("0", "-1", "1.5", "x", "9" * 9):
        monkeypatch.setenv("COPROC_DEVICE_SECONDS", text)
        with pytest.raises(InvalidInput, match="device_seconds"):
            setting_seconds()


def test_beside_a_kernel_that_never_ends_the_batch_is_answered_and_the_process_ends() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.device.endless"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["values"] == [requests.value_of(case) for case in requests.cases(OP)[:6]]
    assert all(engine.startswith("cpu:") for engine in said["engines"])
    assert "did not answer within 1 s" in said["lost"]
    assert said["again"] == said["lost"]
