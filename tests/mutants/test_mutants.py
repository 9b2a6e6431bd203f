"""Every mutant is killed by the test that names what it lacks; the same test passes without the mutation."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coproc.engine.library import places
from tests.conftest import NATIVE
from tests.mutants.folding import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
EVERY_NIGHT = [m for m in MUTANTS if m.name not in ("zero coefficients", "target not proven", "right halves are good")]
EVERY_PUSH = [m for m in MUTANTS if m not in EVERY_NIGHT]
# The package must come from the copy, not from where an editable install has it.
RUN = """
import sys
sys.meta_path[:] = [f for f in sys.meta_path if "ScikitBuild" not in type(f).__name__]
import pytest, coproc
assert coproc.__file__.startswith(sys.argv[1]), coproc.__file__
sys.exit(pytest.main(sys.argv[2:]))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its tests, to be mutated."""
    folder = tmp_path_factory.mktemp("mutants")
    for name in ("coproc", "tests", "vm"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "kernels_cpu", "vm", "mutants"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    where, *options = shlex.split(test)
    file, _, name = where.partition("::")
    chosen = " and ".join([f"({o})" for o in options if not o.startswith("-")] + ([name] if name else []))
    engine = f"(cpu and {NATIVE[-1]}) or not (spec or cpu)"
    library = next(path for path in places() if path.is_file())
    command = [sys.executable, "-c", RUN, str(folder), file, "-x", "-q", "-p", "no:cacheprovider", "-m", "not slow",
               "-k", f"({chosen or 'test'}) and ({engine})"]  # fmt: skip
    env = os.environ | {"COPROC_KERNELS": str(library), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300)


def killed(copy: Path, mutant: Mutant) -> None:
    file = copy / mutant.file
    text = file.read_text(encoding="utf-8")
    assert mutant.old in text, f"{mutant.name}: nothing to replace in {mutant.file}"
    file.write_text(text.replace(mutant.old, mutant.new, 1), encoding="utf-8")
    try:
        found = run(copy, mutant.test)
    finally:
        file.write_text(text, encoding="utf-8")
    crashed = found.returncode < 0  # a wild address, say
    assert crashed or (found.returncode == 1 and " failed" in found.stdout), f"{mutant.name} lives: {mutant.test}\n{found.stdout[-2000:]}"


@pytest.mark.parametrize("mutant", EVERY_PUSH, ids=lambda m: m.name)
def test_a_mutant_is_killed(copy: Path, mutant: Mutant) -> None:
    killed(copy, mutant)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", EVERY_NIGHT, ids=lambda m: m.name)
def test_every_mutant_is_killed(copy: Path, mutant: Mutant) -> None:
    killed(copy, mutant)


@pytest.mark.slow
def test_the_tests_that_kill_pass_without_a_mutation(copy: Path) -> None:
    for test in sorted({m.test for m in MUTANTS}):
        found = run(copy, test)
        assert found.returncode == 0, f"{test}\n{found.stdout[-2000:]}"
