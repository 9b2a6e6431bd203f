"""Commits to a store until it is killed: `python -m tests.vm.state_writer PATH SEED`, a root a line.

Each commit deploys a contract, or writes pages of one there is; now and then old commits are deleted and their space is freed.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from coproc.vm.state import NewContract, Store
from tests.vm.histories import Session


def main() -> None:
    path, rng = Path(sys.argv[1]), random.Random(sys.argv[2])
    with Store(path) as store:
        print("open", flush=True)
        while True:
            with store.open(store.head()) as view:
                session = Session(view)
                known = sorted(view.contracts())
                if not known or rng.random() < 0.2:
                    contract = rng.randbytes(32)
                    session.deploy(contract, NewContract(rng.randbytes(rng.randrange(100_000)), b"owner", False), 1 << 24)
                else:
                    contract = rng.choice(known)
                for _ in range(rng.randint(1, 12)):
                    session.write(contract, rng.randrange(1 << 24), rng.randbytes(8))
                root = store.commit(view.root, session.changes())
            print(root.hex(), flush=True)
            if rng.random() < 0.1:
                for old in store.roots()[:-3]:
                    store.delete(old)
                store.collect()


if __name__ == "__main__":
    main()
