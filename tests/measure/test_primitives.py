"""Each primitive that is timed does what its name says, under a name that the peers' programs have."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from coproc.errors import InvalidInput
from coproc.measure import peers, primitives
from tests.conftest import NATIVE, engine_named

ENGINE = engine_named(f"cpu:{NATIVE[-1]}")
SOURCES = Path(__file__).resolve().parents[2] / "benches" / "peers"


def test_every_primitive_runs_and_has_a_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(primitives, "BULK", 256)
    text = "".join(path.read_text() for path in SOURCES.rglob("*") if path.suffix in (".rs", ".go"))
    named = set(re.findall(r'"((?:g[12]|msm|hash|pairing|multi)[a-z0-9_]*)"', text))
    seen = set()
    for primitive in primitives.primitives(ENGINE, 64):
        result = primitive.run()
        status = result[1] if isinstance(result, tuple) else result
        if "decompress" in primitive.op or "subgroup" in primitive.op:
            assert not np.asarray(status).any(), primitive
        seen.add((primitive.curve, primitive.op, primitive.n))
        assert primitive.op in named
        assert primitives.time_primitive(primitive, 1) > 0
    assert {("bls12-381", "multi_pairing", 256), ("bn254", "msm_g1_128bit", 64), ("bls12-381", "hash_g1", 32)} <= seen
    assert ("bn254", "g1_subgroup", 1) not in seen


def test_absent_compilers_and_absent_sources_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPROC_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    programs, missing = peers.build()
    assert programs == {}
    assert [sentence.split(": ")[1] for sentence in missing] == ["cargo is not installed", "go is not installed"]
    assert "benches/peers" in peers.build(tmp_path / "nowhere")[1][0]


def test_a_build_that_fails_is_said_and_a_program_is_read_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPROC_CACHE_DIR", str(tmp_path))
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (("cargo", "#!/bin/sh\necho no network >&2\nexit 101\n"), ("go", "#!/bin/sh\nexit 0\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    programs, missing = peers.build()
    assert list(programs) == ["go"]
    assert missing == ["no blst, arkworks and dusk-bls12_381: cargo build failed: no network"]
    assert [c[-1] for c in peers.commands(programs, 10, 5.0)] == ["bls12-381", "bn254"]
    harness = tools / "harness"
    harness.write_text('#!/bin/sh\necho chatter\necho \'{"lib":"x","curve":"c","op":"o","n":1,"ns_per_op":2.5}\'\n')
    harness.chmod(0o755)
    assert list(peers.figures([str(harness)])) == [("x", "c", "o", 1, 2.5)]
    with pytest.raises(InvalidInput, match="exit status 101: no network"):
        list(peers.figures([str(tools / "cargo")]))
    with pytest.raises(InvalidInput, match="No such file"):
        list(peers.figures([str(tools / "absent")]))
