"""`coproc serve` as operators run it: settings, real answers, SIGTERM, SIGKILL under load, slow and hostile clients."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

import coproc
from benches.soak import kill_server, slow_clients, steady
from coproc.cluster.client import Client, Disconnected
from coproc.cluster.frames import WireError
from coproc.cluster.server.settings import Settings, gather
from coproc.errors import InvalidInput
from coproc.operation import Request, Rules
from coproc.ops import OPERATIONS
from tests.cluster.forked import Forked
from tests.cluster.processes import Served


# ---- settings ----
@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def write(text: str) -> None:
        path = tmp_path / "coproc.toml"
        path.write_text(text)
        monkeypatch.setenv("COPROC_CONFIG", str(path))

    return write


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    file: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    file('engine = "cpu"\n[serve]\nuds = "file"\njournal = "file"\nmax_frame = 2000\nprocesses = true\nframe_seconds = 3\n')
    monkeypatch.setenv("COPROC_SERVE_JOURNAL", "environment")
    monkeypatch.setenv("COPROC_SERVE_MAX_FRAME", "3000")
    monkeypatch.setenv("COPROC_SERVE_LOG", "")
    settings = gather({"max_frame": 4000, "uds": None})
    assert (settings.uds, settings.journal, settings.max_frame) == ("file", "environment", 4000)
    assert (settings.processes, settings.frame_seconds, settings.log) == (True, 3.0, "json")
    assert gather({"processes": False}).processes is False


@pytest.mark.parametrize(
    "entry",
    ["unknown = 1", "max_frame = '1'", "max_frame = true", "uds = 1", "processes = 1", "journal = ''", "frame_seconds = 'x'", "[serve.x]"],
)
def test_an_entry_that_is_wrong_is_named(file: Callable[[str], None], entry: str) -> None:
    file(f"[serve]\n{entry}\n")
    with pytest.raises(InvalidInput, match=r"serve\.\w+"):
        gather({"uds": "s"})


@pytest.mark.parametrize(("name", "text"), [("MAX_FRAME", "x"), ("PROCESSES", "maybe"), ("FRAME_SECONDS", "soon")])
def test_a_variable_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(f"COPROC_SERVE_{name}", text)
    with pytest.raises(InvalidInput, match=f"COPROC_SERVE_{name}={text}"):
        gather({"uds": "s"})


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"uds": "s", "tls_cert": "c"},
        {"uds": "s", "tls_cert": "c", "tls_key": "k", "tls_client_ca": "a"},
        {"grpc": "0.0.0.0:1"},
        {"grpc": "example.org:1"},
        {"grpc": "localhost"},
        {"grpc": "localhost:x"},
        {"grpc": "localhost:65536"},
        {"uds": "s", "metrics": ":1"},
        {"uds": "s", "log": "xml"},
        {"uds": "s", "log_level": "loud"},
        {"uds": "s", "workers": 0},
        {"uds": "s", "drain_seconds": -1.0},
        {"uds": "s", "max_frame": 1},
        {"uds": "s", "max_bytes": 1},
        {"uds": "s", "max_message": 1},
        *({"uds": "s", "peers": peers} for peers in ("node", "uid:x=node", "uid:1=", "cn:=a", "uid:1=a/b", "uid:1=a uid:1=b", "pid:1=a")),
        {"uds": "s", "frame_seconds": 0.0},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Settings(**wrong)  # type: ignore[arg-type]


def test_loopback_needs_no_certificates() -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert Settings(grpc=f"{host}:0").grpc == f"{host}:0"


def test_what_is_wrong_is_said_in_one_line_with_status_2(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("mine")
    for options in (["--uds", str(taken)], [], ["--uds", str(tmp_path / "s"), "--engine", "none"], ["--uds", "s", "--config", "none"]):
        done = subprocess.run([sys.executable, "-m", "coproc", "serve", *options], capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith("coproc: ")


# ---- a server ----
def requests(n: int) -> list[Request]:
    random = Random(n)
    return [Request(random.choice(list(OPERATIONS)), random.randbytes(random.randrange(400)), Rules(fork="Boreas")) for _ in range(n)]


def test_answers_are_those_of_a_coprocessor_in_process(tmp_path: Path) -> None:
    asked = requests(300)
    with coproc.open("cpu:portable", workers=1) as cp:
        wanted = [tuple(answer[:4]) for answer in cp.run(asked)]
    with Served(tmp_path, "--metrics", "127.0.0.1:0", "--engine", "cpu:portable", "--workers", "1") as served:
        with Client(served.uds) as client:
            for kind in ("block", "mempool", "bulk"):
                assert [tuple(answer[:4]) for answer in client.run(asked, kind)] == wanted  # type: ignore[arg-type]
            told = client.describe()
            assert told["engines"] == ["cpu:portable"]
            assert [operation["name"] for operation in told["operations"]] == list(OPERATIONS)
            with urllib.request.urlopen(f"http://127.0.0.1:{served.told()['metrics_port']}/metrics", timeout=20) as page:
                metrics = dict(line.rsplit(" ", 1) for line in page.read().decode().splitlines() if not line.startswith("#"))
            assert sum(float(value) for name, value in metrics.items() if name.startswith("coproc_answers_total{")) == 900
            assert float(metrics["coproc_connections"]) == 1
            assert float(metrics['coproc_latency_seconds_count{class="bulk"}']) == 1
        assert served.stop() == 0
    assert not served.uds.exists()
    assert [json.loads(line)["event"] for line in served.log.read_text().splitlines()] == ["serving", "draining", "drained", "ended"]


def test_sigterm_answers_what_was_taken_and_nothing_more(tmp_path: Path) -> None:
    asked = requests(3000)
    with Served(tmp_path, "--workers", "1") as served, Client(served.uds) as client, Client(served.uds) as other:
        other.ping()
        with ThreadPoolExecutor(1) as threads:
            running = threads.submit(client.run, asked, "bulk")
            served.process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
            with suppress(WireError, Disconnected):  # where it came after the signal
                assert len(running.result(60)) == len(asked)
        assert served.process.wait(60) == 0  # type: ignore[union-attr]
        with pytest.raises((Disconnected, WireError)):
            other.run(asked[:1])


def test_a_second_server_is_refused_where_one_listens(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        command = [sys.executable, "-m", "coproc", "serve", "--uds"]
        for options in ([str(served.uds)], [str(tmp_path / "other"), "--journal", str(tmp_path / "journal")]):
            done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 2
            assert "another server" in done.stderr
        with Client(served.uds) as client:
            client.ping()


# ---- ends without a warning, and clients without manners ----
def test_a_server_killed_100_times_under_load_answers_each_acknowledged_request_once(tmp_path: Path) -> None:
    """R6."""
    with Forked(tmp_path, "--workers", "1") as served:
        result = kill_server.under_load(served, kills=100, clients=3, seed=6, between=(0.0, 0.1))
    assert result["kills"] == 100
    assert result["acknowledged"] > 1000
    assert result["lost_connections"] > 50


def test_a_server_that_is_killed_while_it_starts_comes_back(tmp_path: Path) -> None:
    """The whole command, imports and all."""
    served = Served(tmp_path, "--workers", "1")
    assert kill_server.under_load(served, kills=3, clients=2, seed=7, between=(0.0, 0.3))["kills"] == 3


def test_a_server_killed_with_100_000_queued_comes_back_and_answers_all_of_them(tmp_path: Path) -> None:
    served = Served(tmp_path, "--workers", "1")
    assert kill_server.with_a_queue(served, 100_000)["queued"] == 100_000


def test_slow_and_hostile_clients_cost_others_nothing(tmp_path: Path) -> None:
    with Served(tmp_path, "--workers", "1", "--frame-seconds", "2", journal=False) as served:
        result = slow_clients.run(served, 200, 50_000_000, 4, 12, 0.005, 25e6, lambda _: None)
        assert result["garbage_bytes"] >= 50_000_000
        assert result["growth_bytes"] < 64 << 20
        assert result["gone"] >= 200
        with Client(served.uds) as client:
            client.ping()
        assert served.stop() == 0


def test_a_server_whose_workers_are_killed_for_a_while_holds_what_it_held_and_logs_nothing_strange(tmp_path: Path) -> None:
    found = steady.soak(tmp_path, seconds=12.0, every=0.4, load=0.7, seed=21)
    assert found["wrong"] == found["unexplained"] == []
    assert found["unserved"] == 0
    assert found["kills"] > 3
    assert found["frames"] > 10
    for name in ("descriptors", "threads", "workers"):
        assert found["after"][name] == found["before"][name], name
    assert found["after"]["resident"] - found["before"]["resident"] < 32 << 20
