"""`python -m tests.cluster.ray_nowhere ADDRESS`: actors for which there is no place are given up. Prints why, one reason each, as JSON."""

from __future__ import annotations

import json
import sys
import time

from coproc.cluster.pools.ray import RayPool
from coproc.cluster.pools.ray_cluster import Place
from coproc.cluster.pools.ray_slot import Slot


def main(address: str) -> int:
    reasons = []
    with RayPool(address, start_seconds=2.0, most=0) as pool:
        with pool.state:
            pool.state.wait_for(pool.nodes, 60)
        for place in (Place(str(pool.nodes()[0]["NodeID"]), "gpu", 0), Place("f" * 56, "cpu", 0)):
            slot = Slot(place, "nowhere", pool.making)
            slot.pause, started = 0.0, time.monotonic()
            if slot.started() is not None or time.monotonic() - started > 30:
                return 1
            reasons.append(slot.reason)
    print(json.dumps(reasons))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
