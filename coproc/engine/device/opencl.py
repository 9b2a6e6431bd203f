"""OpenCL devices through PyOpenCL: `OpenClDevice(number)` counts the devices of all platforms.

Contexts, programs and queues are made when first wanted; programs are kept on disk.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from coproc.engine.device import kept
from coproc.engine.device.clock import Clock
from coproc.engine.device.opencl_stream import OpenClModule, OpenClStream
from coproc.errors import EngineLost, EngineUnavailable

if TYPE_CHECKING:
    import pyopencl as cl

OPTIONS: Final = ("-cl-std=CL1.2",)


def devices() -> list[tuple[str, bool]]:
    """Name and "is a CPU" of every OpenCL device, by number. Raises EngineUnavailable where there is no OpenCL."""
    found = _devices()
    cpu = _pyopencl().device_type.CPU
    return [(device.name.strip(), bool(device.type & cpu)) for device in found]


def _pyopencl() -> Any:
    try:
        import pyopencl
    except ImportError as error:
        raise EngineUnavailable(f"PyOpenCL is not installed ({error}); pip install 'coproc[opencl]'") from None
    return pyopencl


def _devices() -> list[Any]:
    """Those of all platforms, accelerators first."""
    opencl = _pyopencl()
    try:
        found = [device for platform in opencl.get_platforms() for device in platform.get_devices()]
    except opencl.Error as error:
        raise EngineUnavailable(f"OpenCL finds no platform: {error}") from None
    if not found:
        raise EngineUnavailable("OpenCL finds no device")
    return sorted(found, key=lambda device: bool(device.type & opencl.device_type.CPU))


class OpenClDevice:
    """See `coproc.engine.device.protocol.Device`."""

    backend = "opencl"

    def __init__(self, number: int = 0, options: tuple[str, ...] = ()) -> None:
        """options: more of them for the compiler. Raises EngineUnavailable, which says why."""
        self._options = (*OPTIONS, *options)
        self._cl = _pyopencl()
        found = _devices()
        if number >= len(found):
            raise EngineUnavailable(f"there is no OpenCL device {number}; there are {len(found)}")
        self._device = found[number]
        self.name: str = self._device.name.strip()
        self.memory: int = self._device.global_mem_size
        self.scratch: int = self._device.local_mem_size
        self.units: int = self._device.max_compute_units
        self.largest: int = self._device.max_mem_alloc_size
        self.emulated = bool(self._device.type & self._cl.device_type.CPU)
        if not (self._device.available and self._device.compiler_available):
            raise EngineUnavailable(f"the OpenCL device {self.name} cannot be used now")
        if self._device.platform.name == "Portable Computing Language":
            from coproc.engine.device import pocl

            pocl.name_cpu(self._device.int_ptr)
        self.clock = Clock(self.name, self.units, self.emulated)
        self._context: Any = None
        self._modules: dict[tuple[str, str, int], OpenClModule] = {}
        self._building: defaultdict[tuple[str, str, int], Lock] = defaultdict(Lock)
        self._idle: list[OpenClStream] = []
        self._lock = Lock()

    @property
    def context(self) -> cl.Context:
        with self._lock:
            if self._context is None:
                try:
                    self._context = self._cl.Context([self._device])
                except self._cl.Error as error:
                    raise EngineLost(f"{self.name}: {error}") from error
        context: cl.Context = self._context
        return context

    # ---- kernels ----
    def module(self, family: str, curve: str, block: int) -> OpenClModule:
        key = family, curve, block
        module = self._modules.get(key)
        if module is None:
            with self._lock:
                building = self._building[key]
            with building:
                module = self._modules.get(key)
                if module is None:
                    from coproc.codegen.device.source import source

                    module = self._modules[key] = self.build(source(family, curve, self.backend, block), block, family, curve)
        return module

    def build(self, text: str, block: int, family: str = "", curve: str = "") -> OpenClModule:
        """A module of any text, which defines FP_LIMBS where its kernels have scratch."""
        limbs = re.search(r"#define\s+FP_LIMBS\s+(\d+)", text)
        options = [*self._options, f"-DBLOCK={block}"]
        driver = (self.name, self._device.version, self._device.driver_version)
        name = kept.name_of("opencl", *driver, *options, text)
        program = self._stored(name)
        if program is None:
            try:
                program = self._cl.Program(self.context, text).build(options=options)
            except self._cl.Error as error:
                raise EngineUnavailable(f"{self.name} does not compile {family or 'the text'}: {str(error)[:2000]}") from error
            binaries = program.get_info(self._cl.program_info.BINARIES)
            if binaries and binaries[0]:
                kept.store(name, binaries[0])
        return OpenClModule(family, curve, block, int(limbs[1]) if limbs else 0, program)

    def _stored(self, name: str) -> Any:
        binary = kept.load(name)
        if binary is None:
            return None
        try:
            return self._cl.Program(self.context, [self._device], [binary]).build()
        except self._cl.Error:
            return None

    # ---- streams ----
    @contextmanager
    def stream(self) -> Iterator[OpenClStream]:
        self.clock.check()
        with self._lock:
            stream = self._idle.pop() if self._idle else None
        stream = stream or OpenClStream(self, self._cl)
        with self.clock.work(self, stream):
            yield stream
        with self._lock:
            self._idle.append(stream)

    def trim(self) -> None:
        """Frees the buffers that idle streams keep."""
        with self._lock:
            for stream in self._idle:
                stream.drop()
