"""An engine may be used from any number of threads at once, and native code lets the others run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from coproc.engine.protocol import Buffers, Curve, Engine, Field, FieldOp, Group
from tests.conftest import NATIVE, engine_named
from tests.engine import kit


def jobs(engine: Engine) -> list[Callable[[], bytes]]:
    """A result as bytes, from each corner of the engine."""
    generator = kit.points(Group.BLS12_381_G1, [kit.GENERATOR[Group.BLS12_381_G1]])
    g2 = kit.points(Group.BN254_G2, [kit.GENERATOR[Group.BN254_G2]])
    g1 = kit.points(Group.BN254_G1, [kit.GENERATOR[Group.BN254_G1]])
    data = [bytes([i]) * i for i in range(50)]
    values = kit.words_of(range(1, 40), 6)
    return [
        lambda: engine.sha256(Buffers.of(data)).tobytes(),
        lambda: engine.hash_to_g1(Buffers.of(data[:3]), b"dst").tobytes(),
        lambda: engine.field(Field.BLS12_381_FP, FieldOp.INV, values).tobytes(),
        lambda: engine.scalar_mul(Group.BLS12_381_G1, generator, kit.scalars([kit.BLS_R - 5])).tobytes(),
        lambda: kit.msm(engine, Group.BLS12_381_G1, [(np.repeat(generator, 40, axis=0), list(range(3, 43)))]).tobytes(),
        lambda: engine.pairing(Curve.BN254, kit.offsets([1]), g1, g2).tobytes(),
    ]


def test_results_do_not_depend_on_other_threads(engine: Engine, thorough: bool) -> None:
    work = jobs(engine)
    wanted = [job() for job in work]
    with ThreadPoolExecutor(6) as pool:
        rounds = 30 if thorough else 2
        found = list(pool.map(lambda i: work[i % len(work)](), range(rounds * len(work))))
    assert found == wanted * rounds


def test_native_code_does_not_hold_the_interpreter() -> None:
    """While a long call runs in one thread, another counts on."""
    engine = engine_named(f"cpu:{NATIVE[-1]}")
    group = Group.BLS12_381_G2
    generator = kit.points(group, [kit.GENERATOR[group]])
    points, scalars = np.repeat(generator, 2000, axis=0), kit.scalars([kit.BLS_R - 2] * 2000)
    began, ended = threading.Event(), threading.Event()

    def long() -> None:
        began.set()
        engine.scalar_mul(group, points, scalars)
        ended.set()

    thread = threading.Thread(target=long)
    thread.start()
    assert began.wait(10)
    counted = 0
    deadline = time.monotonic() + 60
    while not ended.is_set() and time.monotonic() < deadline:
        counted += 1
        time.sleep(0.001)
    thread.join()
    assert counted > 10
