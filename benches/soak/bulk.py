"""`coproc verify` of a million lines: bounded memory, and after `kill -9` in the middle nothing lost and nothing answered twice.

    python -m benches.soak.bulk [--lines N] [--proofs N] [--format jsonl|parquet] [--alone] [--kill PART] [--folder DIR] [--out FILE]

The lines are digests, each of its own text, and one in `--proofs` is a KZG proof, some of them false. Without `--alone` they go to a Ray
cluster of this machine, started for it. The job is killed when it has answered that part of the lines, and goes on with `--resume`. Every
line of the answers is compared with what it must be. Writes benches/results/soak-bulk-<format>-<cpu>.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import coproc
from coproc.cluster import laptop
from coproc.engine.protocol import Layout
from coproc.measure.requests import make
from coproc.operation import Request, Rules
from coproc.wire import rkyv

from . import result

PORT = 6419
DISTINCT = 512
FALSE = 7  # proofs, one in so many
RULES = Rules("V3", "Boreas")


@dataclass(frozen=True)
class Lines:
    """The requests of a job, by number, and their answers."""

    count: int
    one_in: int
    proofs: list[Request]
    verdicts: list[bool]

    @classmethod
    def of(cls, count: int, one_in: int) -> Lines:
        with coproc.open(workers=1) as cp:
            proofs = list(make(cp.engine, "verify_kzg_proof", DISTINCT).requests)
            for i in range(0, DISTINCT, FALSE):  # under the commitment of another one
                proofs[i] = proofs[i]._replace(args=proofs[i - 1].args[:48] + proofs[i].args[48:])
            return cls(count, one_in, proofs, [answer.value is True for answer in cp.run(proofs)])

    def request(self, i: int) -> Request:
        if i % self.one_in == 0:
            return self.proofs[i // self.one_in % DISTINCT]
        return Request("sha256", rkyv.write(Layout.BYTES, [b"line %d" % i]), RULES)

    def answer(self, i: int) -> bool | str:
        if i % self.one_in == 0:
            return self.verdicts[i // self.one_in % DISTINCT]
        return sha256(b"line %d" % i).hexdigest()

    def write(self, path: Path) -> None:
        """JSONL, or Parquet by the name of the file."""
        if path.suffix == ".jsonl":
            with path.open("w", encoding="utf-8") as file:
                for row in self._rows():
                    file.write(json.dumps(row | {"argbuf": row["argbuf"].hex()}) + "\n")
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = self._rows()
        schema = pa.schema([("id", pa.string()), *((name, pa.string()) for name in ("op", "plonk", "fork")), ("argbuf", pa.binary())])
        with pq.ParquetWriter(path, schema) as writer:
            while some := list(islice(rows, 50_000)):
                writer.write_table(pa.Table.from_pylist([row | {"id": str(row["id"])} for row in some], schema=schema))

    def _rows(self) -> Iterator[dict[str, Any]]:
        for i in range(self.count):
            request = self.request(i)
            yield {"id": i, "op": request.op, "plonk": request.rules.plonk, "fork": request.rules.fork, "argbuf": request.args}

    def compare(self, path: Path) -> int:
        """How many answers are wrong, missing or too many."""
        wrong = n = 0
        with path.open(encoding="utf-8") as file:
            for n, line in enumerate(file, 1):
                told, i = json.loads(line), n - 1
                wrong += i >= self.count or (str(told["id"]), told["status"], told["answer"]) != (str(i), "ok", self.answer(i))
        return wrong + max(0, self.count - n)


class Run:
    """`coproc verify` in a process of its own; most: the largest memory that was seen, bytes."""

    def __init__(self, *options: str) -> None:
        self.start, self.most = perf_counter(), 0
        self.process = subprocess.Popen([sys.executable, "-m", "coproc", "verify", *options, "--json", "--quiet"], stderr=subprocess.PIPE)

    def look(self) -> bool:
        """Whether it runs; and how much memory it has."""
        if self.process.poll() is not None:
            return False
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                self.most = max(self.most, int(line.split()[1]) << 10)
        return True

    def ended(self) -> dict[str, Any]:
        while self.look():
            sleep(0.05)
        said = self.process.communicate()[1].decode()
        if self.process.returncode:
            raise SystemExit(f"coproc verify ended with {self.process.returncode}: {said[-1000:]}")
        summary: dict[str, Any] = json.loads(said.splitlines()[-1])
        return {"seconds": round(perf_counter() - self.start, 1), "resident_most": self.most, "outcomes": summary["outcomes"]}


def killed(run: Run, out: Path, size: int) -> int:
    """Kill it when its answers have so many bytes; how many whole lines there are then."""
    while not (out.exists() and out.stat().st_size >= size):
        if not run.look():
            raise SystemExit("it ended before it could be killed")
        sleep(0.005)
    run.process.kill()
    run.process.wait()
    assert run.process.stderr is not None
    run.process.stderr.close()
    with out.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))


def soak(lines: Lines, folder: Path, kind: str, part: float, where: list[str]) -> dict[str, Any]:
    """The whole job once, and once more with a kill. Raises SystemExit where it does not end well."""
    inputs, whole, again, dead = folder / f"in.{kind}", folder / "whole.jsonl", folder / "again.jsonl", folder / "dead.jsonl"
    lines.write(inputs)
    found: dict[str, Any] = {"input_bytes": inputs.stat().st_size}
    found["whole"] = Run(str(inputs), *where, "--out", str(whole), "--dead-letters", str(dead)).ended()
    found["whole"] |= {"rate": round(lines.count / found["whole"]["seconds"]), "wrong": lines.compare(whole), "dead": dead.stat().st_size}
    options = [str(inputs), *where, "--out", str(again), "--dead-letters", str(dead)]
    found["kept"] = killed(Run(*options), again, int(part * whole.stat().st_size))
    found["resumed"] = Run(*options, "--resume").ended()
    found["resumed"] |= {"wrong": lines.compare(again), "dead": dead.stat().st_size}
    return found


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 where an answer is wrong, lost or doubled, or memory grew beyond the limit."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.bulk", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000, metavar="N", help="lines (1,000,000)")
    parser.add_argument("--proofs", type=int, default=20, metavar="N", help="one line in N is a proof (20)")
    parser.add_argument("--format", choices=("jsonl", "parquet"), default="jsonl", help="of the requests (jsonl)")
    parser.add_argument("--alone", action="store_true", help="without a cluster")
    parser.add_argument("--kill", type=float, default=0.4, metavar="PART", help="of the answers that are there when it is killed (0.4)")
    parser.add_argument("--resident", type=float, default=1024, metavar="MIB", help="memory at most (1,024)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for the files (a temporary one)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-bulk-<format>-<cpu>.json)")
    args = parser.parse_args(argv)
    where = [] if args.alone else ["--cluster", laptop.up(1, None, PORT).address]
    try:
        with tempfile.TemporaryDirectory(prefix="coproc-", dir=args.folder) as folder:
            found = soak(Lines.of(args.lines, args.proofs), Path(folder), args.format, args.kill, where)
    finally:
        if where:
            laptop.down()
    runs = found["whole"], found["resumed"]
    good = all(not run["wrong"] and not run["dead"] and run["resident_most"] <= args.resident * (1 << 20) for run in runs)
    asked = {"lines": args.lines, "proofs": args.proofs, "format": args.format, "cluster": bool(where), "kill": args.kill}
    print(json.dumps(found))
    result.write(f"bulk-{args.format}", asked | found | {"met": good}, args.out)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
