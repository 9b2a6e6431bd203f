"""`coproc convert snarkjs` and `evm`: what their verifiers accept verifies as a job line; the rest is refused or false."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coproc.engine.protocol import Encoding
from coproc.engine.select import select
from coproc.params.bn254 import P, R
from coproc.wire.groth16 import G2, EncodedPoint, decode_points
from tests.cli.conftest import Cli
from tests.cli.groth16 import POSITIVE, bundles, calldata, verified, words, write
from tests.vectors.load import public, verifying_keys

Job = Callable[..., Path]


# ---- snarkjs ---------------------------------------------------------------------------------------------------------------------


def test_every_snarkjs_sample_verifies_or_is_refused_as_it_must(cli: Cli, job: Job, tmp_path: Path) -> None:
    samples = bundles()
    converted = cli("convert", "snarkjs", job(*(value for value, _ in samples)), "--keep-going")
    answers = dict(verified(cli, converted, tmp_path))
    assert {value["id"]: answers.get(value["id"], False) for value, _ in samples} == {value["id"]: expect for value, expect in samples}
    refused = len(samples) - len(answers)
    assert converted.status == 2
    assert converted.err.count("not canonical") >= 16  # x + p and scalar + r of eight proofs
    assert f"{len(answers)} proofs under 8 keys converted, {refused} refused" in converted.err


def test_snarkjs_files_pair_by_what_they_are(cli: Cli, tmp_path: Path) -> None:
    key = write(tmp_path / "verification_key.json", POSITIVE["vk"])
    proof = write(tmp_path / "proof.json", POSITIVE["proof"])
    inputs = write(tmp_path / "public.json", POSITIVE["publicSignals"])
    ids = [(str(proof), True)]
    assert verified(cli, cli("convert", "snarkjs", proof, inputs, "--vk", key), tmp_path) == ids
    assert verified(cli, cli("convert", "snarkjs", inputs, proof, "--vk", key), tmp_path) == ids
    assert verified(cli, cli("convert", "snarkjs", key, proof, inputs, proof, inputs), tmp_path) == ids * 2
    out = tmp_path / "jobs.jsonl"
    assert cli("convert", "snarkjs", key, proof, inputs, "--out", out, "--quiet") == (0, b"", "")
    assert [set(json.loads(line)) for line in out.read_text().splitlines()] == [{"blob", "hex"}, {"id", "op", "argbuf"}]


def test_a_proof_without_inputs_or_key_is_refused(cli: Cli, tmp_path: Path) -> None:
    key = write(tmp_path / "vk.json", POSITIVE["vk"])
    proof = write(tmp_path / "proof.json", POSITIVE["proof"])
    inputs = write(tmp_path / "public.json", POSITIVE["publicSignals"])
    for files, sentence in (
        ((proof, "--vk", key), f"{proof}: a proof without its public inputs"),
        ((inputs, "--vk", key), f"{inputs}: public inputs without their proof"),
        ((proof, inputs), f"{proof}: no verifying key: give --vk FILE"),
        ((proof, proof, inputs, "--vk", key), f"{proof}: a second proof before the public inputs"),
        ((inputs, inputs, "--vk", key), f"{inputs}: public inputs twice for one proof"),
        ((proof, tmp_path / "absent", "--vk", key), "No such file"),
        (("-",), "-: proofs are read from files"),
    ):
        ran = cli("convert", "snarkjs", *files)
        assert (ran.status, ran.out) == (2, b"")
        assert sentence in ran.err


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"protocol": "plonk", "curve": "bn128", "A": ["1", "2", "1"]}, "snarkjs plonk over bn128: none of the eleven host functions"),
        ({"A": [], "B": [], "C": [], "Z": [], "T1": [], "Wxi": []}, "snarkjs plonk over bn128: none of the eleven"),
        ({"protocol": "fflonk", "curve": "bn128", "polynomials": {}, "evaluations": {}}, "snarkjs fflonk over bn128: none of the eleven"),
        ({"protocol": "groth16", "curve": "bls12381"}, "Groth16 over bls12381: none of the eleven"),
        ({"protocol": "stark"}, "snarkjs stark over bn128: none of the eleven"),
        ({}, "pi_a is missing"),
        ("nonsense", "neither a proof, nor public inputs, nor a verification key"),
        (7, "neither a proof"),
    ],
)
def test_what_fits_none_of_the_eleven_is_refused_by_name(cli: Cli, tmp_path: Path, value: object, sentence: str) -> None:
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps(value))
    ran = cli("convert", "snarkjs", proof, "--vk", write(tmp_path / "vk.json", POSITIVE["vk"]))
    assert (ran.status, ran.out) == (2, b"")
    assert f"{proof}" in ran.err
    assert sentence in ran.err


def changed(path: str, value: object) -> dict[str, Any]:
    """The positive sample with one thing changed; path: names and indexes, dotted."""
    made: dict[str, Any] = json.loads(json.dumps(POSITIVE))
    at: Any = made
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        at = at[step]
    at[last] = value
    return made


X = int(POSITIVE["proof"]["pi_a"][0])


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("proof.pi_a.0", str(X + P), "pi_a: the coordinate is not canonical"),
        ("proof.pi_a.0", str(P), "pi_a: the coordinate is not canonical"),
        ("proof.pi_a.0", str(X + 1), "not on its curve"),
        ("proof.pi_a.0", "-1", "pi_a: not a number"),
        ("proof.pi_a.0", "1e3", "pi_a: not a number"),
        ("proof.pi_a.0", "9" * 5000, "pi_a: not a number"),
        ("proof.pi_a.0", None, "pi_a: not a number"),
        ("proof.pi_a.0", 1.5, "pi_a: not a number"),
        ("proof.pi_a.0", True, "pi_a: not a number"),
        ("proof.pi_a.2", "2", "pi_a: not affine"),
        ("proof.pi_a", ["0", "0", "1"], "pi_a: not on its curve"),
        ("proof.pi_a", ["1", "2"], "pi_a: must be an array of 3"),
        ("proof.pi_b", [["0", "0"], ["0", "0"], ["1", "0"]], "pi_b: not on its curve"),
        ("proof.pi_b.2", ["1", "1"], "pi_b: not affine"),
        ("proof.pi_b.0", ["1"], "pi_b: must be an array of 2"),
        ("proof.pi_c", {}, "pi_c: must be an array of 3"),
        ("publicSignals.0", str(R), "public input 0: not canonical"),
        ("publicSignals.0", "x", "public input 0: not a number"),
        ("publicSignals", [], "0 public inputs where the key takes 1"),
        ("publicSignals", ["1", "2"], "2 public inputs where the key takes 1"),
        ("publicSignals", {}, "public inputs: must be an array"),
        ("vk.IC", [], "IC: must be an array of points"),
        ("vk.nPublic", 7, "nPublic is 7 but IC has 2 points"),
        ("vk.curve", "bls12381", "Groth16 over bls12381"),
        ("vk.vk_alpha_1", ["1", "3", "1"], "verifying key: alpha is no point of its group"),
        ("vk.IC.1", ["1", "3", "1"], "verifying key: gamma_abc[1] is no point of its group"),
    ],
)
def test_strict_decoding_names_what_is_wrong(cli: Cli, job: Job, path: str, value: object, sentence: str) -> None:
    ran = cli("convert", "snarkjs", job(changed(path, value)))
    assert (ran.status, b"argbuf" in ran.out) == (2, False)
    assert "job1.jsonl: " in ran.err
    assert sentence in ran.err


def test_infinite_points_are_converted_and_false(cli: Cli, job: Job, tmp_path: Path) -> None:
    infinite = {"pi_a": ["0", "1", "0"], "pi_b": [["0", "0"], ["1", "0"], ["0", "0"]], "pi_c": ["0", "1", "0"]}
    lines = [changed(f"proof.{name}", value) for name, value in infinite.items()]
    answers = verified(cli, cli("convert", "snarkjs", job(*lines)), tmp_path)
    assert [answer for _, answer in answers] == [False] * 3


def test_a_proof_outside_the_subgroup_is_false_and_such_a_key_is_refused(cli: Cli, job: Job, tmp_path: Path) -> None:
    # (1 + u, y) on the twist, of an order that r does not divide: found by trying small x
    engine = select()
    for c0 in range(40):
        data = c0.to_bytes(32, "little") + (1).to_bytes(32, "little")
        words, refused = decode_points(engine, [EncodedPoint(G2, Encoding.ARK_COMPRESSED, data)])
        if not refused[0]:
            break
    text = engine.encode(G2, Encoding.EVM, words[0].reshape(1, -1)).tobytes()
    x1, x0, y1, y0 = (str(int.from_bytes(text[i : i + 32], "big")) for i in range(0, 128, 32))
    point = [[x0, x1], [y0, y1], ["1", "0"]]
    converted = cli("convert", "snarkjs", job(changed("proof.pi_b", point)))
    assert [answer for _, answer in verified(cli, converted, tmp_path)] == [False]
    ran = cli("convert", "snarkjs", job(changed("vk.vk_gamma_2", point)))
    assert ran.status == 2
    assert "verifying key: gamma is no point of its group" in ran.err


# ---- Solidity and calldata -------------------------------------------------------------------------------------------------------


def test_calldata_of_every_positive_sample_verifies(cli: Cli, tmp_path: Path) -> None:
    for i, (value, _) in enumerate(pair for pair in bundles() if pair[1]):
        key = write(tmp_path / "vk.json", value["vk"])
        data = calldata(value)
        forms: tuple[str | bytes, ...] = (data.hex(), f"0x{data.hex()}\n", b"\x43\x75\x3b\x4d" + data, f"0x43753b4d{data.hex()}")
        file = write(tmp_path / f"call{i}", forms[i % 4])
        assert verified(cli, cli("convert", "evm", file, "--vk", key), tmp_path) == [(str(file), True)]


def test_published_calldata_verifies_with_its_public_inputs_beside_it(cli: Cli, tmp_path: Path) -> None:
    keys = verifying_keys("zk/groth16_bn254")
    cases = [case["in"] for case in public("zk/groth16_bn254") if len(case["in"].get("calldata", "")) == 520]
    assert len(cases) == 4
    for case in cases:  # a selector and eight words; the inputs travel apart
        files = (write(tmp_path / "call", case["calldata"]), write(tmp_path / "public.json", case["public"]))
        ran = cli("convert", "evm", *files, "--vk", write(tmp_path / "vk.json", keys[case["vk"]]))
        assert [answer for _, answer in verified(cli, ran, tmp_path)] == [True]


def test_what_snarkjs_prints_for_solidity_is_read(cli: Cli, tmp_path: Path) -> None:
    w = [f'"0x{v:064x}"' for v in words(POSITIVE)]
    inputs = ", ".join(f'"0x{int(x):064x}"' for x in POSITIVE["publicSignals"])
    text = f"[{w[0]}, {w[1]}],[[{w[2]}, {w[3]}],[{w[4]}, {w[5]}]],[{w[6]}, {w[7]}],[{inputs}]"
    key, call = write(tmp_path / "vk.json", POSITIVE["vk"]), write(tmp_path / "call.txt", text)
    for source in ("evm", "snarkjs"):
        assert verified(cli, cli("convert", source, call, "--vk", key), tmp_path) == [(str(call), True)]


def test_many_calls_in_a_file_are_many_proofs(cli: Cli, tmp_path: Path) -> None:
    bad = bytearray(calldata(POSITIVE))
    bad[-1] ^= 1
    file = write(tmp_path / "calls", "\n".join([calldata(POSITIVE).hex(), "", bad.hex(), "0x" + calldata(POSITIVE).hex()]) + "\n")
    converted = cli("convert", "evm", file, "--vk", write(tmp_path / "vk.json", POSITIVE["vk"]))
    assert verified(cli, converted, tmp_path) == [(f"{file}:1", True), (f"{file}:3", False), (f"{file}:4", True)]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "0 bytes are no calldata"),
        (bytes(255), "255 bytes are no calldata"),
        (b"\xff" * 288, "a.x: the coordinate is not canonical"),
        (calldata(POSITIVE)[:256], "0 public inputs where the key takes 1"),
        (calldata(POSITIVE) + bytes(32), "2 public inputs where the key takes 1"),
        (calldata(POSITIVE)[:256] + b"\xff" * 32, "public input 0: not canonical"),
        (bytes(31) + b"\1" + calldata(POSITIVE)[32:], "A is not canonical or not on its curve"),
        (b"[1, 2", "not what snarkjs generatecall prints"),
    ],
)
def test_wrong_calldata_is_refused(cli: Cli, tmp_path: Path, data: bytes, sentence: str) -> None:
    ran = cli("convert", "evm", write(tmp_path / "call", data), "--vk", write(tmp_path / "vk.json", POSITIVE["vk"]))
    assert (ran.status, b"argbuf" in ran.out) == (2, False)
    assert sentence in ran.err
