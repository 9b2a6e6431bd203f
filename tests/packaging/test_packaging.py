"""The files in `packaging` name what exists: metrics and their labels, settings, options, pinned requirements."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

from coproc.cluster.audit import Counts
from coproc.cluster.frames import MALFORMED
from coproc.cluster.memo import Memo
from coproc.cluster.server import serve
from coproc.cluster.server.counters import Counters
from coproc.cluster.server.metrics import Collector
from coproc.cluster.server.settings import Settings, gather
from coproc.cluster.service import Stats
from tests.cluster.serving import Fake

HOME = Path(__file__).resolve().parents[2]
PACKAGING = HOME / "packaging"


class _Busy(Fake):
    """A service with a figure in every family."""

    def stats(self) -> Stats:
        return Stats(waiting={"block": 1}, seconds={"hash": 1.0}, requests={"hash": 1})


class _Socket:
    connections, held = 1, 1


class _Backlog:
    waiting, answered, failures = 1, 1, 0


class _Audited:
    """What `serve` makes of a cluster."""

    remote_capacity = 0

    def counts(self) -> Counts:
        return Counts()

    def close(self) -> None:
        pass


@cache
def further() -> dict[str, float]:
    """The figures of worker processes and of the audit."""
    figures: dict[str, float] = {}
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(serve, "_cluster", lambda *_: _Audited())
        for settings in (
            Settings(uds="s", processes=True, workers=1, engine="cpu"),
            Settings(uds="s", cluster="auto", workers=1, engine="cpu"),
        ):
            *_, told = serve.pools(settings, stack)
            figures |= told()
    return figures


def exposed() -> dict[str, set[str]]:
    """Every sample that a server exposes, with its labels."""
    counters = Counters()
    counters.latency["block"].add(1e-3)
    counters.closed["idle"] += 1
    counters.errors[MALFORMED] += 1
    parts: Any = _Socket(), _Backlog()
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    families = [*registry.collect(), *Collector("1", lambda: ("spec",), _Busy(), Memo(), counters, *parts, further).collect()]
    found: dict[str, set[str]] = {}
    for family in families:
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def expressions() -> list[str]:
    """Of the dashboard and the alerts."""
    dashboard = json.loads((PACKAGING / "grafana" / "coproc.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    return asked + re.findall(r"^\s+expr: (.+)$", (PACKAGING / "alerts.yml").read_text(), re.M)


def test_every_metric_of_the_dashboard_and_the_alerts_exists_with_its_labels() -> None:
    known, asked = exposed(), expressions()
    assert len(asked) > 30
    for expression in asked:
        names = re.findall(r"\b(?:coproc|process)_\w+", expression)
        assert names or expression.startswith("up{"), expression
        for name in names:
            assert name in known, f"{name} in {expression}"
        labels = {label for name in names for label in known[name]} | {"job", "le"}
        used = re.findall(r"(\w+)=~?\"", expression) + [
            label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")
        ]
        assert set(used) <= labels, expression


def test_the_metrics_that_somebody_must_look_at_are_on_the_dashboard() -> None:
    shown = set(re.findall(r"\bcoproc_\w+", " ".join(expressions())))
    own = {name for name in exposed() if name.startswith("coproc_") and not name.endswith(("_created", "_count", "_sum"))}
    assert own - shown == {"coproc_frames_total", "coproc_requests_answered_total", "coproc_requests_memo_hits_total"}


def test_panels_of_the_dashboard_do_not_overlap_and_say_their_legend() -> None:
    dashboard = json.loads((PACKAGING / "grafana" / "coproc.json").read_text())
    cells: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        here = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & here, panel["title"]
        cells |= here
        for target in panel["targets"]:
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= {
                label for name in re.findall(r"coproc_\w+", target["expr"]) for label in exposed()[name]
            }
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


# ---- unit and settings ----
def unit() -> dict[str, list[str]]:
    """The section [Service]: name -> values."""
    found: dict[str, list[str]] = {}
    section = (PACKAGING / "coproc.service").read_text().split("[Service]", 1)[1].split("[Install]", 1)[0]
    for line in section.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_and_its_settings_start_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    service = unit()
    assert service["ExecStart"] == ["/opt/coproc/bin/coproc serve"]
    for text in service["Environment"]:
        name, _, value = text.partition("=")
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COPROC_CONFIG", str(PACKAGING / "coproc.toml"))
    settings = gather({})
    assert settings.uds == "/run/coproc/coproc.sock"
    assert settings.journal == "/var/lib/coproc/jobs"
    assert settings.processes
    (stop,), (files,) = service["TimeoutStopSec"], service["LimitNOFILE"]
    assert settings.drain_seconds < int(stop.removesuffix("s"))
    assert int(files) > settings.max_connections + 512
    folders = {"/run": "RuntimeDirectory", "/var/lib": "StateDirectory", "/var/cache": "CacheDirectory"}
    for place, name in folders.items():
        assert service[name] == ["coproc"], place
        assert service[f"{name}Mode"] == ["0700"]


def test_the_unit_gives_nothing_away() -> None:
    service = unit()
    assert service["User"] == ["coproc"]
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "RestrictSUIDSGID", "MemoryDenyWriteExecute"):
        assert service[name] == ["yes"], name
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == [""]
    assert service["ProtectSystem"] == ["strict"]
    assert service["Type"] == ["notify"]
    assert "Restart" in service


# ---- container ----
def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (PACKAGING / "Containerfile").read_text(), flags=re.M).replace("\\\n", " ")
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in text.splitlines() if line.strip()]


def test_the_container_has_stages_and_a_user_and_starts_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    found = instructions()
    last = len(found) - 1 - [name for name, _ in found[::-1]].index("FROM")
    assert sum(name == "FROM" for name, _ in found) == 3
    final = dict(found[last:])
    assert final["USER"] == "coproc"
    assert "COPY" in final
    assert "g++" not in " ".join(text for _, text in found[last:])
    assert (json.loads(final["ENTRYPOINT"]), json.loads(final["CMD"])) == (["coproc"], ["serve"])
    for word in shlex.split(final["ENV"]):
        name, _, value = word.partition("=")
        if name.startswith("COPROC_SERVE"):
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("COPROC_CONFIG", raising=False)
    assert gather({}).uds == "/run/coproc/coproc.sock"


def test_what_the_container_copies_is_there_and_not_ignored() -> None:
    ignored = (PACKAGING / "Containerfile.dockerignore").read_text().splitlines()
    for name, text in instructions():
        if name == "COPY" and "--from" not in text:
            *sources, _ = text.split()
            for source in sources:
                assert (HOME / source).exists(), source
                assert any(f"!{part}" in ignored for part in (source, source.split("/")[0])), source


def test_the_container_copies_every_folder_that_the_package_links_to() -> None:
    """`coproc/vm` and its like are links to folders beside it: without its folder a link hangs, and the wheel lacks that part."""
    copied = {source for name, text in instructions() if name == "COPY" and "--from" not in text for source in text.split()[:-1]}
    linked = {path.readlink().name for path in (HOME / "coproc").iterdir() if path.is_symlink()}
    assert {"kernels_cpu", "kernels_cuda", "vm", "cluster"} <= linked
    assert linked <= copied


def test_what_builds_the_wheel_is_pinned() -> None:
    """The pattern of the container file finds, in the locked requirements, what the build system asks for and what that needs."""
    pattern = re.search(r"/\^\(([\w|-]+)\)==/", (PACKAGING / "Containerfile").read_text())
    assert pattern is not None
    names = pattern.group(1).split("|")
    locked = (HOME / "requirements" / "setup.txt").read_text()
    for name in names:
        assert re.search(rf"^{name}==[\d.]+ \\\n    --hash", locked, re.M), name
    asked = tomllib.loads((HOME / "pyproject.toml").read_text())["build-system"]["requires"]
    assert {re.split(r"[><=]", text)[0] for text in asked} <= set(names)


def test_the_example_of_prometheus_scrapes_where_the_settings_serve() -> None:
    port = tomllib.loads((PACKAGING / "coproc.toml").read_text())["serve"]["metrics"]
    assert f'targets: ["{port}"]' in (PACKAGING / "prometheus.yml").read_text()
