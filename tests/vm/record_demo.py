"""Makes the demo's block, and records what Piecrust answers to it: `COPROC_PIECRUST_RUN=… python -m tests.vm.record_demo`.

Writes `coproc/demo/block.jsonl.gz`: lines that `coproc vm block` reads too, each with Piecrust's answer under `piecrust`. Modules are named
by their file in `contracts/wasm`. One block: two bridges, three confidential tokens, five light clients, a register of licences, a
committee of three hundred and a dark pool; the proofs are real, about one in ten is not for what it claims.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

from coproc.demo.block import FILE
from coproc.engine.select import select
from coproc.wire import snarkjs
from coproc.wire.groth16 import Converted, convert_proofs, prepare_key
from tests.vectors import load
from tests.vm import examples as ex
from tests.vm.record import run_piecrust
from tests.vm.scripts import Line, call, deploy, policy
from tests.vm.signing import sign

BRIDGES = {"@c22003c6bc3c": 0x71, "@bf2f37461ff8": 0x72}
TOKENS = {"dusk": 0x73, "fresh/seed2": 0x74, "fresh/seed3": 0x75}
CLIENTS = range(0x80, 0x85)
HEIGHTS = range(1, 9)
ROUNDS = 4
Parts = tuple[list[Line], list[Line]]  # deployments, calls


def contract(number: int) -> bytes:
    return bytes([number]) * 32


def made(at: bytes, name: str, init: bytes) -> Line:
    return deploy(at, f"{name}.wasm", init=init, gas=ex.GAS)


def asked(at: bytes, function: str, *parts: bytes, gas: int = 200_000_000) -> Line:
    return call(at, function, b"".join(parts), gas)


def bridges() -> Parts:
    """Every proof under a key, the last inputs also with another proof; the first one of a key once more at the end."""
    deployments, calls = [], []
    for name, number in BRIDGES.items():
        found = [case["in"] for case in load.public("zk/groth16_bn254") if case["in"]["vk"] == name and case["expect"]]
        key = prepare_key(select(), snarkjs.verifying_key(load.verifying_keys("zk/groth16_bn254")[name]))
        claims = [(snarkjs.proof(one["proof"]), snarkjs.public_inputs(one["public"])) for one in found]
        texts = [b"".join(x.to_bytes(32, "little") for x in inputs) for _, inputs in claims]
        at = contract(number)
        deployments.append(made(at, "bridge", ex.u64(ex.UNIT) + key.data))
        proofs = []
        for converted in convert_proofs(select(), key, claims):
            assert isinstance(converted, Converted)
            proofs.append(converted.proof)
        for i, proof in enumerate(proofs):
            calls.append(asked(at, "withdraw", proof, texts[i]))
        calls.append(asked(at, "withdraw", proofs[0], texts[0]))
        calls.append(asked(at, "balance", texts[0][:32]))
    calls[-3:-3] = [asked(at, "withdraw", proofs[0], texts[-1])]
    return deployments, calls


def tokens() -> Parts:
    """Of each circuit two transfers, the first also with its nullifier unreduced; of the last one also with each other's proof."""
    deployments, calls = [], []
    for name, number in TOKENS.items():
        cases = [
            c for c in load.dusk("verify_plonk", name) if c.version == "V3" and c.case in ("mixed4-9-made-for-V3", "mixed4-11-made-for-V3")
        ]
        transfers, data = [], b""
        for case in cases:
            assert case.args is not None
            data = bytes.fromhex(case.args["verifier_data"])
            transfers.append(bytes.fromhex(case.args["proof"]) + case.argbuf[:128])
        first, second = transfers
        at = contract(number)
        deployments.append(made(at, "confidential_token", ex.u32(len(data)) + data + first[1008:1040] + second[1008:1040]))
        calls += [asked(at, "transfer", text) for text in (first, ex.unreduced(first), second)]
    calls[-1:-1] = [asked(at, "transfer", first[:1008] + second[1008:])]
    return deployments, calls


def clients() -> Parts:
    """Commitments with four openings and more, and of one of them a value that is not there."""
    openings: dict[bytes, list[tuple[bytes, bytes, bytes]]] = {}
    for case in load.public("kzg/verify_kzg_proof"):
        if case["expect"] is True:
            commitment, z, y, proof = (bytes.fromhex(case["in"][name][2:]) for name in ("commitment", "z", "y", "proof"))
            openings.setdefault(commitment, []).append((z, y, proof))
    many = sorted(openings.items(), key=lambda item: (-len(item[1]), item[0]))[: len(CLIENTS)]
    deployments, calls = [], []
    for number, (commitment, proofs) in zip(CLIENTS, many, strict=True):
        at = contract(number)
        deployments.append(made(at, "light_client", commitment))
        calls += [asked(at, "prove", *opening) for opening in proofs]
    z, y, proof = proofs[0]
    calls.append(asked(at, "prove", z, bytes(31) + bytes([y[31] ^ 1]), proof))
    return deployments, calls


def licences() -> Parts:
    """Licences issued and revoked, some by signatures of others than those who are named."""
    at, calls = ex.LICENCES, []
    for i in range(24):
        text = bytes([i]) * 32 + ex.HOLDER + ex.u64(1000 + i)
        if i % 12 == 11:
            calls.append(ex.signed("issue", text, (0, 1, 2), claimed=(0, 1, 3)))
        calls.append(ex.signed("issue", text, tuple(range(3 + i % 3))))
    calls += [ex.signed("revoke", bytes([3]) * 32), ex.run(at, "holds", bytes([3]) * 32, ex.HOLDER, ex.u64(10))]
    return [made(at, "licences", bytes.fromhex(ex.licences_init()["init_arg"]))], calls


def committee() -> Parts:
    """Votes of 201 and more of 300 members, one without enough of them and one whose signature lacks a vote."""
    quorum, calls = range(ex.QUORUM), []
    for height in HEIGHTS:
        if height == 3:
            calls.append(ex.attest(height, range(ex.QUORUM - 1)))
        if height == 8:
            calls.append(ex.attest(height, quorum, signers=range(ex.QUORUM - 1)))
        calls.append(ex.attest(height, range(height, height + ex.QUORUM), block=bytes([height]) * 32))
    return [made(ex.COMMITTEE, "committee", bytes.fromhex(ex.committee_init()["init_arg"]))], calls


def dark_pool() -> Parts:
    """Rounds of the same orders under fresh salts, each settled by all who trade; the last one first without the signature of one."""
    calls = []
    for turn in range(ROUNDS):
        texts = [bytes([t, side]) + ex.u64(price, 1) + bytes([turn, t]) * 16 for t, side, price, _ in (ex.ORDERS[0], ex.ORDERS[2])]
        calls += [ex.place(text) for text in texts] + [ex.opened(text) for text in texts]
        price = (ex.ORDERS[0][2] + ex.ORDERS[2][2]) // 2
        statement = b"settle" + ex.POOL + ex.u64(turn, price) + bytes([0, 2]) + ex.u64(1)
        for signers in ((11,), (11, 13)) if turn == ROUNDS - 1 else ((11, 13),):
            calls.append(ex.run(ex.POOL, "settle", sign(statement, signers)))
    return [made(ex.POOL, "dark_pool", bytes.fromhex(ex.pool_init()["init_arg"]))], calls


def interleaved(parts: list[list[Line]]) -> Iterator[Line]:
    """One call of each in turn, in their own order, as in a block of many users."""
    queues = [iter(part) for part in parts]
    while queues:
        for queue in list(queues):
            line = next(queue, None)
            if line is None:
                queues.remove(queue)
            else:
                yield line


def lines() -> list[Line]:
    """The rules, the deployments, the calls of the block, its root."""
    parts = [part() for part in (dark_pool, bridges, licences, tokens, clients, committee)]
    return [policy(*ex.BOREAS), *(line for one, _ in parts for line in one), *interleaved([calls for _, calls in parts]), {"do": "root"}]


def main() -> None:
    block = lines()
    whole = [line | {"wasm": ex.module(line["wasm"].removesuffix(".wasm"))} if "wasm" in line else line for line in block]
    answers = run_piecrust(whole, roots=False)
    if len(answers) != len(block):
        raise SystemExit(f"{len(answers)} answers to {len(block)} lines")
    text = "".join(
        json.dumps(line | {"piecrust": answer}, separators=(",", ":")) + "\n" for line, answer in zip(block, answers, strict=True)
    )
    FILE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(block)} lines, {sum(not answer['ok'] for answer in answers)} fail, {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
