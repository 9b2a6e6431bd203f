"""Times the server beside the same work in process: a known answer, a block of PLONK proofs, a packed frame over gRPC.

    python -m benches.service [--rounds K] [--workers N] [--proofs N] [--out FILE] [--check]

A server runs in a process of its own. Rounds alternate between the server and the coprocessor in process with as many workers; requests are
distinct in every round, so nothing is remembered but in the first figure. The client of gRPC has its frame encoded, as a queue has it that
sends frames on; both processes keep freed memory (`coproc.cluster.freed`). What gRPC costs beyond the verification is a difference.
Writes benches/results/service-<cpu>.json and a table of the same name.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter_ns, process_time_ns
from typing import Any, Final

import grpc
import numpy as np

import coproc
from benches import machine, table
from coproc.cluster import frames
from coproc.cluster.client import Client
from coproc.cluster.freed import keep_freed
from coproc.cluster.server.schema import SERVICE, messages
from coproc.engine.select import select
from coproc.measure.requests import make
from coproc.operation import Request
from tests.cluster.processes import Served

SCHEMA = 1
TRIPS: Final = 20_000
P50_US: Final = 60.0
P99_US: Final = 250.0
BLOCK_RATIO: Final = 1.1
PACKED: Final = 1000
PACKED_BYTES: Final = 1900
BEYOND_MS: Final = 3.0
_TYPES: Final = messages()


def timed(run: Callable[[], Any]) -> tuple[int, Any]:
    start = perf_counter_ns()
    found = run()
    return perf_counter_ns() - start, found


def processor(pid: int) -> int:
    """Nanoseconds that the threads of a process, as far as they live, have run: what others do on the machine does not count."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def round_trips(client: Client, request: Request) -> dict[str, float]:
    """Microseconds from a request that the memo knows to its answer, this client's part counted in."""
    client.run([request])
    times = sorted(timed(lambda: client.run([request]))[0] / 1e3 for _ in range(TRIPS))
    return {"p50_us": round(times[TRIPS // 2], 1), "p99_us": round(times[TRIPS * 99 // 100], 1), "least_us": round(times[0], 1)}


def block(client: Client, pid: int, cp: coproc.Coprocessor, rounds: list[list[Request]]) -> dict[str, Any]:
    """Milliseconds of a block of proofs over the socket and in process, by turns; processor time of both ends together."""
    over, here, over_cpu, here_cpu = [], [], [], []
    for requests in rounds:
        before = processor(pid) + process_time_ns()
        ns, answers = timed(lambda requests=requests: client.run(requests))  # type: ignore[misc]
        over.append(ns / 1e6)
        over_cpu.append((processor(pid) + process_time_ns() - before) / 1e6)
        before = process_time_ns()
        ns, wanted = timed(lambda requests=requests: cp.run(requests))  # type: ignore[misc]
        here.append(ns / 1e6)
        here_cpu.append((process_time_ns() - before) / 1e6)
        if [a[:4] for a in answers] != [a[:4] for a in wanted] or not all(a.value is True for a in wanted):
            raise SystemExit("a true proof is refused")
    return {
        "proofs": len(rounds[0]), "socket_ms": round(median(over), 2), "process_ms": round(median(here), 2),
        "socket_least_ms": round(min(over), 2), "process_least_ms": round(min(here), 2),
        "ratio": round(median(a / b for a, b in zip(over, here, strict=True)), 3), "ratio_of_least": round(min(over) / min(here), 3),
        "socket_processor_ms": round(median(over_cpu), 2), "process_processor_ms": round(median(here_cpu), 2),
        "ratio_of_processor": round(median(over_cpu) / median(here_cpu), 3),
    }  # fmt: skip


def packed(channel: Any, pid: int, cp: coproc.Coprocessor, rounds: list[list[Request]]) -> dict[str, Any]:
    """Milliseconds of one packed frame over gRPC and of the same columns in process, by turns; processor time likewise."""
    call = channel.unary_unary(f"/{SERVICE}/Execute", None, _TYPES["ExecuteReply"].FromString)
    over, here, over_cpu, here_cpu = [], [], [], []
    for requests in rounds:
        asked = _TYPES["ExecuteRequest"](id=1, count=len(requests), body=frames.write_execute(requests, "bulk")).SerializeToString()
        before = processor(pid) + process_time_ns()
        ns, reply = timed(lambda asked=asked: call(asked, timeout=60))  # type: ignore[misc]
        over.append(ns / 1e6)
        over_cpu.append((processor(pid) + process_time_ns() - before) / 1e6)
        op, rules = requests[0].op, requests[0].rules
        data = np.frombuffer(b"".join(request.args for request in requests), np.uint8)
        offsets = np.zeros(len(requests) + 1, np.int64)
        np.cumsum([len(request.args) for request in requests], out=offsets[1:])
        before = process_time_ns()
        ns, columns = timed(lambda op=op, data=data, offsets=offsets, rules=rules: cp.run_columns(op, data, offsets, rules))  # type: ignore[misc]
        here.append(ns / 1e6)
        here_cpu.append((process_time_ns() - before) / 1e6)
        answers = frames.read_answers(reply.body, [op] * len(requests), "")
        if b"".join(answer.retbuf or b"" for answer in answers) != columns.retbuf.tobytes():
            raise SystemExit("an answer is wrong")
    return {
        "op": rounds[0][0].op, "requests": len(rounds[0]), "bytes_each": max(len(request.args) for request in rounds[0]),
        "grpc_ms": round(median(over), 2), "process_ms": round(median(here), 2), "beyond_ms": round(median(over) - median(here), 2),
        "grpc_least_ms": round(min(over), 2), "process_least_ms": round(min(here), 2), "beyond_least_ms": round(min(over) - min(here), 2),
        "beyond_processor_ms": round(median(over_cpu) - median(here_cpu), 2),
    }  # fmt: skip


def distinct(op: str, n: int, rounds: int, size: int | None = None) -> list[list[Request]]:
    requests = make(select("cpu"), op, n * rounds, size=size).requests
    return [requests[i * n : (i + 1) * n] for i in range(rounds)]


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, or 1 with --check where a wanted figure is missed."""
    parser = argparse.ArgumentParser(prog="python -m benches.service", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, metavar="K", help="rounds (15)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="threads that compute, here and there (1)")
    parser.add_argument("--proofs", type=int, default=300, metavar="N", help="PLONK proofs of a block (300)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/service-<cpu>.json)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a wanted figure is missed")
    args = parser.parse_args(argv)
    keep_freed()
    before = machine.describe(None)
    with tempfile.TemporaryDirectory(prefix="coproc-") as folder, coproc.open("auto", args.workers) as cp:
        options = ("--workers", str(args.workers), "--grpc", "127.0.0.1:0")
        with Served(Path(folder), *options, journal=False) as served, Client(served.uds) as client:
            address = served.told()["grpc"]
            known = round_trips(client, make(select("cpu"), "verify_plonk", 1).requests[0])
            proofs = block(client, served.pid, cp, distinct("verify_plonk", args.proofs, args.rounds))
            with grpc.insecure_channel(address) as channel:
                bulk = [
                    packed(channel, served.pid, cp, distinct("sha256", PACKED, args.rounds, PACKED_BYTES)),
                    packed(channel, served.pid, cp, distinct("verify_schnorr", PACKED, args.rounds)),
                ]
    met = {
        "known p50": known["p50_us"] <= P50_US, "known p99": known["p99_us"] <= P99_US, "block": proofs["ratio_of_least"] <= BLOCK_RATIO,
        **{f"packed {row['op']}": row["beyond_least_ms"] <= BEYOND_MS for row in bulk},
    }  # fmt: skip
    result = {
        "bench": "service", "schema": SCHEMA, "at": machine.stamp(), **machine.commit(), "machine": before,
        "load_after": machine.describe(None)["load"], "engine": cp.engine.name, "workers": args.workers, "rounds": args.rounds,
        "known": known, "block": proofs, "packed": bulk, "met": met,
    }  # fmt: skip

    def verdict(name: str) -> str:
        return "met" if met[name] else "MISSED"

    lines = [
        ["a known answer over the socket, Python client, p50", f"{known['p50_us']} µs", "", f"≤ {P50_US} µs {verdict('known p50')}"],
        ["the same, p99", f"{known['p99_us']} µs", "", f"≤ {P99_US} µs {verdict('known p99')}"],
        [f"{args.proofs} verify_plonk, least", f"{proofs['socket_least_ms']} ms", f"{proofs['process_least_ms']} ms",
         f"{proofs['ratio_of_least']}×, wanted ≤ {BLOCK_RATIO}× {verdict('block')}"],
        [f"{args.proofs} verify_plonk, processor time, both ends", f"{proofs['socket_processor_ms']} ms",
         f"{proofs['process_processor_ms']} ms", f"{proofs['ratio_of_processor']}×"],
        [f"{args.proofs} verify_plonk, median", f"{proofs['socket_ms']} ms", f"{proofs['process_ms']} ms", f"{proofs['ratio']}×"],
        *([f"gRPC, {row['requests']:,} {row['op']} of {row['bytes_each']:,} B, least", f"{row['grpc_least_ms']} ms",
           f"{row['process_least_ms']} ms", f"{row['beyond_least_ms']} ms beyond, wanted ≤ {BEYOND_MS} ms {verdict('packed ' + row['op'])}"]
          for row in bulk),
        *([f"the same, {row['op']}, processor time, both ends", "", "", f"{row['beyond_processor_ms']} ms beyond"] for row in bulk),
    ]  # fmt: skip
    text = f"# The server on {before['cpu']} (family {before['family']}, model {before['model']})\n\nCommit {result['commit']}"
    text += f"{' with changes' if result['changed'] else ''}, {result['at']}, {cp.engine.name}, {args.workers} worker(s), "
    text += f"{args.rounds} rounds, load {before['load'][0]:.1f} before and {result['load_after'][0]:.1f} after "
    text += f"on {before['processors']} processors.\n\n"
    text += table.markdown(["", "server", "in process", ""], lines)
    table.write(args.out or machine.RESULTS / f"service-{machine.slug(before)}.json", result, text)
    print(text)
    return 1 if args.check and not all(met.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
