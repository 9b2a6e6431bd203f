"""`coproc vm run` and `coproc vm block`: contracts on the VM, with answers in the lines of upstream's reference runner."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from coproc.cli import OK, WRONG
from coproc.cli.console import Console, duration
from coproc.cli.outcome import Outcome
from coproc.cli.receipts import Report

if TYPE_CHECKING:
    from coproc.vm.script import Script

EXTRA: Final = ("wasmtime", "blake3", "lmdb")
INSTALL: Final = "install the extra `vm` (pip install 'coproc[vm]')"
GAS: Final = 3_000_000_000  # of one of Dusk's blocks

Engine = Annotated[str | None, typer.Option(metavar="E", help="auto, spec, cpu, cpu:adx, ... (see coproc engines).")]
Readable = Annotated[bool, typer.Option("--readable", help="Receipts as lines for people, and at the end a table of gas.")]
State = Annotated[str | None, typer.Option(metavar="DIR", help="Go on from the last commit in DIR; without it the state goes at the end.")]

vm = typer.Typer(name="vm", no_args_is_help=True, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@vm.callback()
def root() -> None:
    """Run contracts compiled for Piecrust: the same results, gas and state roots."""


@vm.command("run")
def run_function(
    contract: Annotated[str, typer.Argument(metavar="CONTRACT.wasm", help="The module; .wat is assembled.")],
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="An exported function.")],
    arg: Annotated[str, typer.Option(metavar="HEX", help="Bytes for the argument buffer.")] = "",
    gas: Annotated[int, typer.Option(min=0, max=(1 << 64) - 1, help="The gas limit.")] = GAS,
    state: State = None,
    engine: Engine = None,
    plonk: Annotated[str | None, typer.Option(metavar="V1|V2|V3", help="PLONK version.")] = None,
    fork: Annotated[str | None, typer.Option(metavar="PreFork|Aegis|Boreas", help="Hard fork.")] = None,
    readable: Readable = False,
) -> None:
    """Deploy a contract, unless the state has it, and call one of its functions.

    With --state, a call that succeeds is committed. The last line has the state root.
    """
    keep = state is not None
    work: Callable[[Script], int] = lambda script: _run_function(  # noqa: E731
        script, contract, function, arg, gas, plonk, fork, keep=keep, readable=readable
    )
    raise typer.Exit(_guarded(engine, state, work))


@vm.command("block")
def run_block(
    block: Annotated[str, typer.Argument(metavar="BLOCK.jsonl", help="Lines: deploy, call, metadata, policy, root, commit, new_session.")],
    state: State = None,
    folder: Annotated[str, typer.Option("--dir", metavar="DIR", help="Where files of modules are looked up.")] = ".",
    sequential: Annotated[bool, typer.Option("--sequential", help="One call after the other, nothing assumed.")] = False,
    activation: Annotated[
        str | None, typer.Option(metavar="FILE", help="Rules by block height, TOML: by the metadata `block_height`, without policy lines.")
    ] = None,
    engine: Engine = None,
    roots: Annotated[
        bool, typer.Option("--roots", help="Add the root to every deploy and call that succeeds; calls run one by one.")
    ] = False,
    readable: Readable = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No logs, errors only.")] = False,
) -> None:
    """Run the lines of a file (- is standard input), calls that follow each other as one block.

    Verifications are assumed to be true and answered in batches meanwhile; answers are those of --sequential.
    """
    raise typer.Exit(
        _guarded(
            engine,
            state,
            lambda script: _run_block(script, block, quiet, readable),
            folder=Path(folder),
            speculate=not sequential,
            roots=roots,
            activation=activation,
        )
    )


def _guarded(
    engine: str | None,
    state: str | None,
    work: Callable[[Script], int],
    *,
    folder: Path | None = None,
    speculate: bool = True,
    roots: bool = False,
    activation: str | None = None,
) -> int:
    """Open the VM, work, close it. Returns the exit status."""
    console = Console()
    with Outcome(console) as outcome:
        import coproc
        from coproc.activation import load

        try:
            from coproc.vm import VM
            from coproc.vm.script import Script
        except ImportError as error:
            if error.name not in EXTRA:
                raise
            console.error(f"the VM needs {error.name}: {INSTALL}")
            return WRONG
        table = None if activation is None else load(activation)
        with coproc.open(engine) as coprocessor, VM(state, coprocessor=coprocessor) as machine:
            script = Script(machine, speculate=speculate, folder=folder, roots=roots, activation=table)
            try:
                return work(script)
            finally:
                script.close()
    return outcome.status


def _run_function(
    script: Script,
    contract: str,
    function: str,
    arg: str,
    gas: int,
    plonk: str | None,
    fork: str | None,
    *,
    keep: bool,
    readable: bool,
) -> int:
    from blake3 import blake3

    from coproc.errors import InvalidInput
    from coproc.settings import setting
    from coproc.vm.script import module

    if not contract.endswith((".wasm", ".wat")):
        raise InvalidInput(f"{contract}: a file that ends in .wasm or .wat is wanted")
    try:
        argument = bytes.fromhex(arg)
    except ValueError:
        raise InvalidInput("--arg: hex is wanted") from None
    bytecode = module(contract, Path())
    identity = blake3(bytecode).digest()
    lines: list[dict[str, Any]] = [{"do": "policy", "plonk": plonk or setting("plonk"), "fork": fork or setting("fork") or "PreFork"}]
    for _ in script.run(map(json.dumps, lines), "command line"):
        pass
    printer = _Printer(script, readable)
    deploy = {"do": "deploy", "wasm": bytecode.hex(), "owner": bytes(32).hex(), "gas_limit": gas}
    call = {"do": "call", "id": identity.hex(), "fn": function, "arg": argument.hex(), "gas_limit": gas}
    if (script.session.owner(identity) is not None or printer.print(deploy)) and printer.print(call):
        printer.print({"do": "commit" if keep else "root"})
    printer.end()
    return OK


class _Printer:
    """Prints answers: as lines of JSON, or readable ones and a table of gas."""

    def __init__(self, script: Script, readable: bool) -> None:
        self._script = script
        self._report = Report() if readable else None

    def print(self, line: dict[str, Any]) -> bool:
        """Run a line and print its answer. Whether it is ok."""
        (answer,) = self._script.run([json.dumps(line)], "command line")
        self.answer(line, answer)
        return bool(answer["ok"])

    def answer(self, line: dict[str, Any], answer: dict[str, Any]) -> None:
        """Print the answer to a line."""
        text = json.dumps(answer, separators=(",", ":")) if self._report is None else self._report.line(line, answer)
        sys.stdout.write(text + "\n")

    def end(self) -> None:
        """Print the table, and let go of what is printed."""
        if self._report is not None:
            sys.stdout.writelines(line + "\n" for line in self._report.table())
        sys.stdout.flush()


def _run_block(script: Script, block: str, quiet: bool, readable: bool) -> int:
    started = time.monotonic()
    printer = _Printer(script, readable)
    asked: deque[bytes] = deque()  # lines whose answers are not there yet
    try:
        for answer in script.run(_kept(_lines(block), asked) if readable else _lines(block), block):
            printer.answer(json.loads(asked.popleft()) if readable else {}, answer)
    finally:
        printer.end()
    stats = script.stats
    Console(quiet).log(
        f"{stats.calls:,} calls in {duration(time.monotonic() - started)}, {script.failed:,} lines failed; verifications: "
        f"{stats.claims:,} assumed, {stats.wrong:,} wrongly, {stats.memoised:,} known, {stats.direct:,} waited for; "
        f"{stats.rounds:,} rounds took back {stats.reexecuted:,} calls, {stats.interrupted:,} of them before their end; "
        f"{stats.sequential:,} calls ran in sequence"
    )
    return OK


def _kept(lines: Iterator[bytes], asked: deque[bytes]) -> Iterator[bytes]:
    """The lines, each that is not blank also put into `asked`."""
    for line in lines:
        if line.strip():
            asked.append(line)
        yield line


def _lines(block: str) -> Iterator[bytes]:
    from coproc.errors import InvalidInput

    if block == "-":
        yield from sys.stdin.buffer
        return
    try:
        with Path(block).open("rb") as file:
            yield from file
    except OSError as error:
        raise InvalidInput(f"{block}: cannot be read: {error.strerror}") from error
