"""The CUDA device as far as it goes without one: its calls of CuPy, on a fake that has the same few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coproc.engine.device import cuda
from coproc.engine.device.cuda import CudaDevice
from coproc.engine.device.protocol import POISON, OutOfMemory
from coproc.engine.device.staging import PIECE
from coproc.errors import EngineLost, EngineUnavailable
from tests.device import fake_cupy

TEXT = "#define FP_LIMBS 12\nvoid add();"


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("COPROC_CACHE_DIR", str(tmp_path))
    return _install(monkeypatch)


def _install(monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    made = fake_cupy.fake(**options)
    monkeypatch.setattr(cuda, "_cupy", lambda: made)
    return made


def _add(groups: int, block: int, shared: int, a: Any, b: Any, n: Any) -> None:
    assert (groups, block, shared) == (2, 64, 3 * 12 * 4 * 64)
    a.view(np.uint32)[: int(n)] += b.view(np.uint32)[: int(n)]


@pytest.mark.usefixtures("cupy")
@pytest.mark.parametrize("nbytes", [0, 4, PIECE - 4, PIECE, 3 * PIECE + 12])
def test_what_went_up_comes_down(monkeypatch: pytest.MonkeyPatch, nbytes: int) -> None:
    _install(monkeypatch, memory=1 << 23)
    data = np.random.default_rng(nbytes).integers(0, 256, nbytes, np.uint8)
    with CudaDevice(0).stream() as stream:
        buffer = stream.upload(data)
        assert np.array_equal(stream.download(buffer, np.zeros_like(data)), data)
        assert (stream.download(stream.allocate(100), np.zeros(100, np.uint8)) == POISON).all()
        with pytest.raises(ValueError, match="fit"):
            stream.write(buffer, np.zeros(nbytes + 4, np.uint8))


def test_a_kernel_gets_its_buffers_numbers_and_scratch(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fake_cupy.KERNELS, "add", _add)
    device = CudaDevice(0)
    module = device.build(TEXT, 64)
    a, b = np.arange(128, dtype=np.uint32), np.full(128, 9, np.uint32)
    with device.stream() as stream:
        x, y = stream.upload(a), stream.upload(b)
        for _ in range(2):
            stream.launch(module, "add", 2, x, y, np.uint32(128), slots=3)
        stream.launch(module, "add", 0, x, y, np.uint32(128), slots=3)
        assert np.array_equal(stream.download(x, np.empty_like(a)), a + 18)
    assert cupy.attributes == [(77, 8, 232448)]


def test_cubins_are_kept_for_the_architecture_and_compiled_once(cupy: Any, tmp_path: Path) -> None:
    for _ in range(2):
        assert CudaDevice(0).build(TEXT, 64).limbs == 12
    ((text, options),) = cupy.compiled
    assert text == TEXT
    assert "--gpu-architecture=sm_90" in options
    (file,) = (tmp_path / "kernels").iterdir()
    assert file.read_bytes()[32:] == b"cubin of " + TEXT.encode() + b"\0"


@pytest.mark.usefixtures("cupy")
def test_a_text_that_nvrtc_refuses_says_why() -> None:
    with pytest.raises(EngineUnavailable, match="error: refused"):
        CudaDevice(0).build("refuse", 64)


@pytest.mark.usefixtures("cupy")
def test_an_error_of_the_driver_is_a_lost_device_and_its_stream_is_not_used_again() -> None:
    device = CudaDevice(0)
    module = device.build(TEXT, 64)
    with pytest.raises(EngineLost, match="Fake H100: named symbol not found"), device.stream() as stream:
        stream.launch(module, "nothing", 1)
    assert device._idle == []
    with device.stream():
        pass
    assert len(device._idle) == 1


@pytest.mark.usefixtures("cupy")
def test_a_kernel_that_never_ends_is_a_lost_device_which_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fake_cupy.KERNELS, "forever", lambda *_: None)
    monkeypatch.setattr(fake_cupy, "ENDLESS", {"forever"})
    device = CudaDevice(0)
    module = device.build(TEXT, 64)
    with device.stream() as other:
        device.clock.seconds = 0.01
        with pytest.raises(EngineLost, match="Fake H100 did not answer within"), device.stream() as stream:
            stream.launch(module, "forever", 1)
        with pytest.raises(EngineLost, match="did not answer"):
            other.launch(module, "forever", 1)
    with pytest.raises(EngineLost, match="did not answer"), device.stream():
        pass


@pytest.mark.usefixtures("cupy")
def test_too_little_memory_is_no_loss() -> None:
    with pytest.raises(OutOfMemory), CudaDevice(0).stream() as stream:
        stream.allocate(1 << 21)


@pytest.mark.usefixtures("cupy")
def test_what_the_card_is_comes_from_its_properties() -> None:
    device = CudaDevice(0)
    assert (device.name, device.units, device.scratch, device.memory) == ("Fake H100", 132, 232448, 1 << 20)
    assert device.architecture == "sm_90"
    assert cuda.devices() == ["Fake H100"]
    with pytest.raises(EngineUnavailable, match="there is no CUDA device 3; there are 1"):
        CudaDevice(3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"count": 0}, "CUDA finds no device: no CUDA-capable device is detected"),
        ({"driver": 0}, "CUDA finds no device: there is no driver"),
        ({"driver": 11040}, "CUDA finds no device: the driver is for CUDA 11.4, and CuPy is for CUDA 12"),
        ({"nvrtc": False}, "NVRTC, which compiles the kernels, is not to be had (no libnvrtc.so.12); pip install 'coproc[cuda]'"),
    ],
)
def test_a_machine_that_lacks_something_says_what(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], said: str) -> None:
    _install(monkeypatch, **options)
    with pytest.raises(EngineUnavailable) as error:
        CudaDevice(0)
    assert str(error.value) == said
