"""The binding of the C interface says what the header says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from coproc.engine import library
from coproc.engine.cpu import CpuEngine
from coproc.engine.protocol import Buffers, Curve, Group, address_of
from coproc.errors import EngineUnavailable

HEADER = Path(__file__).parents[2] / "kernels_cpu" / "include" / "coproc.h"
_KINDS = (("*", "p"), ("coproc_data", "p"), ("coproc_words", "p"), ("int ", "i"), ("size_t", "z"))


def _declared() -> dict[str, str]:
    """Members of coproc_kernels_table in the header's order, in the notation of the binding."""
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    table = text[text.index("typedef struct coproc_kernels_table") :]
    members = {}
    for result, name, arguments in re.findall(r"(void|size_t) \(\*(\w+)\)\(([^;]*)\);", table):
        kinds = [next(kind for word, kind in _KINDS if word in a.strip()) for a in arguments.split(",") if a.strip() != "void"]
        members[name] = f"{'v' if result == 'void' else 'z'} {''.join(kinds)}".rstrip()
    return members


def test_binding_declares_the_members_of_the_header_in_its_order() -> None:
    assert list(_declared().items()) == list(library._MEMBERS.items())
    assert f"#define COPROC_ABI_VERSION {library.ABI_VERSION}\n" in HEADER.read_text()


def test_library_exports_the_two_symbols_of_the_header_alone() -> None:
    path = next(p for p in library.places() if p.is_file())
    listed = subprocess.run(["nm", "-D", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout
    assert sorted(line.split()[-1] for line in listed.splitlines()) == ["coproc_kernels", "coproc_unavailable"]


def test_absent_instruction_set_is_an_error_that_says_why() -> None:
    with pytest.raises(EngineUnavailable, match="no instruction set of this name"):
        CpuEngine("sse")


def test_missing_library_is_an_error_that_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = "from coproc.engine.select import select; select('cpu')"
    monkeypatch.setenv("COPROC_KERNELS", str(tmp_path / "nothing.so"))
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 1
    assert f"EngineUnavailable: the kernels are not built: there is no {tmp_path / 'nothing.so'}" in run.stderr


def test_wrong_shape_is_an_error_and_never_a_wild_read() -> None:
    engine = CpuEngine("portable")
    points = np.zeros((3, 12), np.uint64)
    with pytest.raises(ValueError, match="64 bytes, 96 are read"):
        engine.scalar_mul(Group.BLS12_381_G1, points, np.zeros((2, 4), np.uint64))
    with pytest.raises(ValueError, match="not C-contiguous"):
        engine.scalar_mul(Group.BLS12_381_G1, points, np.zeros((3, 8), np.uint64)[:, ::2])
    with pytest.raises(ValueError, match="the last offset is 4"):
        engine.pairing_check(Curve.BLS12_381, np.array([0, 4], np.uint64), points, np.zeros(3, np.uint64))


def test_buffers_point_at_the_bytes_themselves() -> None:
    items = [b"", b"a", b"proof" * 1000]
    buffers = Buffers.of(items)
    assert [buffers[i] for i in range(3)] == items
    assert Buffers.one(items[2])[0] == items[2]
    data = np.frombuffer(b"".join(items), np.uint8)
    columns = Buffers.columns(data, np.array([0, 0, 1, 5001]))
    assert [columns[i] for i in range(3)] == items
    assert columns.addresses[1] == address_of(data)
