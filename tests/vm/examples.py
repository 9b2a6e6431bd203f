"""The example contracts with real proofs: their arguments, and the scripts whose outcome is recorded from Piecrust.

PLONK and KZG proofs are those of Dusk's vectors, Groth16 proofs those that iden3 published; BLS signatures are made by `signing`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from coproc.engine.select import select
from coproc.params.bls12_381 import R as FR
from coproc.params.bn254 import R as BN254_R
from coproc.spec.hashes import keccak256
from coproc.wire import snarkjs
from coproc.wire.groth16 import Converted, convert_proofs, prepare_key
from tests.vectors import load
from tests.vm.scripts import Line, call, deploy, metadata, policy
from tests.vm.signing import key, sign

WASM = Path(__file__).parents[2] / "contracts" / "wasm"
GAS = 2_000_000_000
POOL, BRIDGE, LICENCES, TOKEN, CLIENT, COMMITTEE = (bytes([0x50 + i]) * 32 for i in range(6))
NOWHERE = bytes([0x5F]) * 32
COUNTER, FIBONACCI, SORTING, COINS, ROUTER, DIARY = (bytes([0x60 + i]) * 32 for i in range(6))


def u32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def u64(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def module(name: str) -> str:
    """The hex of a contract in contracts/wasm."""
    return (WASM / f"{name}.wasm").read_bytes().hex()


def made(contract: bytes, name: str, init: bytes = b"") -> Line:
    return deploy(contract, module(name), init=init, gas=GAS)


def run(contract: bytes, function: str, *parts: bytes, gas: int = GAS) -> Line:
    return call(contract, function, b"".join(parts), gas)


def bits(members: Iterable[int], size: int) -> bytes:
    return sum(1 << i for i in members).to_bytes(size, "little")


# ---- dark pool ----
TRADERS = (11, 12, 13, 14)
SHARES = (0, 10, 20, 30)
#: Trader, side, price, amount: the first buys from the last two, at 103.
ORDERS = ((0, 0, 105, 10), (1, 0, 101, 5), (2, 1, 100, 8), (3, 1, 102, 4))
FILLS = ((0, 2, 8), (0, 3, 2))
PRICE = 103
FEW = 7  # the funds of everybody under `constant`


@cache
def funds(commitment: str) -> tuple[bytes, list[tuple[bytes, bytes, bytes]]]:
    """A commitment of EIP-4844's tests, and its openings: place, value, proof."""
    cases = [case["in"] for case in load.public("kzg/verify_kzg_proof") if case["expect"] is True]
    texts = [case for case in cases if case["commitment"].startswith(commitment)]
    values = [tuple(bytes.fromhex(case[name][2:]) for name in ("z", "y", "proof")) for case in texts]
    return bytes.fromhex(texts[0]["commitment"][2:]), [(z, y, proof) for z, y, proof in values]


CUSTODIAN = "0xb49d88af"


def proof_of_funds(trader: int) -> bytes:
    """Value and proof."""
    _, value, proof = funds(CUSTODIAN)[1][trader]
    return value + proof


def pool_init(commitment: bytes = b"") -> Line:
    places = [place for place, _, _ in funds(CUSTODIAN)[1]]
    traders = b"".join(key(s) + place + u64(a) for s, place, a in zip(TRADERS, places, SHARES, strict=False))
    return made(POOL, "dark_pool", (commitment or funds(CUSTODIAN)[0]) + traders)


def order(trader: int, side: int, price: int, amount: int) -> bytes:
    """With its salt."""
    return bytes([trader, side]) + u64(price, amount) + bytes([0x77 + trader]) * 32


def place(text: bytes) -> Line:
    return run(POOL, "place", keccak256(text))


def opened(text: bytes, proof: bytes | None = None) -> Line:
    """An order that is shown; who buys proves funds."""
    shown = b"" if text[1] else proof_of_funds(text[0] % len(TRADERS))
    return run(POOL, "open", text, shown if proof is None else proof)


def pool_orders() -> list[Line]:
    texts = [order(*terms) for terms in ORDERS]
    return [place(text) for text in texts] + [opened(text) for text in texts]


def pool_statement(turn: int = 0) -> bytes:
    return b"settle" + POOL + u64(turn, PRICE) + b"".join(bytes(fill[:2]) + u64(fill[2]) for fill in FILLS)


def settle(signers: tuple[int, ...] = (11, 13, 14), statement: bytes | None = None) -> Line:
    return run(POOL, "settle", sign(statement or pool_statement(), signers))


def _dark_pool() -> Iterator[Line]:
    constant = next(c for c in load.dusk("verify_kzg_proof") if c.case == "constant-polynomial").args
    assert constant is not None
    few = {name: bytes.fromhex(value) for name, value in constant.items()}
    assert int.from_bytes(few["y"]) == FEW
    poor = deploy(NOWHERE, module("dark_pool"), init=bytes.fromhex(pool_init(few["commitment"])["init_arg"]), gas=GAS)
    yield poor
    for amount in (FEW, FEW + 1):
        text = order(0, 0, 1, amount)
        yield run(NOWHERE, "place", keccak256(text))
        yield run(NOWHERE, "open", text, few["y"], few["proof"])
    yield pool_init()
    yield from pool_orders()
    yield opened(order(*ORDERS[0]))
    yield place(order(1, 0, 90, 3))
    yield place(order(1, 0, 90, 3))
    yield opened(order(1, 0, 90, 4))
    for proof in (proof_of_funds(0), proof_of_funds(1)[:-1], proof_of_funds(1) + b"\0", bytes(80)):
        yield opened(order(1, 0, 90, 3), proof)
    for trader, side, price, amount in ((9, 0, 1, 1), (3, 0, 100, 21), (3, 0, 1 << 60, 1 << 60), (0, 1, 50, 1)):
        text = order(trader, side, price, amount)
        yield place(text)
        yield opened(text)
    yield run(POOL, "outcome")
    yield settle((11, 13))
    yield settle((11, 12, 13, 14))
    yield settle(statement=pool_statement(1))
    yield run(POOL, "settle", bytes(104))
    yield run(POOL, "settle", bytes(100))
    yield run(POOL, "settle", bytes(105))
    for gas in (100, 10_000, 100_000, 1_000_000, 3_000_000):
        yield call(POOL, "settle", sign(pool_statement(), (11, 13, 14)), gas)
    yield settle()
    yield settle()
    for trader in range(5):
        yield run(POOL, "holdings", bytes([trader]))


# ---- bridge ----
UNIT = 250
_IDEN3 = "@c22003c6bc3c"


@cache
def bridge_key() -> bytes:
    return prepare_key(select(), snarkjs.verifying_key(load.verifying_keys("zk/groth16_bn254")[_IDEN3])).data


@cache
def withdrawals() -> list[tuple[bytes, list[int]]]:
    """Proof and public inputs of three real proofs under one key."""
    found = [case["in"] for case in load.public("zk/groth16_bn254") if case["in"]["vk"] == _IDEN3 and case["expect"]]
    prepared = prepare_key(select(), snarkjs.verifying_key(load.verifying_keys("zk/groth16_bn254")[_IDEN3]))
    claims = [(snarkjs.proof(one["proof"]), snarkjs.public_inputs(one["public"])) for one in found]
    out = []
    for converted, (_, inputs) in zip(convert_proofs(select(), prepared, claims), claims, strict=True):
        assert isinstance(converted, Converted)
        out.append((converted.proof, inputs))
    return out


def bridge_init() -> Line:
    return made(BRIDGE, "bridge", u64(UNIT) + bridge_key())


def withdraw(proof: bytes, inputs: Iterable[int], gas: int = GAS) -> Line:
    return run(BRIDGE, "withdraw", proof, *(x.to_bytes(32, "little") for x in inputs), gas=gas)


def balance(inputs: list[int]) -> Line:
    return run(BRIDGE, "balance", inputs[0].to_bytes(32, "little"))


def _bridge() -> Iterator[Line]:
    yield bridge_init()
    (proof, inputs), (other, others), third = withdrawals()
    yield withdraw(other, inputs)
    yield withdraw(proof, others)
    yield withdraw(proof[:-1] + bytes([proof[-1] ^ 0x80]), inputs)
    yield withdraw(bytes(128), inputs)
    yield withdraw(proof, inputs[:2])
    yield withdraw(proof, [*inputs, 0])
    yield withdraw(proof, [inputs[0] + BN254_R, *inputs[1:]])
    yield withdraw(proof[:127], [])
    for gas in (1000, 1_000_000, 4_000_000, 20_000_000):
        yield withdraw(proof, inputs, gas)
    yield withdraw(proof, inputs)
    yield withdraw(proof, inputs)
    yield withdraw(other, others)
    yield withdraw(*third)
    for one in (inputs, others, third[1]):
        yield balance(one)


# ---- licences ----
REGISTRARS = (21, 22, 23, 24, 25)
LICENCE, HOLDER = bytes([0x31]) * 32, bytes([0x32]) * 32


def licences_init() -> Line:
    return made(LICENCES, "licences", b"\x03" + b"".join(map(key, REGISTRARS)))


def signed(action: str, text: bytes, signers: tuple[int, ...] = (0, 2, 4), *, claimed: tuple[int, ...] | None = None) -> Line:
    """`claimed`: of whom the bits are set, if not of the signers."""
    signature = sign(action.encode() + LICENCES + text, tuple(REGISTRARS[i] for i in signers))
    return run(LICENCES, action, signature, bits(signers if claimed is None else claimed, 8), text)


def holds(height: int, holder: bytes = HOLDER) -> Line:
    return run(LICENCES, "holds", LICENCE, holder, u64(height))


def _licences() -> Iterator[Line]:
    yield deploy(LICENCES, module("licences"), init=b"\x06" + b"".join(map(key, REGISTRARS)), gas=GAS)
    yield deploy(LICENCES, module("licences"), init=b"\x03" + bytes(199), gas=GAS)
    yield licences_init()
    issue = LICENCE + HOLDER + u64(1000)
    yield signed("issue", issue, (0, 1))
    yield signed("issue", issue, (0, 1), claimed=(0, 1, 2))
    yield signed("issue", issue, (0, 1, 2, 3), claimed=(0, 1, 2))
    yield signed("issue", issue[:-1])
    yield holds(10)
    yield signed("issue", issue)
    yield signed("issue", issue)
    yield holds(10)
    yield holds(1000)
    yield holds(10, bytes(32))
    yield signed("revoke", bytes(32))
    yield run(LICENCES, "revoke", sign(b"issue" + LICENCES + LICENCE, (21, 23, 25)), bits((0, 2, 4), 8), LICENCE)
    yield signed("revoke", LICENCE, (1, 2, 3, 4))
    yield holds(10)


# ---- confidential token ----
@cache
def transfers() -> list[tuple[bytes, bytes]]:
    """Verifier data and (proof with its four public inputs) of the transfers that the circuit's prover made, two classes."""
    found = [c for c in load.dusk("verify_plonk") if c.version == "V3" and c.case in ("mixed4-9-made-for-V3", "mixed4-11-made-for-V3")]
    out = []
    for case in found:
        assert case.expect is True
        assert case.args is not None
        out.append((bytes.fromhex(case.args["verifier_data"]), bytes.fromhex(case.args["proof"]) + case.argbuf[:128]))
    assert len({data for data, _ in out}) == 1
    return out


def token_init() -> Line:
    classes = b"".join(transfer[1008:1040] for _, transfer in transfers())
    data = transfers()[0][0]
    return made(TOKEN, "confidential_token", u32(len(data)) + data + classes)


def unreduced(transfer: bytes) -> bytes:
    """The same transfer under another name of its nullifier."""
    nullifier = int.from_bytes(transfer[1040:1072], "little") + FR
    return transfer[:1040] + nullifier.to_bytes(32, "little") + transfer[1072:]


def _confidential_token() -> Iterator[Line]:
    yield token_init()
    first, second = (transfer for _, transfer in transfers())
    yield run(TOKEN, "transfer", first[:1008] + second[1008:])
    yield run(TOKEN, "transfer", bytes(1008) + first[1008:])
    yield run(TOKEN, "transfer", first[:1008], first[1008:1104], bytes(32))
    yield run(TOKEN, "transfer", first[:1008], bytes([9]) * 32, first[1040:])
    yield run(TOKEN, "transfer", first[:-1])
    yield run(TOKEN, "transfer", first, b"\0")
    for gas in (1000, 100_000, 5_000_000, 10_100_000):
        yield run(TOKEN, "transfer", first, gas=gas)
    yield run(TOKEN, "transfer", first)
    yield run(TOKEN, "transfer", first)
    yield run(TOKEN, "transfer", unreduced(first))
    yield run(TOKEN, "is_spent", first[1040:1072])
    yield run(TOKEN, "is_spent", second[1040:1072])
    yield run(TOKEN, "transfer", second)
    for transfer in (first, second):
        yield run(TOKEN, "ledger", transfer[1008:1040])


# ---- light client ----
@cache
def openings() -> list[tuple[bytes, bytes, bytes, bytes]]:
    """Commitment, place, value, proof."""
    out = []
    for case in load.dusk("verify_kzg_proof"):
        if case.expect is True and case.case.startswith("valid-"):
            assert case.args is not None
            commitment, z, y, proof = (bytes.fromhex(case.args[name]) for name in ("commitment", "z", "y", "proof"))
            out.append((commitment, z, y, proof))
    return out


def client_init() -> Line:
    return made(CLIENT, "light_client", openings()[0][0])


def _light_client() -> Iterator[Line]:
    yield deploy(CLIENT, module("light_client"), init=bytes(47), gas=GAS)
    yield client_init()
    (_, z, y, proof), (_, z2, y2, proof2) = openings()[:2]
    for parts in ((z2, y2, proof2), (z, y2, proof), (z2, y, proof), (z, y, proof2), (z, y, proof[:47]), (b"\xff" * 32, y, proof)):
        yield run(CLIENT, "prove", *parts)
        yield run(CLIENT, "value", z)
    for gas in (1000, 100_000, 1_900_000, 2_000_000):
        yield run(CLIENT, "prove", z, y, proof, gas=gas)
    yield run(CLIENT, "prove", z, y, proof)
    yield run(CLIENT, "value", z)


# ---- committee ----
MEMBERS = tuple(range(1001, 1301))
QUORUM = 2 * len(MEMBERS) // 3 + 1
HASH = bytes(range(32))


def committee_init() -> Line:
    return made(COMMITTEE, "committee", b"".join(map(key, MEMBERS)))


def attest(height: int, voters: Iterable[int], *, signers: Iterable[int] | None = None, block: bytes = HASH) -> Line:
    """`voters` have their bits set; `signers`, if others, sign."""
    voters = tuple(voters)
    by = voters if signers is None else tuple(signers)
    signature = sign(b"attest" + COMMITTEE + u64(height) + block, tuple(MEMBERS[i] for i in by))
    return run(COMMITTEE, "attest", u64(height), block, signature, bits(voters, -(-len(MEMBERS) // 8)))


def _committee() -> Iterator[Line]:
    yield committee_init()
    everybody = range(len(MEMBERS))
    yield attest(7, range(QUORUM - 1))
    yield attest(7, range(QUORUM), signers=range(QUORUM - 1))
    yield attest(7, range(QUORUM))
    yield run(COMMITTEE, "block", u64(7))
    yield attest(7, everybody)
    yield attest(6, everybody)
    yield attest(8, (), signers=(0,))
    yield attest(8, everybody[20:], block=HASH[::-1])
    yield run(COMMITTEE, "block", u64(8))
    yield run(COMMITTEE, "block", u64(9))
    yield attest(10, everybody)


# ---- contracts without proofs ----
def _plain() -> Iterator[Line]:
    yield metadata("block_height", u64(77))
    yield metadata("chain_id", b"\x05")
    yield made(COUNTER, "counter", u64(5))
    for n in (1, 2, (1 << 64) - 9, 8):
        yield run(COUNTER, "add", u64(n))
        yield run(COUNTER, "read")
    yield from (run(COUNTER, "add", u64(1), gas=gas) for gas in range(0, 1200, 60))
    yield made(FIBONACCI, "fibonacci")
    yield from (run(FIBONACCI, "by_recursion", u32(n)) for n in (0, 1, 2, 7, 15))
    yield from (run(FIBONACCI, "by_iteration", u32(n)) for n in (0, 1, 93, 10_000))
    yield from (run(FIBONACCI, "by_recursion", u32(10), gas=gas) for gas in range(100, 4000, 300))
    yield made(SORTING, "sorting")
    for count, seed in ((0, 1), (1, 1), (20, 2), (300, 3), (2000, 4)):
        yield run(SORTING, "fill", u32(count), u64(seed))
        yield run(SORTING, "sort")
        yield run(SORTING, "sort_unstable")
    yield from (run(SORTING, "sort", gas=gas) for gas in (10, 1000, 10_000, 20_000, 40_000))
    accounts = [bytes([i]) * 32 for i in range(1, 6)] + [ROUTER]
    yield made(COINS, "token", b"".join(account + u64(100) for account in accounts))
    for i, amount in ((0, 5), (1, 100), (2, 101), (3, 0), (4, 99), (1, 6), (0, 200)):
        yield run(COINS, "transfer", accounts[i], accounts[(i + 1) % 5], u64(amount))
        yield run(COINS, "balance", accounts[i])
    yield run(COINS, "transfer", bytes(32), accounts[0], u64(1))
    yield run(COINS, "transfer", accounts[0], accounts[0])
    yield from (run(COINS, "transfer", accounts[0], accounts[1], u64(1), gas=gas) for gas in range(500, 4000, 250))
    yield made(ROUTER, "router")
    route: Callable[..., Line] = lambda contract, name, arg=b"", share=0, gas=GAS: run(  # noqa: E731
        ROUTER, "route", u64(share), contract, u32(len(name)), name.encode(), arg, gas=gas
    )
    yield route(COINS, "transfer", ROUTER + accounts[0] + u64(30))
    yield route(COINS, "transfer", accounts[0] + ROUTER + u64(30))
    yield route(COINS, "transfer", ROUTER + accounts[0] + u64(300))
    yield route(COINS, "balance", ROUTER)
    yield route(bytes(32), "balance")
    yield route(COINS, "missing")
    yield route(ROUTER, "count")
    yield route(ROUTER, "burn", share=10_000)
    yield route(ROUTER, "burn", gas=300_000)
    yield route(ROUTER, "fail", "žluť".encode())
    yield route(ROUTER, "fail", b"\xff")
    yield route(ROUTER, "route", u64(0) + COUNTER + u32(4) + b"read")
    yield route(ROUTER, "route", u64(0) + COUNTER + u32(3) + b"add" + u64(1))
    yield from (route(COINS, "balance", ROUTER, share=share) for share in range(100, 1500, 200))
    yield from (route(ROUTER, "count", gas=gas) for gas in range(1000, 6000, 500))
    yield from (run(ROUTER, "descend", u32(depth)) for depth in (0, 1, 5, 46, 47, 48, 60))
    yield run(ROUTER, "fail", b"at the root")
    yield run(ROUTER, "burn", gas=50_000)
    yield run(ROUTER, "count")
    yield made(DIARY, "diary")
    yield from (run(DIARY, "write", text) for text in (b"", b"first", bytes(3000)))
    yield from (run(DIARY, "read", u32(i)) for i in range(4))
    yield call(DIARY, "recite", gas=GAS, feed=True)
    yield run(DIARY, "recite")
    yield run(DIARY, "burn")
    yield call(DIARY, "recite", gas=GAS, feed=True)
    yield from (run(DIARY, "write", bytes(100), gas=gas) for gas in range(1000, 8000, 500))


def _under(rules: tuple[str, str], script: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """The script, then a commit, then the state of all of it once more in a new session."""
    yield policy(*rules)
    yield from script()
    yield {"do": "root"}
    yield {"do": "commit"}
    yield {"do": "root"}


BOREAS = ("V3", "Boreas")
EXAMPLES: dict[str, Callable[[], Iterator[Line]]] = {
    script.__name__[1:]: lambda script=script: _under(BOREAS, script)  # type: ignore[misc]
    for script in (_dark_pool, _bridge, _licences, _confidential_token, _light_client, _committee, _plain)
}
