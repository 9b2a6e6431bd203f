"""What a liar was asked is kept, and runs again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coproc.cluster.audit import Audited
from coproc.cluster.canaries import Canaries, parsed_of
from coproc.cluster.folding import FoldWorker
from coproc.cluster.judge import Lie
from coproc.cluster.kept import Keeper, packed_in, requests_of
from coproc.cluster.pools.protocol import PackedBatch
from coproc.cluster.pools.threads import ThreadPool
from coproc.cluster.remote import Asked
from coproc.cluster.sealing import seal
from coproc.engine.select import select
from coproc.errors import EngineLost
from coproc.operation import Request, Rules
from coproc.replay import load, replay
from tests.samples.requests import accepted

from .liars import FakeRemote, Liar


def test_the_question_to_a_liar_is_kept_with_honest_answers_and_runs_again(tmp_path: Path) -> None:
    engine, requests = select("cpu"), accepted("verify_plonk", 40)
    with (
        ThreadPool(engine, 1) as local,
        Audited(FakeRemote(Liar(engine, "always true")), local, engine, on_lie=Keeper(tmp_path, engine)) as pool,
    ):
        with pytest.raises(EngineLost):
            pool.run(PackedBatch.of(requests)).result(timeout=60)
        wanted = local.run(PackedBatch.of(requests)).result(timeout=60)
    (path,) = tmp_path.iterdir()
    kept = load(path)
    assert kept.reason.startswith("worker ")
    assert kept.sealed is not None
    mixed_in = [i for i, request in enumerate(kept.requests) if request not in requests]
    assert [request for request in kept.requests if request in requests] == requests, "the order is that of the question"
    assert len(mixed_in) == 2
    assert kept.sealed.canaries == tuple(mixed_in)
    told = [one for one in kept.runs[0].told if one is not None]
    assert [one.retbuf[0] for i, one in enumerate(told) if i not in mixed_in] == wanted.value.tolist()
    assert {told[i].retbuf for i in mixed_in} == {b"\0"}
    assert [again.told for again in replay(kept, select("cpu:portable"), 1)] == [kept.runs[0].told] * 2


def test_a_packed_batch_is_the_requests_that_it_was_packed_from() -> None:
    requests = [Request("sha256", bytes([i]) * i, Rules("V3", "Boreas" if i % 2 else "Aegis"), 1 << i % 4) for i in range(9)]
    packed = PackedBatch.of(requests)
    assert requests_of(packed) == requests
    found = list(packed_in([packed, [packed.slice(0, 1)], object(), np.zeros(1)]))
    assert [len(one) for one in found] == [9, 1]


def test_a_folder_that_cannot_be_made_disturbs_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    packed = PackedBatch.of(accepted("verify_plonk", 3))
    (tmp_path / "file").write_text("")
    engine = select("cpu")
    sent = seal(engine, Canaries(engine), packed, parsed_of(engine, packed)[1])
    asked = Asked("w", FoldWorker(engine).fold(sent.question))
    Keeper(tmp_path / "file", engine)(sent, asked, Lie("r"))
    sent.question.hold = []
    Keeper(tmp_path, engine)(sent, asked, Lie("x"))  # nothing to keep
    assert "cannot be kept" in caplog.text
    assert "is not kept" in caplog.text
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
