"""The command line wins over the environment, the environment over the file of COPROC_CONFIG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from coproc.coprocessor import default_workers
from coproc.engine.select import select
from coproc.errors import InvalidInput
from coproc.settings import VARIABLES, cache_folder, setting
from tests.cli.conftest import Cli
from tests.cli.requests import sha256
from tests.samples import requests

Job = Callable[..., Path]
Config = Callable[[str], Path]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)

    def write(text: str) -> Path:
        path = tmp_path / "coproc.toml"
        path.write_text(text)
        monkeypatch.setenv("COPROC_CONFIG", str(path))
        return path

    return write


def test_the_engine_is_the_command_lines_else_the_environments_else_the_files(
    cli: Cli, job: Job, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = job(sha256(1))

    def engine(*options: str) -> str:
        name: str = cli("verify", path, *options).answers[0]["engine"]
        return name

    config('engine = "spec"')
    assert engine() == "spec"
    monkeypatch.setenv("COPROC_ENGINE", "cpu:portable")
    assert engine() == "cpu:portable"
    assert engine("--engine", "spec") == "spec"
    monkeypatch.setenv("COPROC_ENGINE", "")
    config('engine = "cpu"\nisa = "portable"')
    assert engine() == "cpu:portable"
    assert select().name == "cpu:portable"


def test_workers_and_the_cache_folder_come_from_the_file(
    cli: Cli, job: Job, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(f'workers = 3\ncache_dir = "{tmp_path}/kept"')
    assert default_workers() == 3
    assert cache_folder() == tmp_path / "kept"
    assert cli("verify", job(sha256(1)), "--json").summary["workers"] == 3
    assert cli("verify", job(sha256(1)), "--json", "--workers", "2").summary["workers"] == 2
    monkeypatch.setenv("COPROC_WORKERS", "1")
    monkeypatch.setenv("COPROC_CACHE_DIR", str(tmp_path / "other"))
    assert (default_workers(), cache_folder()) == (1, tmp_path / "other")
    monkeypatch.delenv("COPROC_CONFIG")
    monkeypatch.delenv("COPROC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "coproc"


def test_rules_of_the_file_hold_where_neither_line_nor_option_names_any(cli: Cli, job: Job, config: Config) -> None:
    case = next(c for c in requests.cases("verify_plonk", accepted=True) if c.version == "V3")
    line = {"op": "verify_plonk", "argbuf": case.argbuf.hex()}
    path = job(line, line | {"plonk": "V2", "fork": "PreFork"})

    def told(*options: str) -> list[tuple[bool, int]]:
        return [(a["answer"], a["gas"]) for a in cli("verify", path, *options).answers]

    config('fork = "Boreas"')
    assert told() == [(True, 10_000_000), (False, 0)]
    config('plonk = "V2"\nfork = "Boreas"')
    assert told() == [(False, 10_000_000), (False, 0)]
    assert told("--plonk", "V3") == [(True, 10_000_000), (False, 0)]
    assert told("--plonk", "V3", "--fork", "Aegis") == [(True, 0), (False, 0)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("engine", "not TOML"),
        ("colour = 1", "unknown setting 'colour': one of engine, isa, workers, cache_dir, device_seconds, plonk, fork"),
        ('workers = "2"', "workers: a number is wanted"),
        ("workers = true", "workers: a number is wanted"),
        ("workers = 0", "a number of threads is wanted"),
        ("engine = 1", "engine: a word in quotes is wanted"),
        ('engine = ""', "engine: a word in quotes is wanted"),
        ('plonk = "V4"', "plonk: 'V4' is none of V1, V2, V3"),
        ('fork = "aegis"', "fork: 'aegis' is none of PreFork, Aegis, Boreas"),
        ('engine = "abacus"', "unknown engine 'abacus'"),
    ],
)
def test_a_wrong_file_is_refused_and_named(cli: Cli, job: Job, config: Config, text: str, sentence: str) -> None:
    path = config(text)
    ran = cli("verify", job(sha256(1)))
    assert (ran.status, ran.out) == (2, b"")
    assert sentence in ran.err
    assert str(path) in ran.err or "engine 'abacus'" in ran.err or "threads" in ran.err


def test_a_file_that_is_not_there_is_an_error_and_an_edited_one_is_read_again(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    config('engine = "spec"')
    assert setting("engine") == "spec"
    config('engine = "cpu:adx"  # longer')
    assert setting("engine") == "cpu:adx"
    monkeypatch.setenv("COPROC_CONFIG", "/nowhere/coproc.toml")
    with pytest.raises(InvalidInput, match="No such file"):
        setting("engine")
