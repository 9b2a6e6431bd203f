"""The journal: what it acknowledged is there after any end, with one answer a request; what it cannot write it does not acknowledge."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from coproc.cluster import frames
from coproc.cluster.backlog import Backlog
from coproc.cluster.client import Client
from coproc.cluster.frames import Submit, WireError
from coproc.cluster.journal import CHUNK, KEPT_SECONDS, Journal, JournalError
from coproc.errors import InvalidInput
from coproc.operation import Answer, Request
from coproc.ops import OPERATIONS
from tests.cluster.serving import Fake, answer, serving, until

JOB = b"job"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def requests(n: int, seed: int = 1) -> list[Request]:
    random = Random(seed)
    return [Request(random.choice(list(OPERATIONS)), random.randbytes(random.randrange(30))) for _ in range(n)]


def submission(n: int, first: int = 0, tenant: str = "t", job: bytes = JOB, seed: int = 1) -> Submit:
    return frames.read_submit(frames.write_submit(requests(n, seed), job, first, tenant), n, 1 << 20)


def append(journal: Journal, submit: Submit) -> tuple[int, int]:
    with journal.transaction(), journal.part():
        return journal.append(submit)


def answers(n: int, value: bool = True) -> bytes:
    return frames.write_answers([Answer(value, "ok", bytes([value]), i, "") for i in range(n)])


def test_what_is_appended_is_there_when_it_is_opened_again(path: Path) -> None:
    with Journal(path) as journal:
        assert append(journal, submission(5)) == (5, 5)
        assert append(journal, submission(2 * CHUNK + 3, 5, seed=2)) == (2 * CHUNK + 8, 2 * CHUNK + 3)
    with Journal(path) as journal:
        chunks = journal.unanswered(0, 100)
        assert [(chunk.tenant, chunk.n) for chunk in chunks] == [("t", 5), ("t", CHUNK), ("t", CHUNK), ("t", 3)]
        assert journal.waiting() == 2 * CHUNK + 8
        found = [r for chunk in chunks for r in frames.read_rows(chunk.items or b"", 0, chunk.n, CHUNK).requests()]
        assert found == requests(5) + requests(2 * CHUNK + 3, 2)
        assert [chunk.id for chunk in journal.unanswered(chunks[1].id, 1)] == [chunks[2].id]


def test_the_same_submission_counts_once_and_another_one_is_refused(path: Path) -> None:
    with Journal(path) as journal:
        append(journal, submission(5))
        assert append(journal, submission(5)) == (5, 0)
        for wrong in (submission(5, seed=2), submission(4), submission(3, 2), submission(3, 6)):
            with pytest.raises(WireError) as refused:
                append(journal, wrong)
            assert refused.value.code == frames.JOURNAL
        assert append(journal, submission(3, 5)) == (8, 3)
        assert append(journal, submission(5)) == (8, 0)
        assert append(journal, submission(4, tenant="other")) == (4, 4)
        assert journal.waiting() == 12


def test_a_chunk_gets_its_answers_once(path: Path) -> None:
    with Journal(path) as journal:
        append(journal, submission(5))
        (chunk,) = journal.unanswered(0, 1)
        with journal.transaction():
            assert journal.answer(chunk.id, answers(5))
            assert not journal.answer(chunk.id, answers(5, False))
        assert journal.unanswered(0, 1) == []
        assert journal.read("t", JOB, 0, 10) == (5, 5, answers(5))
        assert append(journal, submission(5)) == (5, 0)  # the requests are gone, their digest is not


def test_answers_are_read_in_order_up_to_the_first_that_is_missing(path: Path) -> None:
    with Journal(path) as journal:
        for first in (0, 4, 8):
            append(journal, submission(4, first, seed=first))
        one, two, three = journal.unanswered(0, 9)
        with journal.transaction():
            journal.answer(one.id, answers(4))
            journal.answer(three.id, answers(4))
        single = frames.split_answers(answers(4), 4)
        assert journal.read("t", JOB, 0, 99) == (12, 4, answers(4))
        assert journal.read("t", JOB, 1, 2) == (12, 2, b"".join(single[1:3]))
        assert journal.read("t", JOB, 4, 99) == (12, 0, b"")
        assert journal.read("t", JOB, 8, 99) == (12, 4, answers(4))
        assert journal.read("t", JOB, 12, 99) == journal.read("t", JOB, 99, 99) == (12, 0, b"")
        with journal.transaction():
            journal.answer(two.id, answers(4))
        assert journal.read("t", JOB, 2, 99) == (12, 10, b"".join(single[2:] + single + single))
        assert journal.read("t", JOB, 2, 5)[2] == b"".join(single[2:] + single[:3])
        with pytest.raises(WireError) as refused:
            journal.read("t", b"none", 0, 1)
        assert refused.value.code == frames.UNKNOWN_JOB


def test_what_was_read_may_go_and_nothing_else(path: Path) -> None:
    with Journal(path) as journal:
        for first in (0, 4, 8):
            append(journal, submission(4, first))
        one, two, _ = journal.unanswered(0, 9)
        with journal.transaction():
            journal.answer(one.id, answers(4))
            journal.answer(two.id, answers(4))
            journal.forget("t", JOB, 99)  # the third has no answer
            journal.forget("other", JOB, 99)
        assert journal.read("t", JOB, 8, 9) == (12, 0, b"")
        assert [chunk.n for chunk in journal.unanswered(0, 9)] == [4]
        for first in (0, 7):
            with pytest.raises(WireError, match="forgotten"):
                journal.read("t", JOB, first, 9)
        assert append(journal, submission(4, 12)) == (16, 4)


def test_an_answered_job_goes_after_its_time_and_one_that_waits_does_not(path: Path) -> None:
    today = [1e9]
    with Journal(path, today=lambda: today[0]) as journal:
        append(journal, submission(4))
        append(journal, submission(4, job=b"waits"))
        with journal.transaction():
            journal.answer(journal.unanswered(0, 1)[0].id, answers(4))
        for later, gone in ((KEPT_SECONDS - 60, 0), (KEPT_SECONDS + 60, 1), (KEPT_SECONDS + 60, 0)):
            today[0] = 1e9 + later
            with journal.transaction():
                assert journal.expire() == gone
        assert journal.read("t", b"waits", 0, 1) == (4, 0, b"")


def test_a_transaction_that_fails_writes_nothing_and_a_part_that_fails_only_itself(path: Path) -> None:
    with Journal(path) as journal:
        with suppress(RuntimeError), journal.transaction():
            journal.append(submission(4))
            raise RuntimeError
        assert journal.waiting() == 0
        with journal.transaction():
            with journal.part():
                journal.append(submission(4))
            with pytest.raises(WireError), journal.part():
                journal.append(submission(4, job=b"new", first=7))
        assert journal.waiting() == 4
        with pytest.raises(WireError):
            journal.read("t", b"new", 0, 1)


# ---- bad disks ----
def test_a_torn_end_of_the_log_loses_nothing_that_was_acknowledged(path: Path) -> None:
    writer = Journal(path)
    append(writer, submission(50))
    log = path.with_name(path.name + "-wal")
    files = {file: file.read_bytes() for file in (path, log)}
    append(writer, submission(50, 50))
    later = log.read_bytes()
    writer.close()
    random = Random(4)
    torn = [later[: len(files[log]) + random.randrange(len(later) - len(files[log]))] for _ in range(10)]
    garbage = [files[log] + random.randbytes(random.randrange(5000)) for _ in range(5)]
    for i, tail in enumerate([*torn, *garbage]):
        copy = path.with_name(f"copy{i}")
        copy.write_bytes(files[path])
        copy.with_name(copy.name + "-wal").write_bytes(tail)
        with Journal(copy) as journal:
            assert journal.waiting() == 50
            assert append(journal, submission(50, 50)) == (100, 50)


def test_a_full_disk_acknowledges_nothing_and_goes_on_when_there_is_room(path: Path) -> None:
    with Journal(path) as journal:
        append(journal, submission(10))
        (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
        journal._db.execute(f"PRAGMA max_page_count = {pages}")
        big = submission(2000, 10)
        for _ in range(3):
            with pytest.raises(JournalError, match="full"):
                append(journal, big)
            assert journal.waiting() == 10
        journal._db.execute("PRAGMA max_page_count = 1000000")
        assert append(journal, big) == (2010, 2000)
    with Journal(path) as journal:
        assert journal.waiting() == 2010


def test_a_journal_opens_on_a_disk_that_is_full(path: Path) -> None:
    """The limit on the size of files stands in for the disk: a server must answer blocks though it can keep no jobs."""
    writer = Journal(path)
    append(writer, submission(10))
    copy = path.with_name("copy")
    for suffix in ("", "-wal"):  # as after a kill
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    writer.close()
    code = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
from pathlib import Path
from coproc.cluster.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
Path({str(copy)!r} + "-shm").write_bytes(bytes(1 << 15))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, 1 << 15))
with Journal(Path({str(copy)!r})) as journal:
    print(journal.waiting())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.returncode) == ("10\n", 0), done.stderr


def test_a_write_that_fails_in_the_middle_acknowledges_nothing(path: Path) -> None:
    """The limit on the size of files stands in for a disk that is full in the middle of a write."""
    code = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
from pathlib import Path
from tests.cluster.test_journal import append, submission
from coproc.cluster.journal import Journal, JournalError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
total = 0
with Journal(Path({str(path)!r})) as journal:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    try:
        for k in range(100):
            total, _ = append(journal, submission(200, 200 * k, seed=k))
    except JournalError:
        print(total)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    total = int(done.stdout)
    assert 0 < total < 20_000
    with Journal(path) as journal:
        assert journal.waiting() == total
        assert append(journal, submission(200, total, seed=total // 200)) == (total + 200, 200)


def test_a_file_that_is_no_journal_is_refused_and_left_alone(path: Path) -> None:
    other = path.with_name("other")
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    path.write_bytes(b"no database" * 1000)
    for file in (other, path):
        before = file.read_bytes()
        with pytest.raises(JournalError, match=file.name):
            Journal(file)
        assert file.read_bytes()[200:] == before[200:]
    later = path.with_name("later")
    Journal(later).close()
    with sqlite3.connect(later) as db:
        db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(JournalError, match="format 9"):
        Journal(later)
    for wrong in (path.parent, path / "below", Path("/proc/none/journal")):
        with pytest.raises(InvalidInput):
            Journal(wrong)


def test_a_journal_has_one_server(path: Path) -> None:
    with Journal(path), pytest.raises(InvalidInput, match="another server"):
        Journal(path)


def test_requests_that_the_disk_changed_are_never_answered(path: Path) -> None:
    with Journal(path) as journal:
        append(journal, submission(5))
        journal._db.execute("UPDATE chunks SET items = zeroblob(length(items))")
        (chunk,) = journal.unanswered(0, 1)
        assert chunk.items is None
        fake = Fake()
        backlog = Backlog(journal, fake)
        until(lambda: backlog.answered == 5)
        backlog.close()
        found = journal.read("t", JOB, 0, 9)
        assert [a.status for a in frames.read_answers(found[2], ["hash"] * 5, "")] == ["unserved"] * 5
        assert fake.packed == []


# ---- the backlog ----
@pytest.fixture
def served(path: Path, tmp_path: Path) -> Iterator[tuple[Fake, Backlog, Client]]:
    fake = Fake()
    with Journal(path) as journal:
        backlog = Backlog(journal, fake)
        with serving(tmp_path / "s", fake, None, backlog), Client(tmp_path / "s") as client:
            yield fake, backlog, client
        backlog.close()


def fetch(client: Client, job: str, asked: list[Request], tenant: str = "") -> list[Answer]:
    ops = [request.op for request in asked]
    found: list[Answer] = []

    def more() -> bool:
        answers, total = client.results(job, ops[len(found) :], len(found), tenant)
        found.extend(answers)
        return len(found) == total == len(asked)

    until(more, 30)
    return found


def expected(asked: list[Request]) -> list[Answer]:
    return [answer(Request(request.op, request.args)) for request in asked]


def test_a_job_is_answered_and_read_back(served: tuple[Fake, Backlog, Client]) -> None:
    _, backlog, client = served
    asked = requests(3 * CHUNK + 7)
    assert client.submit("a", asked[:10], tenant="x") == 10
    assert client.submit("a", asked[10:], 10, tenant="x") == len(asked)
    assert client.submit("a", asked[10:], 10, tenant="x") == len(asked)
    assert fetch(client, "a", asked, "x") == expected(asked)
    assert (backlog.waiting, backlog.answered) == (0, len(asked))
    answers, total = client.results("a", [r.op for r in asked[-3:]], len(asked) - 3, "x", forget=True)
    assert (answers, total) == (expected(asked[-3:]), len(asked))
    with pytest.raises(WireError, match="forgotten"):
        client.results("a", ["hash"], 0, "x")
    with pytest.raises(WireError) as unknown:
        client.results("a", ["hash"], 0, "y")
    assert unknown.value.code == frames.UNKNOWN_JOB


def test_a_busy_batcher_is_asked_again_until_all_is_answered(served: tuple[Fake, Backlog, Client]) -> None:
    fake, _, client = served
    fake.room = 0
    asked = requests(50)
    client.submit("b", asked)
    assert client.results("b", ["hash"]) == ([], 50)
    fake.room = 1 << 20
    assert fetch(client, "b", asked) == expected(asked)


def test_what_nothing_could_run_runs_again_before_it_is_unserved(
    served: tuple[Fake, Backlog, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, backlog, client = served
    monkeypatch.setattr("coproc.cluster.backlog._PAUSE", (0.05, 0.05))
    fake.unserved = True
    client.submit("c", requests(5, 8))
    until(lambda: len(fake.packed) > 1)
    fake.unserved = False
    assert fetch(client, "c", requests(5, 8)) == expected(requests(5, 8))
    fake.unserved = True
    client.submit("d", requests(5))
    assert {a.status for a in fetch(client, "d", requests(5))} == {"unserved"}
    assert backlog.answered == 10


def test_a_full_disk_refuses_new_jobs_and_keeps_the_answers_of_old_ones(served: tuple[Fake, Backlog, Client]) -> None:
    fake, backlog, client = served
    fake.gate.clear()
    asked = requests(20)
    client.submit("old", asked)
    backlog._journal._db.execute("PRAGMA query_only = ON")  # nothing can be written
    fake.gate.set()
    with pytest.raises(WireError) as refused:
        client.submit("new", asked)
    assert refused.value.code == frames.JOURNAL
    assert refused.value.retry_after > 0
    until(lambda: backlog.failures >= 2)
    backlog._journal._db.execute("PRAGMA query_only = OFF")
    assert fetch(client, "old", asked) == expected(asked)
    assert client.submit("new", asked) == 20


def test_a_stopped_backlog_leaves_the_rest_to_the_next_server(path: Path) -> None:
    fake = Fake()
    fake.gate.clear()
    with Journal(path) as journal:
        for k in range(30):
            append(journal, submission(10, 10 * k, seed=k))
        backlog = Backlog(journal, fake)
        until(lambda: len(fake.packed) > 8)
        backlog.stop()
        fake.gate.set()
        until(lambda: backlog.answered > 0)
        backlog.close()
        assert 0 < journal.waiting() < 300
    with Journal(path) as journal:
        backlog = Backlog(journal, fake)
        until(lambda: backlog.waiting == 0)
        backlog.close()
        found = journal.read("t", JOB, 0, 999)
        asked = [request for k in range(30) for request in requests(10, k)]
        assert frames.read_answers(found[2], [request.op for request in asked], "remote") == expected(asked)


def test_many_clients_share_a_commit(path: Path) -> None:
    with Journal(path) as journal:
        backlog = Backlog(journal, Fake())
        futures = [backlog.submit(submission(3, job=b"%d" % i)) for i in range(300)]
        assert [future.result(30) for future in futures] == [3] * 300
        until(lambda: backlog.waiting == 0)
        backlog.close()


KILLED = """
import os, sys, threading
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.cluster.serving import Fake
from tests.cluster.test_journal import submission
from coproc.cluster.backlog import Backlog
from coproc.cluster.journal import Journal
backlog = Backlog(Journal(Path({path!r})), Fake())
first = int(sys.argv[1])
for k in range(first, 100_000):
    total = backlog.submit(submission(3, 3 * k, seed=k)).result()
    os.write(1, b"%d\\n" % total)
"""


def test_what_a_killed_process_acknowledged_is_answered_once(path: Path) -> None:
    code = KILLED.format(root=str(Path(__file__).resolve().parents[2]), path=str(path))
    random, total = Random(5), 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code, str(total // 3)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(random.randrange(3, 40)):
            total = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        rest = process.communicate()[0].split()  # of what is read already too; it was killed, so it ends
        total = int(rest[-1]) if rest else total
        with Journal(path) as journal:
            found, _, _ = journal.read("t", JOB, 0, 0)
            assert found in (total, total + 3)  # the last one may be on disk, its acknowledgement not
            total = found
    with Journal(path) as journal:
        backlog = Backlog(journal, Fake())
        until(lambda: backlog.waiting == 0)
        backlog.close()
        asked = [request for k in range(total // 3) for request in requests(3, k)]
        found_answers = journal.read("t", JOB, 0, 1 << 20)
        assert frames.read_answers(found_answers[2], [request.op for request in asked], "remote") == expected(asked)
