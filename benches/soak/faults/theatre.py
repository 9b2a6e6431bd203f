"""One engine on a device that fails: faults fall on each stage in turn, and each answer is judged."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from benches.soak.faults.scenes import Answers, Scene, pairs
from benches.soak.faults.small import made
from coproc.engine.cpu import CpuEngine
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.faults import KINDS, Event, Fault, FaultyDevice
from coproc.keys import KeyRegistry

TRIES: Final = 6
"""Draws of one number until a fault falls that changes something."""
KERNELS: Final = 2
"""Faults of a kernel for each fault of a copy."""


class Outcome(NamedTuple):
    """verdict: "right", "wrong", "elsewhere" (the process died, and another one gave the right answers), "none" (in no try a fault fell
    that changed anything), "corrupted" (a kernel wrote into the host's memory). noticed: the device was suspected or lost. lost: the host
    answered instead."""

    scene: str
    op: str
    stage: str
    kind: str
    what: str
    tampered: bool
    verdict: str
    noticed: bool
    lost: bool
    harmless: int


class Part(NamedTuple):
    """A scene, the events of it without a fault, and the number of the scene before, for what is stale."""

    scene: Scene
    events: list[Event]
    other: int


def equal(a: Answers, b: Answers) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


class Theatre:
    """`play` is a function of the seed and a number, but for the secrets that the host draws."""

    def __init__(self, device: FaultyDevice, seed: int, ops: Sequence[str] | None = None) -> None:
        self.device = device
        self.engine = DeviceEngine(device, "faulty")
        self.engine.limit = 1 << 62
        self.host = CpuEngine()
        self.keys = KeyRegistry(self.engine)
        self._seed = seed
        self.parts: list[Part] = []
        for true, bad in pairs(self.host, seed, ops):
            n = len(self.parts)
            self.parts += [self._part(true, n + 1), self._part(bad, n)]
        self.of: dict[Event, dict[bool, list[int]]] = defaultdict(lambda: {False: [], True: []})
        for i, part in enumerate(self.parts):
            for event in set(part.events):
                self.of[event][part.scene.tampered].append(i)
        stages = sorted(self.of)
        kernels = [event for event in stages if event.kind == "kernel"]
        self.stages = [(event, i) for event in kernels for i in range(KERNELS)]
        self.stages += [(event, 0) for event in stages if event.kind != "kernel"]

    def _part(self, scene: Scene, other: int) -> Part:
        for _ in range(2):  # keys are prepared by then
            self.device.begin()
            answers, own = self.ask(scene)
            if not (own and equal(answers, scene.right)) or self.engine.suspicions:
                raise AssertionError(f"{scene.name}: without a fault the device is not right")
        return Part(scene, self.device.events, other)

    def ask(self, scene: Scene) -> tuple[Answers, bool]:
        with made(scene.way):
            return scene.ask(self.engine, self.keys)

    def draw(self, number: int, again: int) -> tuple[Part, Event, str, int, random.Random]:
        """The part, the stage, what goes wrong and at which event: stages, kinds, and true or tampered with, one after the other."""
        turn, stage = divmod(number, len(self.stages))
        event, place = self.stages[stage]
        count = turn * (KERNELS if event.kind == "kernel" else 1) + place
        rng = random.Random(f"{self._seed} {number} {again}")
        kinds, candidates = KINDS[event.kind], self.of[event]
        what = kinds[(count // 2 + max(0, again - TRIES // 2)) % len(kinds)]
        bad = bool(count & 1) or count // (2 * len(kinds)) % 4 == 3  # more than half, for some stages have no invalid items
        part = self.parts[rng.choice(candidates[bad] or candidates[not bad])]
        return part, event, what, rng.choice([i for i, found in enumerate(part.events) if found == event]), rng

    def play(self, number: int) -> Outcome:
        """One fault; again where it did not fall, or changed nothing."""
        harmless = 0
        for again in range(TRIES):
            part, event, what, at, rng = self.draw(number, again)
            scene = part.scene
            if what == "stale":  # the batch before is the same one before it was tampered with, or after
                self.device.begin(keep=at)
                self.ask(self.parts[part.other].scene)
            before = self.engine.suspicions
            self.device.begin(Fault(at, what, rng.getrandbits(64)))
            answers, own = self.ask(scene)
            lost = not own or self.engine.lost is not None
            noticed = lost or self.engine.suspicions > before
            self.engine.lost = None
            verdict = "right" if equal(answers, scene.right) else "wrong"
            struck, idle = self.device.struck, self.device.harmless
            if verdict == "right" and what != "loss":  # what outlives a batch is right, or found out as well
                self.device.begin(anew=False)
                if self._kept_constants(part):
                    answers, _ = self.ask(scene)
                    self.engine.lost = None
                    verdict = "right" if equal(answers, scene.right) else "wrong"
            if verdict == "wrong" and not equal(scene.ask(self.host, self.keys)[0], scene.right):
                verdict = "corrupted"
            if verdict != "right" or (struck and not idle):
                return Outcome(scene.name, scene.op, event.name, event.kind, what, scene.tampered, verdict, noticed, lost, harmless)
            harmless += 1
        return Outcome(scene.name, scene.op, event.name, event.kind, what, scene.tampered, "none", False, False, harmless)

    @staticmethod
    def _kept_constants(part: Part) -> bool:
        """Whether the batch leaves constants on the device."""
        return any(event.name.startswith("schnorr.schnorr") for event in part.events if event.kind == "kernel")

    def judge(self, number: int) -> Outcome:
        """What another process answers where one died of a fault: the host, as the pool of workers does."""
        part, event, what, _, _ = self.draw(number, 0)
        scene = part.scene
        verdict = "elsewhere" if equal(scene.ask(self.host, KeyRegistry(self.host))[0], scene.right) else "wrong"
        return Outcome(scene.name, scene.op, event.name, event.kind, what, scene.tampered, verdict, True, True, 0)
