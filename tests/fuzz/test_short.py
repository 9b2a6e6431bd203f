"""The short run of the fuzzers: the same comparisons as `differential.py`, on seeds that never change."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import coproc
from coproc.coprocessor import Coprocessor
from coproc.operation import ALIGNMENTS, Request, Rules
from tests.conftest import NATIVE, engine_named
from tests.fuzz import cursor, differential, libraries, mutate
from tests.fuzz.differential import WEIGHT, Tally
from tests.samples import requests

EVERY_OP = pytest.mark.parametrize("op", requests.OPS)
STATUSES = {"ok", "malformed", "panic"}


@pytest.fixture(scope="module")
def native() -> differential.Engines:
    """A coprocessor for each instruction set of this machine."""
    return {f"cpu:{isa}": coproc.open(engine=f"cpu:{isa}", workers=2) for isa in NATIVE}


@pytest.fixture(scope="module")
def spec() -> Coprocessor:
    return coproc.open(engine="spec", workers=1)


@EVERY_OP
def test_instruction_sets_agree_on_mutated_requests(native: differential.Engines, op: str) -> None:
    tally = Tally()
    asked = list(mutate.stream(op, "short", 8 * WEIGHT[op]))
    differential.compare("engines", 0, f"cpu:{NATIVE[0]}", native, tally, asked)
    assert not tally.found


@EVERY_OP
def test_every_engine_agrees_with_the_specification_on_mutated_requests(native: differential.Engines, spec: Coprocessor, op: str) -> None:
    """The sample holds accepted, refused and malformed requests, or it would prove little."""
    tally = Tally()
    asked = list(mutate.stream(op, "short-spec", max(12, WEIGHT[op] // 12)))
    answers = spec.run(asked)
    assert {a.status for a in answers} <= STATUSES
    assert sum(a.status == "ok" for a in answers) > len(asked) // 2
    if op.startswith("verify"):
        assert 0 < sum(a.value is True for a in answers) < len(asked)
    differential.compare("spec", 0, "spec", {"spec": spec, **native}, tally, asked)
    assert not tally.found


@pytest.mark.parametrize("what", sorted(libraries.COMPARISONS))
@pytest.mark.parametrize("isa", NATIVE)
def test_primitives_agree_with_other_libraries(isa: str, what: str) -> None:
    comparison, share = libraries.COMPARISONS[what]
    found = comparison(engine_named(f"cpu:{isa}"), random.Random(f"short:{what}"), share)
    assert not found, found[:3]


@EVERY_OP
def test_no_bytes_crash_a_host_function(native: differential.Engines, op: str) -> None:
    """Noise, noise behind a valid root, every short length, every alignment: an answer of the right kind, and one answer each."""
    rng = random.Random(op)
    asked = [Request(op, bytes(n), align=align) for n in range(0, 420, 3) for align in ALIGNMENTS]
    asked += [Request(op, rng.randbytes(rng.randrange(1200)), align=rng.choice(ALIGNMENTS)) for _ in range(500)]
    template = requests.accepted(op)[0].args
    for _ in range(200):
        tail = template[-rng.randrange(8, min(len(template), 400) + 1) :]
        asked.append(Request(op, rng.randbytes(8 * rng.randrange(60)) + tail, Rules(fork=rng.choice(("PreFork", "Boreas")))))
    operation = coproc.OPERATIONS[op]
    rows = {}
    for name, cp in native.items():
        answers = cp.run(asked)
        assert len(answers) == len(asked)
        for answer in answers:
            assert answer.status in STATUSES
            assert (
                answer.retbuf is None if answer.status == "panic" else answer.retbuf is not None and len(answer.retbuf) == operation.width
            )
        rows[name] = [(a.status, a.value, a.retbuf, a.gas) for a in answers]
    assert len({tuple(r) for r in rows.values()}) == 1


@EVERY_OP
def test_columns_of_noise_answer_as_requests(native: differential.Engines, op: str) -> None:
    """Buffers of any length side by side: none reads its neighbour."""
    rng = random.Random(f"columns {op}")
    asked = [r._replace(rules=Rules(fork="Boreas"), align=8) for r in mutate.stream(op, "columns", 60)]
    asked += [Request(op, rng.randbytes(rng.randrange(200)), Rules(fork="Boreas")) for _ in range(60)]
    rng.shuffle(asked)
    data = np.frombuffer(b"".join(r.args for r in asked), np.uint8)
    offsets = np.cumsum([0, *(len(r.args) for r in asked)]).astype(np.int64)
    codes = {"ok": 0, "malformed": 1, "panic": 2}
    for cp in native.values():
        columns = cp.run_columns(op, data, offsets, Rules(fork="Boreas"))
        answers = cp.run(asked)
        assert columns.status.tolist() == [codes[a.status] for a in answers]
        assert columns.gas.tolist() == [a.gas for a in answers]
        assert [bytes(row) for row in columns.retbuf] == [a.retbuf or bytes(columns.retbuf.shape[1]) for a in answers]


def test_a_mutation_is_a_function_of_its_seed() -> None:
    for op in requests.OPS:
        first = [mutate.request(op, 7, i) for i in range(20)]
        assert first == [mutate.request(op, 7, i) for i in range(20)]
        assert first != [mutate.request(op, 8, i) for i in range(20)]


def test_mutations_reach_every_status_and_both_verdicts(native: differential.Engines) -> None:
    """A fuzzer that never gets past the parser tests the parser."""
    cp = next(iter(native.values()))
    seen: dict[str, set[object]] = {}
    for op in requests.OPS:
        for answer in cp.run(list(mutate.stream(op, "reach", 400))):
            seen.setdefault(op, set()).add((answer.status, answer.value if isinstance(answer.value, bool) else None))
    for op, statuses in seen.items():
        assert ("malformed", False if op.startswith("verify") else None) in statuses, op
        if op.startswith("verify"):
            assert {("ok", True), ("ok", False)} <= statuses, op
    for op in ("poseidon_hash", "verify_groth16_bn254", "verify_schnorr"):
        assert ("panic", None) in seen[op], op


def test_no_seed_repeats(tmp_path: Path) -> None:
    """Not in one process, not in three at once, not after a run that died."""
    path = tmp_path / "deep" / "cursor"
    assert [*cursor.take(path, 2), *cursor.take(path)] == [cursor.FIRST, cursor.FIRST + 1, cursor.FIRST + 2]
    code = "import sys; from pathlib import Path; from tests.fuzz import cursor\nfor _ in range(50): print(*cursor.take(Path(sys.argv[1])))"
    root = Path(__file__).resolve().parents[2]
    running = [subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(3)]
    seeds = [int(line) for process in running for line in process.communicate(timeout=60)[0].split()]
    assert all(process.returncode == 0 for process in running)
    assert sorted(seeds) == list(range(cursor.FIRST + 3, cursor.FIRST + 153))


def test_a_disagreement_is_kept_as_a_job_line_that_replays(tmp_path: Path, native: differential.Engines) -> None:
    """A false oracle: its answer is kept with the request, and the request still gives ours."""
    cp = next(iter(native.values()))
    request = requests.accepted("verify_schnorr")[0]
    tally = Tally(tmp_path)
    tally.difference(5, "made up", "true, theirs false", request, False)
    (path,) = tmp_path.glob("5-*.jsonl")
    line = json.loads(path.read_text())
    assert line["expect"] is False
    again = Request(line["op"], bytes.fromhex(line["argbuf"]), Rules(plonk=line["plonk"], fork=line["fork"]), line["align"])
    assert cp.run([again])[0].value is True


def test_an_oracle_that_is_asked_for_and_absent_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        differential.parse(["--what", "fresh", "--oracle", "/nonexistent/dusk-oracle"])
    assert stopped.value.code == 2
    assert "fresh needs a program" in capsys.readouterr().err
