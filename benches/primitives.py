"""Times the primitives of the C ABI, instruction set by instruction set, beside the peers' libraries in one run on one thread.

    python -m benches.primitives [--rounds K] [--peers PROGRAM] [--peers-go PROGRAM] [--only PART ...] [--out FILE]

Rounds are interleaved (ours, a peer, ours, a peer); a figure is the median over the rounds of the smallest of many samples, a ratio
the median over the rounds of ours by the best peer's. Writes benches/results/primitives-<cpu>.json and a table of the same name.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from benches import machine, table, wanted
from benches.kernels import BuildFailed, Kernels, build
from benches.peers.cpu import RIVALS, CpuPeers, Figure, Key, PeerFailed, figures, program
from coproc.measure.peers import build as build_peers

Rounds = dict[Key, dict[str, list[float]]]
"""Figure -> library -> nanoseconds an item, one entry a round."""

SCHEMA = 1


def rival(key: Key) -> Key:
    """The peers' figure that one of ours is compared with: a batch of single operations with the operation itself."""
    curve, op, _ = key
    if op.endswith("_batch") and op.startswith(("g1_", "g2_", "hash_")):
        single = op.removesuffix("_batch")
        return curve, single, 32 if single == "hash_g1" else 1
    return key


def measure(kernels: Kernels, isas: list[str], peers: CpuPeers, rounds: int) -> tuple[Rounds, Rounds]:
    """Ours and the peers', round by round: before each library of the peers, one instruction set of ours.

    Every instruction set and every peer is timed once a round; where there are more peers than instruction sets, ours are spread.
    """
    ours: Rounds = defaultdict(lambda: defaultdict(list))
    theirs: Rounds = defaultdict(lambda: defaultdict(list))

    def note(into: Rounds, found: list[Figure]) -> None:
        for figure in found:
            into[figure.key][figure.lib].append(figure.ns)

    commands = peers.commands()
    for k in range(rounds):
        queue = list(isas)
        for i, command in enumerate(commands):
            if queue and i * len(isas) >= (len(isas) - len(queue)) * len(commands):
                isa = queue.pop(0)
                machine.say(f"round {k + 1} of {rounds}: cpu:{isa}")
                note(ours, kernels.figures(isa))
            machine.say(f"round {k + 1} of {rounds}: {' '.join([Path(command[0]).name, *command[1:]])}")
            note(theirs, list(figures(command)))
        for isa in queue:
            machine.say(f"round {k + 1} of {rounds}: cpu:{isa}")
            note(ours, kernels.figures(isa))
    return ours, theirs


def spread(values: list[float]) -> dict[str, Any]:
    return {"median": round(median(values), 2), "min": min(values), "max": max(values), "rounds": values}


def ratio(ours: list[float], peers: dict[str, list[float]], against: tuple[str, ...]) -> tuple[str, float] | None:
    """The best of the peers by its median, and the median over the rounds of ours by its figure; None without a peer."""
    present = [lib for lib in against if lib in peers]
    if not present:
        return None
    best = min(present, key=lambda lib: median(peers[lib]))
    return best, round(median(a / b for a, b in zip(ours, peers[best], strict=True)), 4)


def report(ours: Rounds, theirs: Rounds) -> list[dict[str, Any]]:
    """One row a figure of ours."""
    rows = []
    for key, engines in ours.items():
        peers = theirs.get(rival(key), {})
        row: dict[str, Any] = {"curve": key[0], "op": key[1], "n": key[2], "unit": "ns"}
        row["ours"] = {engine: spread(values) for engine, values in engines.items()}
        row["peers"] = {lib: spread(values) for lib, values in peers.items()}
        row["best_peer"], row["ratio"], row["wanted"] = None, {}, {}
        for engine, values in engines.items():
            if found := ratio(values, peers, RIVALS) or ratio(values, peers, tuple(peers)):
                row["best_peer"], row["ratio"][engine] = found
            want = wanted.PRIMITIVES.get((engine, key))
            if want and (found := ratio(values, peers, want.against)):
                row["wanted"][engine] = {"ratio": want.ratio, "against": found[0], "measured": found[1], "met": found[1] <= want.ratio}
        rows.append(row)
    return rows


def render(rows: list[dict[str, Any]]) -> str:
    """The table: ours, the peers, ours by the best peer, and what was wanted."""
    engines = list(dict.fromkeys(engine for row in rows for engine in row["ours"]))
    rivals = [lib for lib in RIVALS if any(lib in row["peers"] for row in rows)]
    others = any(lib not in RIVALS for row in rows for lib in row["peers"])
    compared = [engine for engine in engines if any(engine in row["ratio"] for row in rows)]
    header = ["figure", *engines, *rivals, *(["other"] if others else []), *(f"{engine} / best" for engine in compared), "wanted"]
    lines = []
    for row in rows:
        cells = [" ".join(filter(None, [row["curve"], row["op"], str(row["n"])]))]
        cells += [table.duration(row["ours"].get(engine, {}).get("median")) for engine in engines]
        cells += [table.duration(row["peers"].get(lib, {}).get("median")) for lib in rivals]
        if others:
            cells.append(", ".join(f"{lib} {table.duration(t['median'])}" for lib, t in row["peers"].items() if lib not in RIVALS))
        cells += [f"{row['ratio'][engine]:.3f}" if engine in row["ratio"] else "–" for engine in compared]
        wants = [f"{engine} ≤ {w['ratio']}: {w['measured']} {'met' if w['met'] else 'MISSED'}" for engine, w in row["wanted"].items()]
        lines.append([*cells, "; ".join(wants)])
    return table.markdown(header, lines)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.primitives", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, metavar="K", help="interleaved rounds (3)")
    parser.add_argument("--peers", metavar="PROGRAM", help="the harness of blst, arkworks, halo2curves (or COPROC_CPU_PEERS)")
    parser.add_argument("--peers-go", metavar="PROGRAM", help="the harness of gnark-crypto (or COPROC_CPU_PEERS_GO)")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--isa", action="append", metavar="NAME", help="instruction set, several times for several (ifma, adx, portable)")
    parser.add_argument("--only", nargs="+", default=[], metavar="PART", help="figures whose operation has one of these parts in its name")
    parser.add_argument("--max-log", type=int, default=14, metavar="L", help="largest task 2^L (14)")
    parser.add_argument("--budget-ms", type=float, default=150, metavar="MS", help="time on a figure of ours (150)")
    parser.add_argument("--cpu", type=int, metavar="N", help="processor to stay on (the first allowed)")
    parser.add_argument("--program", type=Path, metavar="FILE", help="a coproc-bench that is built already")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/primitives-<cpu>.json)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a wanted figure is missed")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 with --check where a wanted figure is missed, 2 where something could not run."""
    args = arguments(argv)
    try:
        rust, go = (
            (None, None) if args.no_peers else (program(args.peers, "COPROC_CPU_PEERS"), program(args.peers_go, "COPROC_CPU_PEERS_GO"))
        )
        if not args.no_peers and (rust is None or go is None):
            built, unbuilt = build_peers()
            for sentence in unbuilt:
                machine.say(f"left out: {sentence}")
            rust, go = rust or built.get("rust"), go or built.get("go")
        peers = CpuPeers(rust, go, args.max_log)
        kernels = Kernels(args.program or build(), args.budget_ms, 1 << args.max_log, tuple(args.only))
        cpu = machine.pin(args.cpu)
        tools = {isa: kernels.tools(isa) for isa in args.isa or ("ifma", "adx", "portable")}
        usable = [isa for isa, told in tools.items() if isinstance(told, dict)]
        for told in tools.values():
            if isinstance(told, str):
                machine.say(f"left out: {told}")
        for missing in peers.missing():
            machine.say(f"left out: {missing}")
        before = machine.describe(cpu)
        ours, theirs = measure(kernels, usable, peers, args.rounds)
    except (BuildFailed, PeerFailed) as error:
        machine.say(f"benches.primitives: {error}")
        return 2
    rows = report(ours, theirs)
    result = {
        "bench": "primitives", "schema": SCHEMA, "at": machine.stamp(), **machine.commit(), "machine": before,
        "load_after": machine.describe(cpu)["load"], "tools": tools, "rounds": args.rounds, "budget_ms": args.budget_ms,
        "threads": 1, "absent": peers.missing(), "rows": rows,
    }  # fmt: skip
    wants = [w for row in rows for w in row["wanted"].values()]
    text = f"# Primitives on {before['cpu']} (family {before['family']}, model {before['model']})\n\n"
    text += (
        f"Commit {result['commit']}{' with changes' if result['changed'] else ''}, {result['at']}, {args.rounds} rounds, one thread.\n\n"
    )
    text += "".join(f"Left out: {missing}.\n\n" for missing in peers.missing()) + render(rows)
    if wants:
        text += f"\n\n{sum(w['met'] for w in wants)} of {len(wants)} wanted figures met."
    table.write(args.out or machine.RESULTS / f"primitives-{machine.slug(before)}.json", result, text)
    print(text)
    return 1 if args.check and not all(w["met"] for w in wants) else 0


if __name__ == "__main__":
    sys.exit(main())
