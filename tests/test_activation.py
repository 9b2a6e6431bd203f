"""Rules by block height: a table says them at every height, and a wrong table is refused."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coproc.activation import MAX_HEIGHT, Activation, block_height, load, parse
from coproc.coprocessor import Coprocessor
from coproc.errors import InvalidInput
from coproc.operation import FORKS, PLONK_VERSIONS, Rules
from coproc.vm import VM
from coproc.vm.script import Script
from tests.cli.conftest import Cli, cli, job  # noqa: F401
from tests.samples.requests import cases, request_of

RULES = [Rules(plonk, fork) for plonk in PLONK_VERSIONS for fork in FORKS]


def text(*entries: tuple[object, str, str]) -> str:
    return "".join(f'[[activation]]\nheight = {height}\nplonk = "{plonk}"\nfork = "{fork}"\n' for height, plonk, fork in entries)


THREE = text((0, "V2", "PreFork"), (100, "V3", "Aegis"), (250, "V3", "Boreas"))


@given(st.lists(st.tuples(st.integers(1, MAX_HEIGHT), st.sampled_from(RULES)), unique_by=lambda e: e[0]), st.sampled_from(RULES))
def test_rules_hold_from_their_height_to_the_next(entries: list[tuple[int, Rules]], first: Rules) -> None:
    table = [(0, first), *sorted(entries, key=lambda e: e[0])]
    made = Activation(tuple(h for h, _ in table), tuple(r for _, r in table))
    assert parse(text(*((h, r.plonk, r.fork) for h, r in table if h < 1 << 63))).at(0) == first
    for (start, rules), (stop, _) in pairwise([*table, (MAX_HEIGHT + 1, first)]):
        assert made.at(start) == made.at(stop - 1) == rules


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "activation = 3",
        "activation = [3]",
        "[activation]\nheight = 0",
        "[[activation]]\nheight = 0",
        THREE + "extra = 1",
        "network = 1\n" + THREE,
        text((1, "V2", "PreFork")),
        text((0, "V2", "PreFork"), (0, "V3", "Aegis")),
        text((0, "V2", "PreFork"), (9, "V3", "Aegis"), (8, "V3", "Boreas")),
        text((-1, "V2", "PreFork")),
        text(("true", "V2", "PreFork")),
        text(("0.0", "V2", "PreFork")),
        text((0, "V4", "PreFork")),
        text((0, "", "PreFork")),
        text((0, "V2", "aegis")),
        text((0, "V2", "PreFork"), (1 << 64, "V3", "Aegis")),
        "[" * 10_000,
    ],
)
def test_a_wrong_table_is_refused_and_named(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    path.write_text(wrong)
    with pytest.raises(InvalidInput, match=r"table\.toml: "):
        load(path)


def test_what_is_no_file_and_no_height_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for name in ("none", "bytes", "."):
        with pytest.raises(InvalidInput):
            load(tmp_path / name)
    for height in (-1, MAX_HEIGHT + 1):
        with pytest.raises(InvalidInput):
            parse(THREE).at(height)
    assert block_height(b"\1\0\0\0") == block_height(b"\1" + bytes(7)) == 1
    assert block_height(b"") is block_height(bytes(5)) is None


def test_the_example_of_the_docs_is_a_table() -> None:
    page = (Path(__file__).parents[1] / "docs" / "activation.md").read_text()
    table = parse(page.split("```toml\n", 1)[1].split("```", 1)[0])
    assert [table.at(height) for height in (0, 999_999, 1_000_000, 2_000_000)] == [
        Rules("V2", "PreFork"),
        Rules("V2", "PreFork"),
        Rules("V3", "Aegis"),
        Rules("V3", "Boreas"),
    ]


def test_verify_takes_the_rules_of_a_block(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    """A proof made for V3 is true from the height on where V3 holds, and gas is charged from Boreas on."""
    case = next(c for c in cases("verify_plonk", accepted=True) if c.version == "V3")
    table, lines = tmp_path / "table.toml", tmp_path / "job.jsonl"
    table.write_text(THREE)
    lines.write_text(json.dumps({"id": 1, "op": "verify_plonk", "argbuf": request_of(case).args.hex()}) + "\n")
    found = []
    for height in (0, 99, 100, 249, 250):
        (answer,) = cli("verify", lines, "--activation", table, "--height", height).answers
        found.append((answer["answer"], answer["gas"] > 0))
    assert found == [(False, False)] * 2 + [(True, False)] * 2 + [(True, True)]
    assert cli("verify", lines, "--activation", table).status == 2
    assert cli("verify", lines, "--height", 3).status == 2
    assert cli("verify", lines, "--activation", table, "--height", 3, "--fork", "Aegis").status == 2
    assert cli("verify", lines, "--activation", tmp_path / "none", "--height", 3).status == 2


def test_a_block_has_the_rules_of_its_height() -> None:
    """The metadata decides, before and after a session is open, and across sessions; policy lines are refused."""
    with Coprocessor("cpu", workers=1) as coprocessor, VM(coprocessor=coprocessor) as vm:
        script = Script(vm, activation=parse(THREE))
        found = [script.session.rules]
        for height in (bytes([99, 0, 0, 0]), bytes([100, *bytes(7)]), bytes([250, *bytes(7)]), bytes([3, *bytes(7)])):
            lines = [{"do": "metadata", "name": "block_height", "value_hex": height.hex()}, {"do": "commit"}]
            assert all(answer["ok"] for answer in script.run(map(json.dumps, lines), "block"))
            found.append(script.session.rules)
        assert [rules.fork for rules in found] == ["PreFork", "PreFork", "Aegis", "Boreas", "PreFork"]
        for line in ({"do": "policy", "fork": "Boreas"}, {"do": "metadata", "name": "block_height", "value_hex": "00"}):
            with pytest.raises(InvalidInput, match=r"block:1: .*table"):
                list(script.run([json.dumps(line)], "block"))
        script.close()


def test_the_command_takes_a_table_for_a_block(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    table, block = tmp_path / "table.toml", tmp_path / "block.jsonl"
    table.write_text(THREE)
    block.write_text('{"do": "metadata", "name": "block_height", "value_hex": "fa00000000000000"}\n{"do": "root"}\n')
    assert cli("vm", "block", block, "--activation", table, "--quiet").status == 0
    block.write_text('{"do": "policy", "fork": "Boreas"}\n')
    assert cli("vm", "block", block, "--activation", table).status == 2
    assert cli("vm", "block", block, "--activation", block).status == 2
