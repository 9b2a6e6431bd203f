"""`coproc keys`: a key is found by its hash or the line is refused; never another key, never a damaged one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coproc.errors import InvalidInput
from coproc.jobs.key_store import KeyStore
from coproc.wire import KIND_OF, canonical, key_digest
from coproc.wire.key_digest import KEY_ARGUMENT
from tests.cli import groth16
from tests.cli.conftest import Cli
from tests.samples import requests
from tests.vectors.load import DuskCase

Job = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COPROC_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "keys"


def archived(op: str, value: Any) -> bytes:
    """The bytes of one key as an archive holds it."""
    if isinstance(value, str):
        return bytes.fromhex(value)
    if "raw" in value:
        return bytes.fromhex(value["raw"])
    numbers = [int.from_bytes(bytes.fromhex(value[c]), "little") for c in ("u", "v", "z", "t1", "t2")]
    modulus = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
    return b"".join((n * (1 << 256) % modulus).to_bytes(32, "little") for n in numbers)


def good(op: str) -> DuskCase:
    return requests.cases(op, accepted=True)[0]


def kept(cli: Cli, tmp_path: Path, op: str, data: bytes) -> str:
    """Add a key by the command; its hash."""
    path = tmp_path / f"{op}.key"
    path.write_bytes(data)
    ran = cli("keys", "add", path, "--json")
    assert ran.status == 0, ran.err
    row = json.loads(ran.out)
    assert row["kind"] == KIND_OF[op]
    digest: str = row["key"]
    return digest


@pytest.mark.parametrize("op", KIND_OF)
def test_a_line_with_the_hash_is_answered_as_the_line_with_the_key(cli: Cli, job: Job, tmp_path: Path, op: str) -> None:
    case = good(op)
    assert case.args is not None
    name = KEY_ARGUMENT[op]
    several = isinstance(case.args[name], list)
    values = case.args[name] if several else [case.args[name]]
    names = [{"key": kept(cli, tmp_path, op, archived(op, value))} for value in values]
    args = case.args | {name: names if several else names[0]}
    rules = {"plonk": case.version} if op == "verify_plonk" else {"fork": case.version} if case.version else {}
    answers = cli("verify", job({"op": op, "args": args, **rules}, {"op": op, "argbuf": case.argbuf.hex(), **rules})).answers
    assert answers[0] == answers[1]
    assert answers[0]["answer"] is True


@pytest.mark.parametrize("op", ["verify_plonk", "verify_groth16_bn254"])
def test_the_list_form_takes_a_hash_itself_and_through_its_argument(cli: Cli, job: Job, tmp_path: Path, op: str) -> None:
    case, name = good(op), KEY_ARGUMENT[op]
    assert case.args is not None
    data = bytes.fromhex(case.args[name])
    digest = {"key": kept(cli, tmp_path, op, data)}
    at = case.argbuf.index(data)
    before, after = case.argbuf[:at].hex(), case.argbuf[at + len(data) :].hex()
    rules = {"plonk": case.version} if op == "verify_plonk" else {}
    lines = [
        {"op": op, "argbuf": [before, digest, after], **rules},
        {"op": op, "argbuf": [before, f"${name}", after], "args": {name: digest}, **rules},
    ]
    assert [a["answer"] for a in cli("verify", job(*lines)).answers] == [True, True]


def test_the_kind_is_told_from_the_bytes_and_what_is_no_key_is_refused(cli: Cli, tmp_path: Path) -> None:
    for op in KIND_OF:
        args = good(op).args
        assert args is not None
        value = args[KEY_ARGUMENT[op]]
        data = archived(op, value[0] if isinstance(value, list) else value)
        kept(cli, tmp_path, op, data)
        broken = bytearray(data)
        broken[len(data) // 2] ^= 1
        (tmp_path / "broken").write_bytes(broken)
        if op == "verify_groth16_bn254":
            continue  # coefficients of lines are taken as they are, as Dusk takes them
        ran = cli("keys", "add", tmp_path / "broken", "--kind", KIND_OF[op])
        assert ran.status == 2
        assert "no verification key" in ran.err
    assert cli("keys", "add", tmp_path / "absent").status == 2


def test_the_key_of_another_system_is_prepared(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "vk.json").write_text(json.dumps(groth16.POSITIVE["vk"]))
    row = json.loads(cli("keys", "add", tmp_path / "vk.json", "--json").out)
    assert row["kind"] == "groth16"
    assert row["bytes"] > 30_000


def test_an_unknown_a_wrong_and_a_damaged_key_are_named(cli: Cli, job: Job, tmp_path: Path, cache: Path) -> None:
    case = good("verify_plonk")
    assert case.args is not None
    data = bytes.fromhex(case.args["verifier_data"])
    digest = kept(cli, tmp_path, "verify_plonk", data)

    def said(op: str, name: str, hash: str) -> str:
        args = good(op).args
        assert args is not None
        ran = cli("verify", job({"op": op, "args": args | {name: {"key": hash}}}))
        assert (ran.status, ran.out) == (2, b"")
        return ran.err

    assert f"verifier_data: unknown key '{'0' * 64}': none of that hash in {cache}" in said("verify_plonk", "verifier_data", "0" * 64)
    assert "unknown key 'abc': a hash is 64 hex digits" in said("verify_plonk", "verifier_data", "abc")
    assert f"pvk: key {digest} is of kind plonk, not groth16" in said("verify_groth16_bn254", "pvk", digest)
    assert "proof: verify_plonk has no verification key here" in said("verify_plonk", "proof", digest)
    assert "bytes: sha256 has no verification key here" in said("sha256", "bytes", digest)
    assert "argbuf: must be a string of hex digits" in cli("verify", job({"op": "sha256", "argbuf": [{"other": "00"}]})).err
    assert "wrong type" in cli("verify", job({"op": "sha256", "argbuf": [{"key": 1}]})).err
    assert f"argbuf: key {digest} is of kind plonk, not bls" in cli("verify", job({"op": "verify_bls", "argbuf": [{"key": digest}]})).err
    path = cache / f"{digest}.key"
    for damage in (b"", path.read_bytes()[:-1], path.read_bytes().replace(b"plonk", b"plonc"), path.read_bytes()[:-1] + b"\xff"):
        path.write_bytes(damage)
        assert f"key {digest}: {path} is damaged" in said("verify_plonk", "verifier_data", digest)
        assert cli("keys", "list").status == 2
    path.unlink()
    assert "none of that hash" in said("verify_plonk", "verifier_data", digest)


def test_the_digest_is_of_the_kind_and_of_the_bytes_that_are_read() -> None:
    key = bytes(range(193))
    assert key_digest("bls", key) == key_digest("bls", key + bytes(7)) == key_digest("bls", key + b"\xff" * 7)
    assert canonical("bls", key + b"\xff" * 7) == key + bytes(7)
    digests = {key_digest(kind, bytes(160)) for kind in ("plonk", "groth16", "schnorr")}
    assert len(digests) == 3
    changed = [bytearray(key) for _ in key]
    for i, other in enumerate(changed):
        other[i] ^= 1
    assert len({key_digest("bls", bytes(other)) for other in (key, *changed)}) == len(key) + 1
    with pytest.raises(InvalidInput, match="160 bytes, not 3"):
        key_digest("schnorr", b"abc")
    with pytest.raises(InvalidInput, match="unknown kind"):
        key_digest("kzg", b"")


def test_the_list_and_one_key_are_shown(cli: Cli, tmp_path: Path) -> None:
    assert cli("keys", "list") == (0, b"", "")
    args = good("verify_plonk").args
    assert args is not None
    digest = kept(cli, tmp_path, "verify_plonk", bytes.fromhex(args["verifier_data"]))
    assert cli("keys", "list").out.decode().split()[:2] == [digest, "plonk"]
    assert json.loads(cli("keys", "list", "--json").out)["key"] == digest
    shown = cli("keys", "show", digest[:8]).out.decode()
    assert digest in shown
    assert "verify_plonk" in shown
    assert cli("keys", "show", digest, "--hex").out.decode().strip() == args["verifier_data"]
    assert cli("keys", "show", "00").status == cli("keys", "show", "zz").status == 2


def test_a_key_is_added_whole_or_not_at_all_and_the_store_is_bounded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = KeyStore()
    with pytest.raises(InvalidInput, match="more than 1,048,576 bytes"):
        store.add("plonk", bytes((1 << 20) + 1))
    monkeypatch.setattr("coproc.jobs.key_store.os.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        store.add("plonk", b"abc")
    assert list(cache.iterdir()) == []
    monkeypatch.undo()
    store = KeyStore(cache)
    monkeypatch.setattr("coproc.jobs.key_store.MAX_KEPT", 250)
    keys = [store.add("plonk", bytes([i]) * 100) for i in range(5)]
    for key in [*keys, *keys]:
        assert store.find("plonk", key.digest.upper()) == key.data
        assert store._bytes <= 250
    assert store.digests() == sorted(key.digest for key in keys)
