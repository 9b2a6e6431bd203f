"""A process that commits is killed at any instant: the store opens, and holds the last commit that was reported, or the one after it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coproc.vm.state import Store

KILLS = 30


def test_killed_at_any_instant_the_last_commit_is_whole(tmp_path: Path) -> None:
    survive(tmp_path, KILLS, seed=1)


@pytest.mark.slow
def test_killed_at_many_instants_the_last_commit_is_whole(tmp_path: Path) -> None:
    survive(tmp_path, 150, seed=2)


def survive(path: Path, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    last: str | None = None
    commits = 0
    for kill in range(kills):
        command = [sys.executable, "-m", "tests.vm.state_writer", str(path), f"{seed} {kill}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "open\n"
            time.sleep(rng.uniform(0, 0.12))
            writer.send_signal(signal.SIGKILL)
            reported = writer.stdout.read().split()
        last = reported[-1] if reported else last
        commits += len(reported)
        with Store(path) as store:
            head = store.head()
            if last is None:
                assert head is None or store.roots() == [head]
            else:
                roots = [root.hex() for root in store.roots()]
                assert head is not None
                assert last in roots
                assert head.hex() in (last, *roots[roots.index(last) + 1 : roots.index(last) + 2])
            last = None if head is None else head.hex()
            store.check(head)
    assert commits > kills / 2
