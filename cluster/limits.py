"""`Limits`: how much may wait, how long a batch waits for company, and how the machine is shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from coproc.ops.shape import MAX_BATCH

from .ticket import Kind


def _by_kind(block: float, mempool: float, bulk: float) -> Mapping[Kind, float]:
    return MappingProxyType({"block": block, "mempool": mempool, "bulk": bulk})


@dataclass(frozen=True)
class Limits:
    """What is bounded and by how much; requests are held from when they are taken until they are answered.

    max_requests, max_bytes   held in all; bytes of arguments
    max_seconds               of work held in all, as estimated, for each batch that runs at once
    tenant_part               of these three that one tenant may hold
    fill                      of these three that a class and those less urgent may hold together, so that bulk leaves room for blocks
    shares                    of the machine that a class has at least while it has work, whatever more urgent ones ask for
    linger                    seconds that a request waits for company while the pool is idle
    batch_seconds             of work in one batch: how long more urgent requests wait for a place
    batch_requests, batch_bytes  in one batch
    margin                    seconds before its deadline at which an answer is wanted
    doubtful_weight           share of a tenant whose requests are mostly refused, against 1 of the others; also of what it may hold
    doubtful_seconds          of work in one batch of such tenants, so that others who ask again wait little
    max_tenants               whose past is remembered
    """

    max_requests: int = 65_536
    max_bytes: int = 512 << 20
    max_seconds: float = 60.0
    tenant_part: float = 0.5
    fill: Mapping[Kind, float] = field(default_factory=lambda: _by_kind(1.0, 0.75, 0.5))
    shares: Mapping[Kind, float] = field(default_factory=lambda: _by_kind(1.0, 0.2, 0.1))
    linger: Mapping[Kind, float] = field(default_factory=lambda: _by_kind(0.0, 0.005, 0.02))
    batch_seconds: Mapping[Kind, float] = field(default_factory=lambda: _by_kind(0.25, 0.1, 0.1))
    batch_requests: int = MAX_BATCH
    batch_bytes: int = 16 << 20
    margin: float = 0.002
    doubtful_weight: float = 0.25
    doubtful_seconds: float = 0.004
    max_tenants: int = 4096
