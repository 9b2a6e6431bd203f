"""From how many items on a device pays, measured on this machine once and kept in the user's folder for caches.

A call on the device takes `start + n * each` seconds, one on the CPU `n * host`. Whoever asks with a batch in hand gets the earlier end;
the device's counts what it already has to do. So small batches stay on the CPU; large ones go to the device until it is so busy that a
core is faster, and on a large job both work.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.device import trust
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.protocol import POINT_WORDS, U64, Check, Curve, Encoding, Field, FieldOp, Group, rows_of
from coproc.errors import EngineError, EngineLost
from coproc.params import jubjub
from coproc.settings import cache_folder

_log: Final = logging.getLogger("coproc")
_FEW, _MANY = 64, 4096
_SECONDS: Final = 0.3
"""Of measuring one method."""
_SCHEMA: Final = 1


class Line(NamedTuple):
    """Seconds of a method: start + n each on the device, n host on one core of the CPU. Never: it does not pay, or cannot be had."""

    start: float
    each: float
    host: float

    @property
    def break_even(self) -> int | None:
        """The least n for which an idle device is faster; None: there is none."""
        gain = self.host - self.each
        return None if gain <= 0 else int(self.start / gain) + 1


class BreakEven:
    """A policy of `DeviceEngine`: whichever ends earlier. Safe from any number of threads."""

    def __init__(self, lines: dict[str, Line]) -> None:
        self.lines = lines
        self._busy = 0.0
        self._lock = Lock()

    def takes(self, what: str, n: int) -> bool:
        line = self.lines.get(what)
        if line is None or n == 0:
            return False
        return self._busy + line.start + n * line.each < n * line.host

    @contextmanager
    def load(self, what: str, n: int) -> Iterator[None]:
        line = self.lines[what]
        seconds = line.start + n * line.each
        with self._lock:
            self._busy += seconds
        try:
            yield
        finally:
            with self._lock:
                self._busy = max(0.0, self._busy - seconds)


def _path(engine: str, device: str) -> Path:
    name = blake2b(f"{_SCHEMA} {engine} {device}".encode(), digest_size=10).hexdigest()
    return cache_folder() / "break-even" / f"{name}.json"


def kept(engine: str, device: str) -> dict[str, Line] | None:
    """What was measured before of an engine ("cuda:0") on a device, by its name; None where nothing was."""
    try:
        lines = json.loads(_path(engine, device).read_text(encoding="utf-8"))
        return {what: Line(*map(float, line)) for what, line in lines.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def measured(engine: DeviceEngine) -> dict[str, Line]:
    """The lines of each method of an engine; measured, in a few seconds after its kernels were compiled, where they are not kept."""
    if (lines := kept(engine.name, engine.device.name)) is not None:
        return lines
    lines = measure(engine)
    path = _path(engine.name, engine.device.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({what: list(line) for what, line in lines.items()}), encoding="utf-8")
    except OSError as error:
        _log.warning("what was measured of %s is not kept: %s", engine.name, error)
    return lines


def measure(engine: DeviceEngine, few: int = _FEW, many: int = _MANY, seconds: float = _SECONDS) -> dict[str, Line]:
    """Both ends of each line are timed. A method that the device fails at is left out. Raises EngineLost."""
    lines = {}
    for what, make in _CALLS.items():
        short, long = make(engine, few), make(engine, many)
        try:
            a, b = _least(short[0], seconds / 2), _least(long[0], seconds)
        except EngineLost:
            raise
        except EngineError as error:
            _log.warning("%s: %s is not measured: %s", engine.name, what, error)
            continue
        each = max(b - a, 0.0) / (many - few)
        lines[what] = Line(max(a - few * each, 0.0), each, _least(long[1], seconds / 2) / many)
    return lines


def _least(call: Callable[[], object], seconds: float) -> float:
    """The shortest time of some calls, after one that is not counted."""
    call()
    best, end = float("inf"), time.monotonic() + seconds
    while True:
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
        if time.monotonic() > end:
            return best


# ---- the calls: on the device, and on the host ----
Pair = tuple[Callable[[], object], Callable[[], object]]


def _scalars(engine: DeviceEngine, curve: Curve, n: int) -> U64:
    field = trust.SCALARS[curve]
    return engine.host.field(field, FieldOp.FROM_MONT, engine.host.field(field, FieldOp.TO_MONT, trust.random_words((n, 4))))


def _points(engine: DeviceEngine, group: Group, n: int) -> U64:
    """Some distinct points, repeated."""
    some = min(n, 64)
    multiples = engine.host.scalar_mul(
        group, np.repeat(trust.generator(group), some, axis=0), _scalars(engine, trust.CURVE_OF[group], some)
    )
    return np.ascontiguousarray(np.resize(multiples, (n, POINT_WORDS[group])))


def _decode(group: Group) -> Callable[[DeviceEngine, int], Pair]:
    encoding = Encoding.ZCASH if trust.CURVE_OF[group] == Curve.BLS12_381 else Encoding.ARK_COMPRESSED
    checks = Check.ON_CURVE | Check.IN_SUBGROUP

    def make(engine: DeviceEngine, n: int) -> Pair:
        data = engine.host.encode(group, encoding, _points(engine, group, n))
        at = rows_of(data)
        return lambda: engine.decode(group, encoding, checks, at), lambda: (data, engine.host.decode(group, encoding, checks, at))

    return make


def _scalar_mul(group: Group) -> Callable[[DeviceEngine, int], Pair]:
    def make(engine: DeviceEngine, n: int) -> Pair:
        points, scalars = _points(engine, group, n), _scalars(engine, trust.CURVE_OF[group], n)
        return lambda: engine.scalar_mul(group, points, scalars), lambda: engine.host.scalar_mul(group, points, scalars)

    return make


def _msm(group: Group) -> Callable[[DeviceEngine, int], Pair]:
    def make(engine: DeviceEngine, n: int) -> Pair:
        points, scalars = _points(engine, group, n), _scalars(engine, trust.CURVE_OF[group], n)
        at, offsets = rows_of(points), np.array([0, n], np.uint64)
        return (
            lambda: (points, engine.msm(group, offsets, at, scalars)),
            lambda: (points, engine.host.msm(group, offsets, at, scalars)),
        )

    return make


def _miller(curve: Curve) -> Callable[[DeviceEngine, int], Pair]:
    def make(engine: DeviceEngine, n: int) -> Pair:
        g1, g2 = _points(engine, trust.GROUP_1[curve], n), _points(engine, trust.GROUP_2[curve], n)
        offsets = np.append(np.arange(0, n, 64, dtype=np.uint64), np.uint64(n))
        return lambda: engine.miller_loop(curve, offsets, g1, g2), lambda: engine.host.miller_loop(curve, offsets, g1, g2)

    return make


def _miller_lines(curve: Curve) -> Callable[[DeviceEngine, int], Pair]:
    def make(engine: DeviceEngine, n: int) -> Pair:
        g1, lines = _points(engine, trust.GROUP_1[curve], n), engine.host.lines(curve, _points(engine, trust.GROUP_2[curve], 64))
        at = np.resize(rows_of(lines), n)
        offsets = np.append(np.arange(0, n, 64, dtype=np.uint64), np.uint64(n))
        return (
            lambda: (lines, engine.miller_loop_lines(curve, offsets, g1, at)),
            lambda: (lines, engine.host.miller_loop_lines(curve, offsets, g1, at)),
        )

    return make


def _elements(engine: DeviceEngine, n: int) -> U64:
    return engine.host.field(Field.BLS12_381_FR, FieldOp.TO_MONT, trust.random_words((n, 4)))


def _poseidon(engine: DeviceEngine, n: int) -> Pair:
    elements = _elements(engine, 4 * n).reshape(n, 16)
    at, counts = rows_of(elements), np.full(n, 4, np.uint64)
    return lambda: (elements, engine.poseidon_hash(at, counts)), lambda: (elements, engine.host.poseidon_hash(at, counts))


def _schnorr(engine: DeviceEngine, n: int) -> Pair:
    """One signature of the secret key 1 with the nonce 1, many times: u = 1 - H(G, G, message)."""

    def limbs(value: int, modulus: int) -> U64:
        return np.frombuffer(((value << 256) % modulus).to_bytes(32, "little"), "<u8").astype(np.uint64)

    g = [limbs(c, jubjub.Q) for c in jubjub.GENERATOR]
    message = _elements(engine, 1)[0]
    hashed, _ = engine.host.poseidon_hash(rows_of(words := np.concatenate((*g, *g, message)).reshape(1, -1)), np.full(1, 5, np.uint64))
    challenge = int.from_bytes(hashed.tobytes(), "little") * pow(1 << 256, -1, jubjub.Q) % jubjub.Q & ((1 << 250) - 1)
    point = np.concatenate((*g, limbs(1, jubjub.Q), *g))
    signature = np.concatenate((limbs(1 - challenge, jubjub.R), point))
    kept_alive = [np.tile(part, (n, 1)) for part in (message, point, signature)]
    at = [rows_of(part) for part in kept_alive]
    return lambda: (kept_alive, words, engine.schnorr(*at)), lambda: (kept_alive, engine.host.schnorr(*at))


def _hades(engine: DeviceEngine, n: int) -> Pair:
    states = _elements(engine, 5 * n).reshape(n, 5, 4)
    return lambda: engine.hades_permute(states), lambda: engine.host.hades_permute(states)


_CALLS: Final[dict[str, Callable[[DeviceEngine, int], Pair]]] = {
    **{f"decode {group.name}": _decode(group) for group in Group},
    **{f"scalar_mul {group.name}": _scalar_mul(group) for group in Group},
    **{f"msm {group.name}": _msm(group) for group in (Group.BLS12_381_G1, Group.BN254_G1)},
    **{f"miller_loop {curve.name}": _miller(curve) for curve in Curve},
    **{f"miller_loop_lines {curve.name}": _miller_lines(curve) for curve in Curve},
    "poseidon": _poseidon,
    "hades": _hades,
    "schnorr": _schnorr,
}
