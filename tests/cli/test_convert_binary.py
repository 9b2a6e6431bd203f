"""`coproc convert gnark` and `arkworks`, and the prepared key that every conversion makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coproc.engine.protocol import Encoding
from coproc.engine.select import select
from coproc.wire import arkworks, snarkjs
from coproc.wire.groth16 import G1, G2, EncodedPoint, decode_points, prepare_key
from tests.cli.conftest import Cli
from tests.cli.groth16 import POSITIVE, bundles, calldata, verified, write
from tests.vectors.load import dusk_lines, public

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
