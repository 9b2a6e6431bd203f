"""Names of accelerators, what is absent and why, and what `auto` takes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import coproc
from coproc.cli.engines import break_even
from coproc.engine import select as selection
from coproc.engine.cpu import CpuEngine
from coproc.engine.device import breakeven, cuda, found
from coproc.engine.device.breakeven import BreakEven, Line
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.found import DeviceInfo
from coproc.errors import EngineLost, EngineUnavailable, InvalidInput
from tests.device import toy
from tests.samples import requests

NO_CUDA = "CuPy is not installed"


@pytest.fixture
def without_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> object:
        raise EngineUnavailable(NO_CUDA)

    monkeypatch.setattr(cuda, "_cupy", absent)
    found.found.cache_clear()


@pytest.mark.parametrize("name", ["opencl", "opencl:0"])
def test_an_opencl_device_is_taken_by_number(name: str) -> None:
    engine = selection.select(name)
    assert isinstance(engine, DeviceEngine)
    assert engine.name == "opencl:0"
    assert engine.host.name.startswith("cpu:")


@pytest.mark.usefixtures("without_cupy")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "opencl:99"])
def test_a_device_that_there_is_not_says_why(name: str) -> None:
    with pytest.raises(EngineUnavailable, match=r"CuPy is not installed|there is no OpenCL device 99"):
        selection.select(name)


@pytest.mark.parametrize("name", ["cuda:", "opencl:x", "opencl:-1", "metal", "opencl:0:0"])
def test_a_name_that_is_none_is_the_callers_mistake(name: str) -> None:
    if name == "cuda:":
        name = "cuda:one"
    with pytest.raises(InvalidInput, match="unknown engine"):
        selection.select(name)


@pytest.mark.usefixtures("without_cupy")
def test_every_device_is_listed_and_what_is_absent_says_why() -> None:
    infos = {info.name: info for info in selection.engines()}
    assert infos["cuda"].unavailable == NO_CUDA
    pocl = infos["opencl:0"]
    assert pocl.device is not None
    assert pocl.device.emulated
    assert pocl.device.memory > 1 << 28
    assert sum(info.best for info in infos.values()) == 1


def test_auto_takes_no_device_that_the_cpu_emulates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "_DRIVERS", ("/",))  # as if there were one
    monkeypatch.setattr(found, "find_spec", lambda module: module == "pyopencl" or None)
    found.gpu.cache_clear()
    try:
        assert found.gpu() is None
        assert type(selection.select("auto")) is CpuEngine
    finally:
        found.gpu.cache_clear()


GPU = DeviceInfo("opencl:0", "a card", 1 << 34, False)
LINES = {"msm BN254_G1": Line(1e-3, 1e-7, 2e-6), "decode BN254_G1": Line(1e-3, 2e-6, 1e-6)}


def test_auto_takes_a_card_with_what_was_measured_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "gpu", lambda: GPU)
    monkeypatch.setattr(found, "opened", lambda kind, number: toy.ToyDevice())
    monkeypatch.setattr(breakeven, "measured", lambda engine: LINES)
    engine = selection.select("auto")
    assert isinstance(engine, DeviceEngine)
    assert isinstance(engine.policy, BreakEven)
    assert [info.name for info in selection.engines() if info.best] == ["opencl:0"]


@pytest.mark.parametrize("error", [EngineUnavailable("no driver"), EngineLost("fell off the bus")])
def test_auto_takes_the_cpu_where_the_card_cannot_be_used(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def opened(kind: str, number: int) -> toy.ToyDevice:
        raise error

    monkeypatch.setattr(found, "gpu", lambda: GPU)
    monkeypatch.setattr(found, "opened", opened)
    assert type(selection.select("auto")) is CpuEngine


def test_a_run_with_auto_on_a_card_answers_as_the_cpu_does(monkeypatch: pytest.MonkeyPatch) -> None:
    toy.install(monkeypatch)
    engine = DeviceEngine(toy.ToyDevice(), "toy:0", policy=BreakEven({"msm BN254_G1": Line(0.0, 0.0, 1.0)}))
    cases = requests.cases("verify_groth16_bn254")[:8]
    with coproc.open(engine=engine, workers=2) as cp:
        answers = cp.run([requests.request_of(case) for case in cases])
    assert [answer.value for answer in answers] == [requests.value_of(case) for case in cases]


# ---- break-even ----
def test_below_the_break_even_batch_the_cpu_is_taken_and_above_it_the_device() -> None:
    policy = BreakEven(LINES)
    n = LINES["msm BN254_G1"].break_even
    assert n is not None
    assert 500 < n < 550
    assert [policy.takes("msm BN254_G1", k) for k in (0, 1, n - 1, n + 1, 10 * n)] == [False, False, False, True, True]
    assert LINES["decode BN254_G1"].break_even is None
    assert not policy.takes("decode BN254_G1", 1 << 30)
    assert not policy.takes("never measured", 1 << 30)


def test_a_busy_device_leaves_work_to_the_cpu_and_is_asked_again_when_it_is_free() -> None:
    policy = BreakEven(LINES)
    what, n = "msm BN254_G1", 10_000  # 2 ms there, 20 ms here
    with policy.load(what, 100_000), policy.load(what, 100_000):  # 22 ms of work
        assert not policy.takes(what, n)
        assert policy.takes(what, 100 * n)
    assert policy.takes(what, n)


def test_what_was_measured_is_kept_for_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPROC_CACHE_DIR", str(tmp_path))
    toy.install(monkeypatch)
    engine = DeviceEngine(toy.ToyDevice(), "toy:0")
    info = DeviceInfo("toy:0", "toy", 1 << 30, False)
    assert break_even(info) == {}
    asked = []

    def measure(engine: DeviceEngine) -> dict[str, Line]:
        asked.append(engine)
        return LINES

    monkeypatch.setattr(breakeven, "measure", measure)
    assert breakeven.measured(engine) == breakeven.measured(engine) == LINES
    assert len(asked) == 1
    assert break_even(info) == {"msm BN254_G1": LINES["msm BN254_G1"].break_even, "decode BN254_G1": None}
    (file,) = (tmp_path / "break-even").iterdir()
    file.write_text("{", encoding="utf-8")
    assert breakeven.kept("toy:0", "toy") is None


def test_measuring_times_what_the_device_can_do_and_leaves_out_the_rest_but_ends_with_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    toy.install(monkeypatch)
    engine = DeviceEngine(toy.ToyDevice(), "toy:0")
    calls = {k: v for k, v in breakeven._CALLS.items() if k in ("msm BN254_G1", "scalar_mul BN254_G1", "miller_loop BN254")}
    monkeypatch.setattr(breakeven, "_CALLS", calls)
    lines = breakeven.measure(engine, 4, 16, 0.01)
    assert set(lines) == set(calls)
    assert all(line.host > 0 and line.start >= 0 and line.each >= 0 for line in lines.values())
    device = engine.device
    assert isinstance(device, toy.ToyDevice)
    device.trouble = EngineLost("gone")
    with pytest.raises(EngineLost, match="gone"):
        breakeven.measure(engine, 4, 16, 0.01)


def test_every_method_that_runs_on_a_device_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each true call is one that the CPU answers as well, and goes to the device under the name it is measured by."""
    engine = DeviceEngine(toy.ToyDevice(), "toy:0")
    asked: list[str] = []
    monkeypatch.setattr(engine, "_run", lambda what, n, on_device, on_host: (asked.append(what), on_host())[1])
    for what, make in breakeven._CALLS.items():
        on_device, on_host = make(engine, 3)
        on_host()
        on_device()
        assert asked.pop() == what
    assert not asked


def test_loads_of_many_threads_come_off_again() -> None:
    policy = BreakEven(LINES)

    def work() -> None:
        for _ in range(200):
            with policy.load("msm BN254_G1", 1000):
                pass

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert policy._busy < 1e-9


def test_the_command_line_shows_devices_with_their_memory() -> None:
    done = subprocess.run([sys.executable, "-m", "coproc", "engines", "--json"], capture_output=True, text=True, check=True, timeout=120)
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert {"device", "memory", "emulated", "break_even"} <= set(rows["opencl:0"])
    text = subprocess.run([sys.executable, "-m", "coproc", "engines"], capture_output=True, text=True, check=True, timeout=120).stdout
    assert "GiB, the CPU does its work" in text
