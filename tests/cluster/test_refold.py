"""What a liar was asked is asked again from the file, bit for bit, and what it said is told apart from what is so."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from coproc.cluster.audit import Audited
from coproc.cluster.canaries import Canaries, parsed_of
from coproc.cluster.folding import FoldWorker
from coproc.cluster.judge import Lie
from coproc.cluster.kept import Keeper, packed_in, requests_of, sealed_of
from coproc.cluster.pools.protocol import PackedBatch
from coproc.cluster.pools.threads import ThreadPool
from coproc.cluster.refold import Refolded, named, refold
from coproc.cluster.remote import Asked
from coproc.cluster.sampler import Sampler
from coproc.cluster.sealed import Partial, Question
from coproc.cluster.sealing import seal
from coproc.engine.select import select
from coproc.errors import EngineLost, InvalidInput
from coproc.measure.requests import make
from coproc.replay import Kept, Run, Said, decode, encode, keep, load
from tests.cli.conftest import Cli, cli  # noqa: F401

from .liars import HIDES, MODES, FakeRemote, Liar

ENGINE = select()
OP, SIZE = "verify_kzg_proof", 24


class Known(Liar):
    """A liar of which what it was asked last, and what an honest worker answers to that, is known."""

    truth: Partial
    question: Question

    def fold(self, question: Question) -> Partial:
        self.truth, self.question = FoldWorker(self.engine).fold(question), question
        return super().fold(question)


@cache
def batch(false: int) -> PackedBatch:
    """SIZE requests, the first ones false."""
    requests, canaries = make(ENGINE, OP, SIZE).requests, Canaries(ENGINE)
    for _ in range(8):
        canaries.learn(PackedBatch.of(requests), parsed_of(ENGINE, PackedBatch.of(requests))[1])
    wrong = canaries.pick(OP, 4)
    return PackedBatch.of(
        [request._replace(args=wrong[i % len(wrong)].args(0)) if i < false else request for i, request in enumerate(requests)]
    )


def caught(mode: str, folder: Path, false: int = 2) -> tuple[Known, Kept]:
    """A liar that was found to lie, and the file that was kept of it."""
    liar = Known(ENGINE, mode)
    with (
        ThreadPool(ENGINE, 1) as local,
        Audited(FakeRemote(liar), local, ENGINE, Sampler(1), least=1, on_lie=Keeper(folder, ENGINE)) as audited,
    ):
        for _ in range(40):
            try:
                audited.run(batch(false)).result(60)
            except EngineLost:
                if any(folder.glob("*.replay")):
                    break
    (path,) = folder.glob("*.replay")
    return liar, load(path)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "coproc.cluster")


WRONG = {
    "always true": {"value", "blamed"},
    "always false": {"value", "blamed"},
    "folds nothing": {"folded"},
    "random": {"value"},
    "one bit": {"value"},
    "zeros": {"value"},
    "yesterday's answer": {"number", "tags", "value"},
    "another batch's answer": {"value"},
    "drops a claim": {"tags"},
    "blames the innocent": {"blamed"},
    "blames nobody": {"blamed"},
    "forgets": {"value"},
    HIDES: {"value"},
}


@pytest.mark.parametrize("mode", [*MODES, HIDES])
def test_every_liar_is_asked_again_bit_for_bit_and_its_lie_is_named(mode: str, tmp_path: Path) -> None:
    liar, kept = caught(mode, tmp_path, SIZE if mode == HIDES else 2)
    assert kept.sealed is not None
    assert kept.sealed.said is not None
    assert (kept.sealed.number, kept.sealed.seed) == (liar.question.number, liar.question.seed)
    here = [refold(kept, ENGINE), refold(kept, select("cpu:portable"))]
    for one in here:
        assert np.array_equal(one.gt, liar.truth.gt), "the value is that of an honest worker, to the last bit"
        assert (one.tags, one.folded.tolist()) == (liar.truth.tags, liar.truth.folded.tolist())
        assert set(kept.sealed.canaries) <= set(one.false)
        assert not one.wrong
        found = {difference.what for difference in one.differences}
        assert WRONG[mode] <= found
        assert found <= WRONG[mode] | {"value", "blamed"}
    assert here[0].agrees(here[1])
    assert here[0].differences == here[1].differences


def test_the_claim_that_was_left_out_is_named(tmp_path: Path) -> None:
    _, kept = caught("drops a claim", tmp_path / "a")
    (tags,) = [difference for difference in refold(kept, ENGINE).differences if difference.what == "tags"]
    assert len(tags.requests) == 1
    assert f"that of request {tags.requests[0]} is missing" in tags.text
    _, kept = caught(HIDES, tmp_path / "b", SIZE)
    (value,) = [difference for difference in refold(kept, ENGINE).differences if difference.what == "value"]
    assert value.text.endswith(f"it is the value without {named(value.requests)}")
    honest = refold(kept, ENGINE)
    assert set(value.requests) <= set(honest.false)


def told(change: Callable[[Said], Said]) -> Refolded:
    """What is made of an honest answer that was changed."""
    packed = batch(2)
    parsed = parsed_of(ENGINE, packed)[1]
    sent = seal(ENGINE, Canaries(ENGINE), packed, parsed)
    partial = FoldWorker(ENGINE).fold(sent.question)
    requests = [request for piece in packed_in(sent.question.hold) for request in requests_of(piece)]
    sealed = sealed_of(sent, Asked("w", partial), Lie("why"))
    assert sealed.said is not None
    kept = Kept(tuple(requests), (Run("spec", (), (None,) * len(requests)),), "why", sealed=sealed._replace(said=change(sealed.said)))
    return refold(decode(encode(kept)), ENGINE)


def test_an_honest_answer_has_no_differences() -> None:
    assert told(lambda said: said).differences == ()


def test_one_bit_of_the_value_is_seen() -> None:
    def flip(said: Said) -> Said:
        gt = bytearray(said.gt)
        gt[100] ^= 4
        return said._replace(gt=bytes(gt))

    (difference,) = told(flip).differences
    assert difference.text.endswith("1 of 72 words differ, the first is word 12; by one bit")


@pytest.mark.parametrize("gt", [b"", bytes(8), bytes(576), b"\xff" * 576, b"\x01" * 576])
def test_a_value_that_is_none_does_no_harm(gt: bytes) -> None:
    (difference,) = told(lambda said: said._replace(gt=gt)).differences
    assert difference.what == "value"


def test_what_was_left_out_openly_is_told_and_the_rest_compared_without_it() -> None:
    found = told(lambda said: said._replace(folded=bytes([0]) + said.folded[1:])).differences
    assert [difference.what for difference in found][:2] == ["folded", "tags"]
    assert found[0].requests == found[1].requests == (0,)
    assert "that of request 0 is in it" in found[1].text


def test_an_answer_that_is_none_is_kept_without_it() -> None:
    packed = batch(2)
    sent = seal(ENGINE, Canaries(ENGINE), packed, parsed_of(ENGINE, packed)[1])
    good = FoldWorker(ENGINE).fold(sent.question)
    for wrong in (
        good._replace(number=b"short"),
        good._replace(folded=good.folded[1:]),
        good._replace(folded=good.folded + 7),
        good._replace(gt=np.zeros(4096, np.uint64)),
        good._replace(gt=None),  # type: ignore[arg-type]
        good._replace(tags="many"),  # type: ignore[arg-type]
    ):
        sealed = sealed_of(sent, Asked("w" * 9999, wrong), Lie("why"))
        assert sealed.said is None
        sealed.check(len(sent.question))
    huge = sealed_of(sent, Asked("w", good._replace(tags=1 << 70, engine="e" * 9999)), Lie("why"))
    assert huge.said is not None
    assert huge.said.tags is None


def test_a_question_of_several_batches_is_kept_and_asked_again(tmp_path: Path) -> None:
    requests = make(ENGINE, "verify_groth16_bn254", 64).requests
    packed = PackedBatch.of([requests[i % 64] for i in range(2500)])
    sent = seal(ENGINE, Canaries(ENGINE), packed, parsed_of(ENGINE, packed)[1])
    partial = FoldWorker(ENGINE).fold(sent.question)
    Keeper(tmp_path, ENGINE)(sent, Asked("w", partial._replace(tags=partial.tags ^ 1)), Lie("why"))
    (path,) = tmp_path.glob("*.replay")
    assert path.stat().st_size < packed.nbytes // 20, "the key is there once or a few times"
    kept = load(path)
    assert len(kept.requests) == len(sent.question)
    one = refold(kept, ENGINE)
    assert [difference.what for difference in one.differences] == ["tags"]
    assert np.array_equal(one.gt, partial.gt)
    assert set(one.false) == set(sent.canaries_at.tolist())


# ---- the file ----
def test_a_question_that_no_worker_could_be_asked_is_refused(tmp_path: Path) -> None:
    _, kept = caught("always true", tmp_path)
    assert kept.sealed is not None
    with pytest.raises(InvalidInput, match="request 3 does not decode"):
        refold(replace(kept, requests=(*kept.requests[:3], kept.requests[3]._replace(args=b"\1"), *kept.requests[4:])), ENGINE)
    hashed = tuple(request._replace(op="sha256") for request in kept.requests)
    runs = tuple(replace(run, told=(None,) * len(hashed)) for run in kept.runs)
    with pytest.raises(InvalidInput, match="no worker is asked that"):
        refold(replace(kept, requests=hashed, runs=runs), ENGINE)
    with pytest.raises(InvalidInput, match="one operation"):
        replace(kept, requests=(hashed[0], *kept.requests[1:]), runs=runs)
    with pytest.raises(InvalidInput, match="no question"):
        refold(replace(kept, sealed=None), ENGINE)


def test_true_canaries_are_told(tmp_path: Path) -> None:
    _, kept = caught("always true", tmp_path)
    assert kept.sealed is not None
    places = tuple(sorted({*range(10)} - {*kept.sealed.canaries}))
    one = refold(replace(kept, sealed=kept.sealed._replace(canaries=places)), ENGINE)
    assert set(one.wrong) == set(places) - set(one.false)
    assert one.wrong


# ---- the command ----
def test_the_command_shows_what_the_liar_said_and_what_is_so(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    liar, kept = caught("drops a claim", tmp_path)
    (path,) = tmp_path.glob("*.replay")
    ran = cli("replay", path)
    text = ran.out.decode()
    assert ran.status == 1
    assert "worker worker 0 was asked for the fold of 26 requests" in text
    assert f"tags {liar.truth.tags:016x}, 26 folded" in text
    assert "is missing" in text
    assert "worker worker 0 said what is wrong (tags" in text
    shown = json.loads(cli("replay", path, "--json", "--engine", "cpu:portable", "--engine", "cpu").out)["question"]
    assert shown["confirmed"]
    assert shown["agree"]
    assert {row["value"] for row in shown["here"]} == {liar.truth.gt.astype("<u8").tobytes().hex()}
    assert shown["said"]["tags"] != shown["here"][0]["tags"] == f"{liar.truth.tags:016x}"
    assert kept.sealed is not None
    assert shown["seed"] == kept.sealed.seed.hex()


def test_the_command_ends_with_0_where_the_worker_said_what_is_so(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    liar, kept = caught("one bit", tmp_path)
    assert kept.sealed is not None
    said = kept.sealed.said
    assert said is not None
    honest = replace(kept, sealed=kept.sealed._replace(said=said._replace(gt=liar.truth.gt.astype("<u8").tobytes(), blamed=None)))
    ran = cli("replay", keep(tmp_path / "honest", honest))
    assert ran.status == 0
    assert "what worker worker 0 said is what the engines here say" in ran.out.decode()


def test_the_command_refuses_what_is_no_question(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    _, kept = caught("always true", tmp_path)
    broken = replace(kept, requests=(kept.requests[0]._replace(args=b"\1\2"), *kept.requests[1:]))
    path = keep(tmp_path / "broken", broken)
    assert path is not None
    ran = cli("replay", path)
    assert (ran.status, ran.out) == (2, b"")
    assert "request 0 does not decode" in ran.err
    path.write_bytes(path.read_bytes()[:-100])
    ran = cli("replay", path)
    assert ran.status == 2
    assert "is it cut?" in ran.err


def test_a_worker_of_a_hostile_name_moves_no_cursor(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    _, kept = caught("always true", tmp_path)
    assert kept.sealed is not None
    assert kept.sealed.said is not None
    hostile = kept.sealed._replace(worker="\x1b[2J", said=kept.sealed.said._replace(engine="\x1b]0;x\x07"))
    assert b"\x1b" not in cli("replay", keep(tmp_path / "hostile", replace(kept, reason="", sealed=hostile))).out


def test_places_are_named_as_people_name_them() -> None:
    assert named((3,)) == "request 3"
    assert named((3, 5, 9)) == "requests 3, 5 and 9"
    assert named(tuple(range(20))) == "requests 0, 1, 2, 3, 4, 5, 6, 7, … (20 of them)"
