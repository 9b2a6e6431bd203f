"""The script for a machine with a card runs where there is none, small; what it finds wrong it says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benches import gpu, gpu_host, gpu_sections
from benches.gpu_host_figures import SUM, interpreter, predicted
from coproc.engine.device.engine import DeviceEngine
from tests.device.small import WIDE


def test_rates_and_vectors_run_on_a_device_that_the_cpu_emulates(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    assert gpu.main(["--engine", "opencl:0", "--quick", "--only", "rates,vectors,sanitizer", "--out", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert set(found["instructions_a_second"]) == {"imad_wide", "imad_hi", "imad", "add", "logic"}
    assert all(rate > 0 for rate in [*found["instructions_a_second"].values(), *found["multiplications_a_second"].values()])
    assert found["vectors"]["opencl:0"]["wrong"] == 0
    assert found["vectors"]["opencl:0"]["asked"] >= 44
    assert found["sanitizer"] == {"run": False, "why": "it knows CUDA alone"}
    assert found["card"]["emulated"]


@pytest.mark.slow
def test_every_section_runs_on_a_device_that_the_cpu_emulates(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    assert gpu.main(["--engine", "opencl:0", "--quick", "--minutes", "60", "--out", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert set(found["cases"]) == set(WIDE)
    assert set(found["batches"]) == set(gpu_sections.OPS)
    assert {"miller BN254", "hades", "map_to_g1", "msm BLS12_381_G1 128"} <= set(found["kernels"])
    assert set(found["kernels"]["hades"]["predicted"]) == {"ceiling", "expected", "wanted"}
    assert (set(found["seconds"]), found["failed"], found["unfinished"]) == (set(gpu_sections.SECTIONS), {}, [])
    assert list(tmp_path.iterdir()) == [out]


def test_time_that_is_up_ends_a_section_and_not_the_file(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    assert gpu.main(["--engine", "opencl:0", "--quick", "--only", "kernels,batches", "--minutes", "0.0001", "--out", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert (found["kernels"], found["batches"], found["failed"]) == ({}, {}, {})
    assert found["unfinished"] == ["kernels", "batches"]


def broken(words: Sequence[str], timeout: float, check: bool) -> Any:
    """A section that writes an entry and then hangs, or crashes."""
    name, out = (words[words.index(option) + 1] for option in ("--section", "--out"))
    entry = {"BN254": {"ended": "equal"}} if name == "cases" else {"instructions_a_second": {"add": 1.0}}
    gpu.save(Path(out), {name: entry, "suspicions": 0, "lost": None, "refused": []})
    if name == "cases":
        raise subprocess.TimeoutExpired(words, timeout)
    return subprocess.CompletedProcess(words, -11)


def test_a_section_that_hangs_or_crashes_costs_no_figure_and_no_other_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "gpu.json"
    monkeypatch.setattr(gpu.subprocess, "run", broken)
    monkeypatch.setattr(gpu.machine, "commit", dict)
    assert gpu.main(["--engine", "opencl:0", "--only", "cases,rates", "--minutes", "1", "--out", str(out)]) == 1
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["cases"] == {"BN254": {"ended": "equal"}}
    assert found["instructions_a_second"] == {"add": 1.0}
    assert found["failed"]["cases"].startswith("killed after ")
    assert found["failed"]["rates"] == "its process ended with -11"


def test_sections_end_with_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shares of what is left: all of it together is never more."""
    given: list[float] = []
    now = [0.0]

    def apart(name: str, engine: str, seconds: float, quick: bool, path: Path) -> dict[str, Any]:
        given.append(seconds)
        now[0] += seconds * (0.5 if name == "cases" else 1)
        return {name: {}, "suspicions": 0, "lost": None, "refused": []}

    monkeypatch.setattr(gpu, "apart", apart)
    monkeypatch.setattr(gpu.time, "monotonic", lambda: now[0])
    assert gpu.main(["--engine", "opencl:0", "--minutes", "9", "--out", str(tmp_path / "gpu.json")]) == 0
    assert len(given) == len(gpu_sections.SECTIONS)
    assert now[0] == pytest.approx(9 * 60)


def test_an_engine_that_is_no_accelerator_and_one_that_is_absent_are_refused() -> None:
    assert gpu.main(["--engine", "cpu"]) == 2
    assert gpu.main(["--engine", "opencl:99"]) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vectors": {"cuda:0": {"asked": 9, "wrong": 2}}}, "2 answers of cuda:0"),
        ({"batches": {"verify_bls": {"device": {"right": False}}}}, "a batch of verify_bls"),
        ({"sanitizer": {"run": True, "memcheck": {"finished": True, "clean": False}}}, "memcheck"),
        ({"failed": {"kernels": "killed after 90 s"}}, "kernels: killed after 90 s"),
        ({"cases": {"hades": {"ended": "AssertionError: "}}}, "hades: AssertionError"),
        ({"kernels": {"hades": {"error": "out of memory"}}}, "hades: out of memory"),
        ({"suspicions": 1}, "1 results"),
        ({"lost": "fell off the bus"}, "fell off the bus"),
    ],
)
def test_what_must_not_be_is_said(change: dict[str, Any], said: str) -> None:
    fine: dict[str, Any] = {"suspicions": 0, "lost": None, "sanitizer": {"run": False, "why": "none"}}
    assert gpu.wrong(fine) == []
    assert said in gpu.wrong(fine | change)[0]


# ---- the host's share ----
def test_the_hosts_share_is_the_sum_of_its_stages_and_waiting_is_none_of_it() -> None:
    engine = DeviceEngine(gpu_host.emulated(), "opencl")
    for op in ("verify_schnorr", SUM):
        row = gpu_host.measured(engine, op, 40, rounds=1)
        assert row["n"] == 40
        assert "waiting" not in row["stages"]
        for kind in ("native", "other"):
            assert row["total"][kind] == pytest.approx(sum(stage[kind] for stage in row["stages"].values()))
            assert row["total"][kind] > 0
        assert {"gather, order, signs", "cut, copy, launch"} <= set(row["stages"])
        assert row["polling"] > 0


def test_stages_are_watched_only_while_they_are() -> None:
    engine = DeviceEngine(gpu_host.emulated(), "opencl")
    before = {(owner, name): vars(owner)[name] for owner, name, _ in gpu_host.STAGES}
    with gpu_host.watched(engine):
        assert all(vars(owner)[name] is not function for (owner, name), function in before.items())
    assert all(vars(owner)[name] is function for (owner, name), function in before.items())


def test_what_is_predicted_is_the_least_of_what_bounds_it() -> None:
    def row(n: int, native: float, other: float) -> dict[str, Any]:
        return {"n": n, "total": {"native": native, "other": other}, "stages": {}, "polling": 0.0}

    few, many = row(1000, 500.0, 10_000 + 200.0), row(10_000, 500.0, 1000 + 200.0)  # 10 ms a batch and 200 ns an item
    assert interpreter([few, many]) == pytest.approx(1e7)
    found = predicted({"verify_plonk": [few, many], "verify_bls": [many]}, 16)
    plonk = found["verify_plonk"]
    assert plonk["rates"]["cores"] == pytest.approx(16e9 / 1700)
    assert plonk["rates"]["interpreter"] == pytest.approx(1e6)
    assert plonk["a_second"] == min(plonk["rates"].values())
    assert (plonk["bound"], plonk["wanted"]) == ("device", 0.3e6)
    assert set(found["verify_bls"]["rates"]) == {"cores", "interpreter"}
