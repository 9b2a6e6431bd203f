"""The documents say what the code does: options, operations, statuses, references, examples."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from coproc import errors
from coproc.cli.app import app
from coproc.engine.library import places
from coproc.jobs.answers import OUTCOMES
from coproc.operation import STATUS_NAMES, Rules
from coproc.ops import OPERATIONS
from coproc.wire import encode
from coproc.wire.rkyv import ROOTS
from tests.cli.conftest import Cli
from tests.cli.requests import digest

HOME = Path(__file__).resolve().parents[2]
DOCS = HOME / "docs"


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    return text.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]


COMMANDS = {info.callback.__name__: info for info in app.registered_commands if info.callback is not None}
COMMANDS |= {
    f"{group.typer_instance.info.name} {info.name}": info
    for group in app.registered_groups
    if group.typer_instance is not None
    for info in group.typer_instance.registered_commands
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented_and_every_documented_option_exists(cli: Cli, name: str) -> None:
    text = section((DOCS / "cli.md").read_text(), f"coproc {name}")
    shown = set(re.findall(r"(--[a-z][a-z-]*)", cli(*name.split(), "--help").out.decode())) - {"--help"}
    assert set(re.findall(r"`(--[a-z][a-z-]*)", text)) >= shown
    assert set(re.findall(r"`(--[a-z][a-z-]*)", text)) <= shown | {"--out", "--require-true"}


def test_commands_are_the_documented_ones() -> None:
    headings = re.findall(r"^## coproc ((?:(?:vm|keys|cluster) )?\w+)", (DOCS / "cli.md").read_text(), re.M)
    assert headings == list(COMMANDS)
    assert all(isinstance(info, typer.models.CommandInfo) for info in COMMANDS.values())


def rows() -> dict[str, list[str]]:
    """The table of operations: name -> cells."""
    lines = [line for line in (DOCS / "operations.md").read_text().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row for row in cells if row[0].strip("`") in OPERATIONS}


@pytest.mark.parametrize("op", OPERATIONS)
def test_every_operation_has_its_row(op: str) -> None:
    operation, row = OPERATIONS[op], rows()[op]
    root = ROOTS[operation.layout]
    assert row[1] == f"{root.size} B, align {root.align}"
    assert [int(at) for at in re.findall(r"@(\d+)", row[2])] == [field.at for field in root.fields]
    assert row[3] == {"bool": "bool", "scalar": "scalar", "bytes32": "32 bytes", "option65": "65 bytes or none"}[operation.kind]
    assert int(row[4]) == operation.width


@pytest.mark.parametrize("op", OPERATIONS)
def test_the_documented_price_is_charged(op: str) -> None:
    boreas = Rules(fork="Boreas")
    base, *more = [int(text.replace(",", "")) for text in re.findall(r"[\d,]*\d", rows()[op][5].replace("max(1, ", ""))]
    if op in ("hash", "keccak256", "sha256"):
        for length in (0, 1, 100):
            assert OPERATIONS[op].cost(encode(op, {"bytes": "00" * length}), boreas) == base + more[0] * length
        assert OPERATIONS[op].cost(b"\xff" * 9, boreas) == base + more[0] * 9  # does not decode: the whole length
    elif op == "poseidon_hash":
        for count in (0, 1, 4):
            assert OPERATIONS[op].cost(encode(op, {"scalars": ["00" * 32] * count}), boreas) == base + more[0] * max(1, count)
    elif op == "verify_bls_multisig":
        for count in (0, 1, 4):
            args = {"msg": "", "keys": [{"raw": "00" * 193}] * count, "sig": {"raw": "00" * 97}}
            assert OPERATIONS[op].cost(encode(op, args), boreas) == base + more[0] * max(1, count)
    else:
        assert OPERATIONS[op].cost(b"", boreas) == base
        assert more == []
    assert OPERATIONS[op].cost(b"", Rules()) == 0


@pytest.mark.parametrize("op", OPERATIONS)
def test_every_operation_has_typed_arguments_in_the_format(op: str) -> None:
    table = section((DOCS / "job-lines.md").read_text(), "Typed arguments")
    assert f"`{op}`" in table


def test_statuses_and_outcomes_are_documented() -> None:
    text = (DOCS / "job-lines.md").read_text() + (DOCS / "errors.md").read_text()
    for name in (*STATUS_NAMES, "error"):
        assert f"`{name}`" in text
    assert set(STATUS_NAMES) - {"ok"} < set(OUTCOMES)


def test_the_exception_tree_is_whole() -> None:
    text = (DOCS / "errors.md").read_text()
    for name, value in inspect.getmembers(errors, inspect.isclass):
        assert re.search(rf"\b{name}\b", text), name
        assert issubclass(value, errors.CoprocError)


def test_every_source_that_is_named_is_in_the_references() -> None:
    known = set(re.findall(r"\[([A-Za-z][\w.-]*)\]", (DOCS / "references.md").read_text()))
    named: dict[str, Path] = {}
    for folder in ("coproc", "kernels_cpu"):
        for path in (HOME / folder).rglob("*.[chp]*"):
            if path.suffix in (".py", ".h", ".hpp", ".cpp"):
                for source in re.findall(r"^.*Sources?[ :].*(?:\n(?!\n).*)?", path.read_text(), re.M):
                    named |= dict.fromkeys(re.findall(r"\[([A-Za-z][\w.-]+)\](?![\[(])", source), path)
    assert len(named) > 20
    assert {key: path for key, path in named.items() if key not in known} == {}


def test_relative_links_and_named_files_exist() -> None:
    for path in (HOME / "README.md", HOME / "ARCHITECTURE.md", *DOCS.rglob("*.md")):
        for name in re.findall(r"`((?:docs|coproc|kernels_cpu|benches|tests)/[\w/.-]+\w)`", path.read_text()):
            assert (HOME / name).exists(), f"{path.name}: {name}"


def test_the_example_lines_of_the_readme_are_answered_as_it_says(cli: Cli, job: Callable[..., Path]) -> None:
    text = (HOME / "README.md").read_text()
    line = re.search(r'^\{"id": 1, .*\}$', text, re.M)
    answer = re.search(r'^\{"id":1,.*\}$', text, re.M)
    assert line is not None
    assert answer is not None
    got = cli("verify", job(line.group())).answers[0]
    shown = json.loads(answer.group())
    assert got["answer"] == digest(b"abc")
    assert list(shown) == list(got)
    assert got["answer"].startswith(shown["answer"].rstrip("…"))
    assert (shown["status"], shown["gas"]) == (got["status"], got["gas"])


def test_the_c_example_compiles_and_says_what_it_says(tmp_path: Path) -> None:
    code = re.search(r"```c\n(.*?)```", (HOME / "README.md").read_text(), re.S)
    assert code is not None
    library = next(path for path in places() if path.is_file())
    source, program = tmp_path / "example.c", tmp_path / "example"
    source.write_text(code.group(1))
    include = HOME / "kernels_cpu" / "include"
    command = ["g++", "-x", "c", "-Wall", "-Wextra", "-Werror", str(source), f"-I{include}", "-x", "none", str(library)]
    subprocess.run([*command, f"-Wl,-rpath,{library.parent}", "-o", str(program)], check=True)
    ran = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    assert ran.stdout.split()[1] == "ba78"
