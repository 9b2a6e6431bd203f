"""OpenCL devices: copies of any size by both roads, scratch, kernels kept on disk, and what is said when something cannot be had."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coproc.engine.device import kept, pocl
from coproc.engine.device.opencl import OpenClDevice, devices
from coproc.engine.device.protocol import POISON
from coproc.engine.device.staging import PIECE
from coproc.errors import EngineLost, EngineUnavailable

BLOCK = 8
TEXT = """
#define FP_LIMBS 2
__kernel void mirror(__global uint *a, const uint n, __local uint *S) {
  const uint i = get_global_id(0), t = get_local_id(0);
  S[t] = i < n ? a[i] : 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  if (i < n) a[i] = S[BLOCK - 1 - t];
}
__kernel void add(__global uint *a, __global const uint *b, const uint n) {
  const uint i = get_global_id(0);
  if (i < n) a[i] += b[i];
}
"""


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenClDevice:
    monkeypatch.setenv("COPROC_CACHE_DIR", str(tmp_path))
    return OpenClDevice(0)


@pytest.mark.parametrize("direct", [True, False], ids=["shared memory", "pinned pieces"])
@pytest.mark.parametrize("nbytes", [0, 4, 252, PIECE - 4, PIECE, PIECE + 4, 3 * PIECE + 12])
def test_what_went_up_comes_down(device: OpenClDevice, nbytes: int, direct: bool) -> None:
    data = np.random.default_rng(nbytes).integers(0, 256, nbytes, np.uint8)
    with device.stream() as stream:
        stream._direct = direct
        buffer = stream.upload(data)
        assert np.array_equal(stream.download(buffer, np.zeros_like(data)), data)
        if nbytes >= 8:
            stream.write(buffer, data[:4], offset=4)
            assert np.array_equal(stream.download(buffer, np.zeros(4, np.uint8), offset=4), data[:4])
        with pytest.raises(ValueError, match="bytes"):
            stream.download(buffer, np.zeros(nbytes + 4, np.uint8))
        with pytest.raises(ValueError, match="fit"):
            stream.write(buffer, np.zeros(nbytes + 4, np.uint8))


def test_an_array_may_change_as_soon_as_it_was_uploaded(device: OpenClDevice) -> None:
    data = np.arange(3 * PIECE // 4, dtype=np.uint32)
    wanted = data.copy()
    with device.stream() as stream:
        stream._direct = False
        buffer = stream.upload(data)
        data[:] = 0
        assert np.array_equal(stream.download(buffer, np.empty_like(wanted)), wanted)


def test_buffers_hold_nothing_of_an_earlier_call(device: OpenClDevice) -> None:
    for _ in range(3):
        with device.stream() as stream:
            buffer = stream.allocate(1000)
            assert (stream.download(buffer, np.zeros(1000, np.uint8)) == POISON).all()
            stream.fill(buffer, 7)


def test_kernels_run_in_order_with_scratch(device: OpenClDevice) -> None:
    module = device.build(TEXT, BLOCK)
    a, b = np.arange(4 * BLOCK, dtype=np.uint32), np.full(4 * BLOCK, 5, np.uint32)
    with device.stream() as stream:
        buffer, other = stream.upload(a), stream.upload(b)
        stream.launch(module, "mirror", 4, buffer, np.uint32(len(a)), slots=1)
        stream.launch(module, "add", 4, buffer, other, np.uint32(len(a)))
        stream.launch(module, "add", 0, buffer, other, np.uint32(len(a)))
        got = stream.download(buffer, np.empty_like(a))
    assert np.array_equal(got, a.reshape(-1, BLOCK)[:, ::-1].ravel() + 5)


def test_a_kernel_that_there_is_not_is_no_answer(device: OpenClDevice) -> None:
    module = device.build(TEXT, BLOCK)
    with pytest.raises(EngineLost), device.stream() as stream:
        stream.launch(module, "nothing", 1)


def test_programs_are_kept_on_disk_and_compiled_anew_where_the_file_is_not_whole(tmp_path: Path, device: OpenClDevice) -> None:
    device.build(TEXT, BLOCK)
    (file,) = (tmp_path / "kernels").iterdir()
    whole = file.read_bytes()
    assert kept.load(file.name) == whole[32:]
    file.write_bytes(whole[:-1])
    assert kept.load(file.name) is None
    again = device.build(TEXT, BLOCK)
    assert file.read_bytes() == whole
    with device.stream() as stream:
        buffer = stream.upload(np.arange(BLOCK, dtype=np.uint32))
        stream.launch(again, "mirror", 1, buffer, np.uint32(BLOCK), slots=1)
        assert stream.download(buffer, np.empty(BLOCK, np.uint32))[0] == BLOCK - 1


def test_a_text_that_does_not_compile_says_so(device: OpenClDevice) -> None:
    with pytest.raises(EngineUnavailable, match="does not compile"):
        device.build("__kernel void f(__global uint *a) { a[0] = nothing; }", BLOCK)


def test_a_device_that_there_is_not_says_how_many_there_are() -> None:
    with pytest.raises(EngineUnavailable, match=f"there are {len(devices())}"):
        OpenClDevice(len(devices()))


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("sse2", "x86-64"),
        ("avx2 bmi1 bmi2 fma movbe abm", "haswell"),
        ("avx2 bmi1 bmi2 fma movbe abm avx512f avx512bw avx512dq avx512cd avx512vl clwb adx rdseed", "skylake-avx512"),
    ],
)
def test_pocl_is_told_a_processor_that_its_compiler_knows(flags: str, name: str) -> None:
    assert pocl.cpu_name(frozenset(flags.split())) == name
