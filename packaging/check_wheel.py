"""Builds the wheel, looks into it, installs it without extras into an environment of its own, and runs it there.

    python packaging/check_wheel.py [--out build/wheel] [--wheel FILE]

The standard library only. Kernels that are built already are not built again. Exit status: 0, or 1 and what is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from pathlib import Path, PurePosixPath

HOME = Path(__file__).resolve().parents[1]
LIBRARIES = ("coproc/engine/libcoproc_kernels.so", "coproc/vm/libcoproc_vm.so")
FOREIGN = {".cpp", ".hpp", ".o", ".pyc", ".map", ".rs", ".wat"}
MAX_BYTES = 32 << 20
SECONDS = 300.0


class Wrong(Exception):
    """What is wrong with the wheel."""


def build(out: Path) -> Path:
    """The wheel of this tree, made by the Python that runs this, which has the build's requirements."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(HOME)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # cmake and ninja
    subprocess.run(command, check=True, env=os.environ | {"PATH": path})
    (wheel,) = out.glob("coproc-*.whl")
    return wheel


def inspect(wheel: Path) -> None:
    """The wheel has every module of the tree, the libraries and the data, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        size = sum(entry.file_size for entry in archive.infolist())
    missing = [name for name in (*LIBRARIES, "coproc/py.typed", "coproc/kernels_cpu/include/coproc.h") if name not in names]
    missing += [name for name in modules() if name not in names]
    if missing:
        raise Wrong(f"not in the wheel: {', '.join(missing[:10])}")
    foreign = [name for name in names if PurePosixPath(name).suffix in FOREIGN or name.startswith(("tests/", "benches/"))]
    foreign += [name for name in names if not name.startswith("coproc/") and ".dist-info/" not in name]
    if foreign:
        raise Wrong(f"has no place in the wheel: {', '.join(sorted(foreign)[:10])}")
    if size > MAX_BYTES:
        raise Wrong(f"{size:,} bytes unpacked, more than {MAX_BYTES:,}")
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, {len(names)} files, {size:,} bytes unpacked")


def modules() -> list[str]:
    """Every module and kernel text that git knows, as it is called in the wheel: `coproc/vm` is a link to the folder beside it."""
    listed = subprocess.run(
        ["git", "-C", HOME, "ls-files", "coproc", "vm", "cluster", "kernels_cuda"], capture_output=True, text=True, check=False
    )
    if listed.returncode:  # no repository: a copy of the sources
        return []
    files = [name for name in listed.stdout.split() if name.endswith((".py", ".gz", ".css", ".wasm", ".inc", "platform.h"))]
    return [name if name.startswith("coproc/") else f"coproc/{name}" for name in files if not name.startswith("vm/native/")]


def installed(wheel: Path, where: Path) -> Path:
    """The folder of programs of a new environment with the wheel and the locked dependencies of no extra."""
    venv.create(where, with_pip=True)
    pip = [str(where / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(HOME / "requirements" / "run.txt")], check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    subprocess.run([str(where / "bin" / "python"), "-m", "pip", "check", "--disable-pip-version-check"], check=True)
    return where / "bin"


def run(programs: Path, *arguments: str, wanted: int = 0) -> tuple[str, str]:
    """What `coproc` prints, in an environment that knows nothing of the tree."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8"}
        ran = subprocess.run(
            [str(programs / "coproc"), *arguments],
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
            timeout=SECONDS,
            check=False,
        )
    if ran.returncode != wanted:
        raise Wrong(f"coproc {' '.join(arguments)}: exit status {ran.returncode}, not {wanted}: {(ran.stderr or ran.stdout)[-2000:]}")
    return ran.stdout, ran.stderr


def use(programs: Path) -> None:
    """Version, engines, demo; what needs an extra says which."""
    version, _ = run(programs, "--version")
    engines = {row["name"]: row for row in json.loads(run(programs, "engines", "--json")[0])}
    if not engines["cpu:portable"]["usable"]:
        raise Wrong(f"the kernels are not usable: {engines['cpu:portable']['why']}")
    figures, said = run(programs, "demo", "--json")
    if "without the block of contract calls" not in said:
        raise Wrong(f"the demo does not say that the extra vm is not there: {said[-500:]}")
    _, said = run(programs, "serve", "--uds", "socket", wanted=2)
    if "coproc[cluster]" not in said:
        raise Wrong(f"coproc serve does not say which extra it needs: {said[-500:]}")
    usable = ", ".join(name for name, row in engines.items() if row["usable"])
    print(f"{version.strip()}: engines {usable}; demo: {len(json.loads(figures)['operations'])} operations, answered as Dusk answers them")


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the wheel, install it without extras, run it.")
    parser.add_argument("--out", type=Path, default=HOME / "build" / "wheel", metavar="DIR", help="where the wheel goes")
    parser.add_argument("--wheel", type=Path, metavar="FILE", help="check this wheel and build none")
    given = parser.parse_args()
    start = time.monotonic()
    try:
        wheel = (given.wheel or build(given.out)).resolve()
        built = time.monotonic()
        inspect(wheel)
        with tempfile.TemporaryDirectory(prefix="coproc-wheel-") as folder:
            programs = installed(wheel, Path(folder))
            ready = time.monotonic()
            use(programs)
    except (Wrong, subprocess.SubprocessError, OSError) as error:
        print(f"the wheel is wrong: {error}", file=sys.stderr)
        return 1
    end = time.monotonic()
    print(f"built in {built - start:.1f} s, installed in {ready - built:.1f} s, run in {end - ready:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
