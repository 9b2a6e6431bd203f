"""`coproc vm run` and `coproc vm block`: contracts on the VM, with answers in the lines of upstream's reference runner."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from coproc.cli import INTERRUPTED, OK, UNSERVED, WRONG
from coproc.cli.console import Console, duration, silence_stdout

if TYPE_CHECKING:
    from coproc.vm.script import Script

EXTRA: Final = ("wasmtime", "blake3", "lmdb")
INSTALL: Final = "install the extra `vm` (pip install 'coproc[vm]')"
GAS: Final = 3_000_000_000  # of one of Dusk's blocks

Engine = Annotated[str | None, typer.Option(metavar="E", help="auto, spec, cpu, cpu:adx, ... (see coproc engines).")]
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
) -> None:
    """Deploy a contract, unless the state has it, and call one of its functions.

    With --state, a call that succeeds is committed. The last line has the state root.
    """
    raise typer.Exit(
        _guarded(engine, state, lambda script: _run_function(script, contract, function, arg, gas, plonk, fork, state is not None))
    )


@vm.command("block")
def run_block(
    block: Annotated[str, typer.Argument(metavar="BLOCK.jsonl", help="Lines: deploy, call, metadata, policy, root, commit, new_session.")],
    state: State = None,
    sequential: Annotated[bool, typer.Option("--sequential", help="One call after the other, nothing assumed.")] = False,
    engine: Engine = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No logs, errors only.")] = False,
) -> None:
    """Run the lines of a file (- is standard input), calls that follow each other as one block.

    Verifications are assumed to be true and answered in batches meanwhile; answers are those of --sequential.
    """
    raise typer.Exit(_guarded(engine, state, lambda script: _run_block(script, block, quiet), speculate=not sequential))


def _guarded(engine: str | None, state: str | None, work: Callable[[Script], int], *, speculate: bool = True) -> int:
    """Open the VM, work, close it. Returns the exit status."""
    from coproc.errors import CoprocError, Unserved

    console = Console()
    try:
        import coproc
        from coproc.vm import VM
        from coproc.vm.script import Script

        with coproc.open(engine) as coprocessor, VM(state, coprocessor=coprocessor) as machine:
            script = Script(machine, speculate=speculate)
            try:
                return work(script)
            finally:
                script.close()
    except ImportError as error:
        if error.name not in EXTRA:
            raise
        console.error(f"the VM needs {error.name}: {INSTALL}")
        return WRONG
    except Unserved as error:
        console.error(str(error))
        return UNSERVED
    except CoprocError as error:
        console.error(str(error))
        return WRONG
    except BrokenPipeError:
        silence_stdout()
        return UNSERVED
    except KeyboardInterrupt:
        console.error("interrupted")
        return INTERRUPTED


def _run_function(script: Script, contract: str, function: str, arg: str, gas: int, plonk: str | None, fork: str | None, keep: bool) -> int:
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
    lines: list[dict[str, Any]] = [
        {"do": "policy", "plonk": plonk or setting("plonk"), "fork": fork or setting("fork") or "PreFork"}
    ]
    for _ in script.run(map(json.dumps, lines), "command line"):
        pass
    if script.session.owner(identity) is None:
        deploy = {"do": "deploy", "wasm": bytecode.hex(), "owner": bytes(32).hex(), "gas_limit": gas}
        if not _print(script, [deploy]):
            return OK
    if _print(script, [{"do": "call", "id": identity.hex(), "fn": function, "arg": argument.hex(), "gas_limit": gas}]):
        _print(script, [{"do": "commit" if keep else "root"}])
    return OK


def _print(script: Script, lines: Iterable[dict[str, Any]]) -> bool:
    """Run lines and print their answers. Whether all are ok."""
    ok = True
    for answer in script.run(map(json.dumps, lines), "command line"):
        typer.echo(json.dumps(answer, separators=(",", ":")))
        ok &= answer["ok"]
    return ok


def _run_block(script: Script, block: str, quiet: bool) -> int:
    started = time.monotonic()
    for answer in script.run(_lines(block), block):
        sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
    sys.stdout.flush()
    stats = script.stats
    Console(quiet).log(
        f"{stats.calls:,} calls in {duration(time.monotonic() - started)}, {script.failed:,} lines failed; verifications: "
        f"{stats.claims:,} assumed, {stats.wrong:,} wrongly, {stats.memoised:,} known, {stats.direct:,} waited for; "
        f"{stats.rounds:,} rounds took back {stats.reexecuted:,} calls; {stats.sequential:,} calls ran in sequence"
    )
    return OK


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
