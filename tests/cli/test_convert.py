"""`coproc convert`: what snarkjs, gnark, arkworks and EVM verifiers accept verifies as a job line; the rest is refused or false."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coproc.engine.protocol import Encoding
from coproc.engine.select import select
from coproc.params.bn254 import P, R
from coproc.wire import arkworks, snarkjs
from coproc.wire.groth16 import G1, G2, EncodedPoint, decode_points, prepare_key
from tests.cli.conftest import Cli, Ran
from tests.vectors.load import dusk_lines, public, verifying_keys

Job = Callable[..., Path]
SUITES = ("zk/groth16_bn254", "zk/groth16_bn254_derived", "zk/groth16_bn254_generated")


def bundles() -> list[tuple[dict[str, Any], bool]]:
    """Every snarkjs sample as proof, inputs and key in one, and whether it verifies."""
    made = []
    for suite in SUITES:
        keys = verifying_keys(suite)
        for i, case in enumerate(public(suite)):
            given = case["in"]
            value = {"id": f"{suite}:{i}", "proof": given["proof"], "publicSignals": given["public"], "vk": keys[given["vk"]]}
            made.append((value, case["expect"]))
    return made


POSITIVE = next(value for value, expect in bundles() if expect)


def write(path: Path, value: object) -> Path:
    if isinstance(value, bytes):
        path.write_bytes(value)
    else:
        path.write_text(value if isinstance(value, str) else json.dumps(value, indent=1))
    return path


def verified(cli: Cli, converted: Ran, tmp_path: Path) -> list[tuple[str, bool]]:
    """The answers to what was converted."""
    jobs = tmp_path / "converted.jsonl"
    jobs.write_bytes(converted.out)
    ran = cli("verify", jobs)
    assert ran.status == 0
    assert all(answer["status"] == "ok" for answer in ran.answers)
    return [(answer["id"], answer["answer"]) for answer in ran.answers]


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


def words(value: dict[str, Any]) -> list[int]:
    """The eight words of a proof, c1 first."""
    proof = value["proof"]
    (bx0, bx1), (by0, by1), _ = proof["pi_b"]
    return [int(v) for v in (*proof["pi_a"][:2], bx1, bx0, by1, by0, *proof["pi_c"][:2])]


def calldata(value: dict[str, Any]) -> bytes:
    return b"".join(w.to_bytes(32, "big") for w in (*words(value), *map(int, value["publicSignals"])))


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


# ---- gnark and arkworks ----------------------------------------------------------------------------------------------------------

GNARK = {case["op"]: {name: bytes.fromhex(text) for name, text in case["in"].items()} for case in public("zk/gnark_binary")}
GROTH16 = GNARK["gnark_groth16_bn254"]


def raw_gnark(data: bytes, groups: str) -> bytes:
    """Compressed points of a gnark file as WriteRawTo writes them; groups: 1, 2 a point, other characters bytes that stay."""
    out, at = b"", 0
    for group in groups:
        if group in "12":
            size = 32 * int(group)
            piece = data[at : at + size]
            flag = {0x80: 0, 0xC0: 0x80, 0x40: 0x40}[piece[0] & 0xC0]
            little = (bytes([piece[0] & 0x3F]) + piece[1:])[::-1]
            point = EncodedPoint((G1, G2)[int(group) - 1], Encoding.ARK_COMPRESSED, little[:-1] + bytes([little[-1] | flag]))
            words, _ = decode_points(select(), [point])
            out += select().encode(point.group, Encoding.EVM, words[0].reshape(1, -1)).tobytes()
            at += size
        else:
            out += data[at : at + 4]
            at += 4
    return out + data[at:]


def test_gnark_files_verify_compressed_and_raw(cli: Cli, tmp_path: Path) -> None:
    witness = write(tmp_path / "public", GROTH16["public_witness"])
    forms = {
        "compressed": (GROTH16["proof"], GROTH16["vk"]),
        "raw": (raw_gnark(GROTH16["proof"], "121"), raw_gnark(GROTH16["vk"], "112212n11")),
        "bare": (GROTH16["proof"][:128], GROTH16["vk"][:-132]),  # as before commitments
        "hex": (GROTH16["proof"].hex().encode(), GROTH16["vk"].hex().encode() + b"\n"),
    }
    for name, (proof, key) in forms.items():
        files = write(tmp_path / name, proof), witness, "--vk", write(tmp_path / "vk", key)
        assert verified(cli, cli("convert", "gnark", *files), tmp_path) == [(str(tmp_path / name), True)], name


def patched(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + piece + data[at + len(piece) :]


@pytest.mark.parametrize(
    ("proof", "witness", "key", "sentence"),
    [
        (GNARK["gnark_plonk_bn254"]["proof"], None, None, "gnark's PLONK and its other curves fit none of the eleven host functions"),
        (None, None, GNARK["gnark_plonk_bn254"]["vk"], "gnark's PLONK and its other curves fit none of the eleven host functions"),
        (GROTH16["proof"][:100], None, None, "it ends within C"),
        (GROTH16["proof"] + b"\0", None, None, "1 bytes are left over"),
        (patched(GROTH16["proof"], 128, b"\0\0\0\1"), None, None, "gnark Groth16 with commitments: none of the eleven"),
        (patched(GROTH16["proof"], 128, b"\xff\xff\xff\xff"), None, None, "is said to have 4,294,967,295 points"),
        (patched(GROTH16["proof"], 0, b"\xff" * 32), None, None, "A is not canonical or not on its curve"),
        (patched(GROTH16["proof"], 0, b"\x40" + bytes(30) + b"\1"), None, None, "A: infinity with coordinates"),
        (None, b"", None, "it ends within its counts"),
        (None, GROTH16["public_witness"][:-1], None, "no gnark public witness over BN254"),
        (None, patched(GROTH16["public_witness"], 4, b"\0\0\0\1"), None, "a full witness with 1 secret values"),
        (None, patched(GROTH16["public_witness"], 12, b"\xff" * 32), None, "public input 0: not canonical"),
        (None, None, GROTH16["vk"][:-1], "it ends within the commitment key"),
        (None, None, GROTH16["vk"] + b"\0", "1 bytes are left over"),
        (None, None, patched(GROTH16["vk"], len(GROTH16["vk"]) - 132, b"\0\0\0\1"), "gnark Groth16 with commitments"),
        (None, None, b"", "it ends within alpha"),
    ],
    ids=[str(i) for i in range(16)],
)
def test_other_gnark_files_are_refused(
    cli: Cli, tmp_path: Path, proof: bytes | None, witness: bytes | None, key: bytes | None, sentence: str
) -> None:
    files = [
        write(tmp_path / name, GROTH16[part] if given is None else given)
        for name, part, given in (("proof", "proof", proof), ("witness", "public_witness", witness), ("vk", "vk", key))
    ]
    ran = cli("convert", "gnark", files[0], files[1], "--vk", files[2])
    assert (ran.status, b"argbuf" in ran.out) == (2, False)
    assert sentence in ran.err


def test_files_that_come_in_pairs_are_missed(cli: Cli, tmp_path: Path) -> None:
    proof = write(tmp_path / "proof", GROTH16["proof"])
    ran = cli("convert", "gnark", proof, "--vk", write(tmp_path / "vk", GROTH16["vk"]))
    assert ran.status == 2
    assert f"{proof}: a proof without its public inputs: files come in pairs" in ran.err


def ark(value: dict[str, Any], encoding: Encoding) -> tuple[bytes, bytes, bytes]:
    """Proof, inputs and key of a snarkjs sample as arkworks writes them."""
    engine = select()

    def encoded(point: EncodedPoint) -> bytes:
        words, refused = decode_points(engine, [point])
        assert not refused[0]
        return engine.encode(point.group, encoding, words[0].reshape(1, -1)).tobytes()

    key, proof = snarkjs.verifying_key(value["vk"]), snarkjs.proof(value["proof"])
    inputs = b"".join(int(x).to_bytes(32, "little") for x in value["publicSignals"])
    data = b"".join(map(encoded, (key.alpha, key.beta, key.gamma, key.delta)))
    data += len(key.gamma_abc).to_bytes(8, "little") + b"".join(map(encoded, key.gamma_abc))
    return b"".join(map(encoded, proof)), inputs, data


@pytest.mark.parametrize("encoding", [Encoding.ARK_COMPRESSED, Encoding.ARK_UNCOMPRESSED])
def test_arkworks_bytes_verify_compressed_and_not(cli: Cli, tmp_path: Path, encoding: Encoding) -> None:
    for value in [value for value, expect in bundles() if expect][::5]:
        proof, inputs, key = ark(value, encoding)
        counted = (len(inputs) // 32).to_bytes(8, "little") + inputs
        for form in (inputs, counted):
            files = write(tmp_path / "proof", proof), write(tmp_path / "inputs", form), "--vk", write(tmp_path / "vk", key)
            assert verified(cli, cli("convert", "arkworks", *files), tmp_path) == [(str(tmp_path / "proof"), True)]


@pytest.mark.parametrize(
    ("proof", "inputs", "sentence"),
    [
        (bytes(192), None, "a Groth16 proof over BLS12-381, which none of the eleven host functions verifies"),
        (bytes(100), None, "100 bytes, not 128 or 256"),
        (b"\xff" * 128, None, "infinity with coordinates, or with a sign"),
        (b"\x3f" * 128, None, "A is not canonical or not on its curve"),
        (None, bytes(31), "31 bytes are not a multiple of 32"),
        (None, b"\xff" * 32, "public input 0: not canonical"),
    ],
)
def test_other_arkworks_files_are_refused(cli: Cli, tmp_path: Path, proof: bytes | None, inputs: bytes | None, sentence: str) -> None:
    good_proof, good_inputs, key = ark(POSITIVE, Encoding.ARK_COMPRESSED)
    files = write(tmp_path / "proof", proof or good_proof), write(tmp_path / "inputs", inputs or good_inputs)
    ran = cli("convert", "arkworks", *files, "--vk", write(tmp_path / "vk", key))
    assert (ran.status, b"argbuf" in ran.out) == (2, False)
    assert sentence in ran.err


def test_bls12_381_arkworks_keys_are_refused_by_name(cli: Cli, tmp_path: Path) -> None:
    case = public("zk/groth16_arkworks_bytes")[0]["in"]
    proof, inputs, key = (bytes.fromhex(case[name]) for name in ("proof_bytes", "public_inputs_bytes", "vk_bytes"))
    files = write(tmp_path / "proof", proof), write(tmp_path / "inputs", inputs)
    ran = cli("convert", "arkworks", *files, "--vk", write(tmp_path / "vk", key))
    assert ran.status == 2
    assert "over BLS12-381, none of the eleven host functions verifies it" in ran.err


def test_a_key_in_any_format_goes_with_proofs_in_any_format(cli: Cli, tmp_path: Path) -> None:
    _, _, key = ark(POSITIVE, Encoding.ARK_UNCOMPRESSED)
    call = write(tmp_path / "call", calldata(POSITIVE))
    for form in (key, key.hex().encode(), json.dumps(POSITIVE["vk"]).encode()):
        ran = cli("convert", "evm", call, "--vk", write(tmp_path / "vk", form))
        assert [answer for _, answer in verified(cli, ran, tmp_path)] == [True]


# ---- the prepared key ------------------------------------------------------------------------------------------------------------


def test_prepared_keys_equal_arkworks_own_byte_for_byte() -> None:
    blobs = [bytes.fromhex(line["hex"]) for line in dusk_lines("verify_groth16_bn254") if "blob" in line]
    assert len(blobs) == 3
    for data in blobs:
        points = int.from_bytes(data[448:456], "little")
        assert prepare_key(select(), arkworks.verifying_key(data[: 456 + 64 * points])).data == data


def test_a_published_key_of_every_kind_can_be_prepared(cli: Cli) -> None:
    cases = public("zk/groth16_bn254_vks")
    for case in cases:
        key = prepare_key(select(), snarkjs.verifying_key(case["in"]["vk"]))
        assert key.public_inputs == len(case["in"]["vk"]["IC"]) - 1
        assert np.count_nonzero(key.gamma_abc.any(axis=1)) == len(key.gamma_abc)
