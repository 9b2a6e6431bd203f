"""The cluster itself: how this process enters it, and which places its nodes have."""

from __future__ import annotations

import logging
import os
import socket
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from coproc.errors import EngineUnavailable

from ..laptop import QUIET, known, token

_CONNECT_SECONDS: Final = 5.0


class Place(NamedTuple):
    """Where an actor runs: the slot of a node."""

    node: str
    kind: str  # "cpu" or "gpu"
    number: int


def places(node: dict[str, Any]) -> list[tuple[Place, str]]:
    """The slots of a node: a GPU takes a CPU along. Names are those of people: address, some digits of the node's id, slot."""
    id, resources = str(node["NodeID"]), node.get("Resources", {})
    cpus, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
    found = [Place(id, "gpu", i) for i in range(min(gpus, cpus))] + [Place(id, "cpu", i) for i in range(max(0, cpus - gpus))]
    return [(place, f"{node['NodeManagerAddress']}/{id[:8]}/{place.kind}{place.number}") for place in found]


def checked(address: str) -> str:
    """The address, HOST:PORT or "auto". Raises EngineUnavailable where it is neither, or Ray is not installed."""
    if find_spec("ray") is None:
        raise EngineUnavailable("Ray is not installed: pip install 'coproc[cluster]'")
    host, _, port = address.rpartition(":")
    if address != "auto" and not (host and port.isdecimal()):
        raise EngineUnavailable(f"cluster {address}: HOST:PORT or auto is wanted")
    return address


def unreachable(address: str) -> str:
    """Why nobody listens there; "" where somebody does, or where only Ray knows ("auto" without a cluster of `coproc cluster up`)."""
    laptop = known()
    if laptop is not None and address == "auto":
        address = laptop.address
    if address == "auto":
        return ""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
    except OSError as error:
        return f"cluster {address}: cannot be reached: {error.strerror or error}"
    return ""


def connected(address: str) -> Any:
    """Ray, inside a cluster. This process belongs to Ray from then on: it is ended with the raylet. Raises EngineUnavailable."""
    why = unreachable(checked(address))
    if why:
        raise EngineUnavailable(why)
    laptop = known()
    if laptop is not None and address in ("auto", laptop.address):
        address = laptop.address
        os.environ |= token()
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray: Any = import_module("ray")
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
    except Exception as error:
        hint = "; coproc cluster up starts one" if address == "auto" else ""
        raise EngineUnavailable(f"cluster {address}: {str(error).splitlines()[0]}{hint}") from None
    return ray
