"""`coproc cluster`: what it says. That there is a cluster then is tested in tests/cluster/test_ray.py."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from coproc.cluster import laptop as real
from coproc.cluster.laptop import Laptop
from coproc.errors import EngineUnavailable
from tests.cli.conftest import Cli

NODES = [
    {"address": "10.0.0.1", "id": "abababab", "alive": True, "cpus": 2, "gpus": 0},
    {"address": "10.0.0.2", "id": "cdcdcdcd", "alive": True, "cpus": 2, "gpus": 1},
    {"address": "10.0.0.3", "id": "efefefef", "alive": False, "cpus": 4, "gpus": 0},
]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A laptop without Ray. `known` and `nodes` can be set."""
    made = SimpleNamespace(started=None, nodes=NODES)

    def up(nodes: int, cpus: int | None, port: int) -> Laptop:
        made.started = Laptop(f"127.0.0.1:{port}", [1])
        return made.started

    def nodes_of(address: str) -> list[dict[str, Any]]:
        if not made.nodes:
            raise EngineUnavailable(f"cluster {address}: nobody there")
        return made.nodes

    def down() -> Laptop | None:
        was, made.started = made.started, None
        return was

    made.up, made.nodes_of, made.down, made.known = up, nodes_of, down, lambda: made.started
    made.workers_of = lambda address: {"10.0.0.1/abababab/cpu0": "cpu:adx"}
    monkeypatch.setattr("coproc.cli.cluster._laptop", lambda: made)
    return made


@pytest.mark.usefixtures("fake")
def test_up_says_what_uses_the_cluster_and_what_ends_it(cli: Cli) -> None:
    ran = cli("cluster", "up", "--nodes", 2, "--port", 7000)
    assert ran.status == 0
    assert "starting 2 nodes on this machine" in ran.err
    assert "cluster 127.0.0.1:7000 is up: coproc verify --cluster auto uses it, coproc cluster down ends it" in ran.err
    assert "cluster 127.0.0.1:7000 is down" in cli("cluster", "down").err
    assert "no cluster was started here" in cli("cluster", "down").err


def test_status_counts_what_is_alive_and_says_whose_it_is(cli: Cli, fake: SimpleNamespace) -> None:
    ran = cli("cluster", "status", "--address", "10.0.0.1:6379", "--workers")
    lines = ran.out.decode().splitlines()
    assert lines[0] == "cluster 10.0.0.1:6379: 2 nodes alive, 4 CPU and 1 GPU slots"
    assert lines[1:4] == [
        "node 10.0.0.1/abababab  alive  2 CPU  0 GPU",
        "node 10.0.0.2/cdcdcdcd  alive  2 CPU  1 GPU",
        "node 10.0.0.3/efefefef  dead  4 CPU  0 GPU",
    ]
    assert lines[4] == "worker 10.0.0.1/abababab/cpu0  cpu:adx"
    cli("cluster", "up", "--port", 7000)
    assert cli("cluster", "status").out.decode().startswith("cluster 127.0.0.1:7000, started here: 2 nodes alive")
    assert json.loads(cli("cluster", "status", "--json").out)["nodes"] == NODES
    fake.nodes = [NODES[2]]
    assert cli("cluster", "status").status == 1


def test_status_without_a_cluster_says_that_none_was_started_here(cli: Cli, fake: SimpleNamespace) -> None:
    fake.nodes = []
    ran = cli("cluster", "status")
    assert (ran.status, ran.out) == (2, b"")
    assert "no cluster was started here; looking for another one on this machine" in ran.err
    assert "nobody there" in ran.err


def test_a_port_that_is_taken_is_named_at_once(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("COPROC_CACHE_DIR", str(tmp_path))
    with socket.create_server((real.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        ran = cli("cluster", "up", "--port", port)
    assert ran.status == 2
    assert f"something listens at port {port} already: --port takes another one" in ran.err
    assert list(tmp_path.iterdir()) == [], "no token is made for nothing"
