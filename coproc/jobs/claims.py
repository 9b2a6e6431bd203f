"""Groth16 claims in the files of other systems: which file is a proof, which its public inputs, which a key.

A claim is a proof and its public inputs. snarkjs files tell themselves what they are; gnark's and arkworks' binary files come
in pairs, proof then inputs; EVM calldata holds both, or is followed by a JSON array of inputs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from coproc.errors import InvalidInput
from coproc.jobs.errors import BadLine, JobError
from coproc.jobs.inputs import READ_ERRORS, ByteStream, inspect
from coproc.jobs.lines import MAX_LINE, TooLong, line_blocks
from coproc.wire import arkworks, evm, gnark, snarkjs
from coproc.wire.groth16 import Proof, VerifyingKey

SOURCES: Final = ("snarkjs", "gnark", "arkworks", "evm")


@dataclass(frozen=True)
class FoundClaim:
    """where: the file, with the line where it has several. key: None where --vk is meant."""

    where: str
    id: str
    proof: Proof
    inputs: list[int]
    key: VerifyingKey | None = None


T = TypeVar("T")

Found = FoundClaim | BadLine
"""A claim, or what is wrong where one should be."""


def read_key(name: str) -> VerifyingKey:
    """A verifying key in any of the formats. Raises JobError, which says what it is not."""
    data = whole_file(name)
    try:
        if data.lstrip()[:1] in (b"{", b"["):
            return _object(json_value(data), snarkjs.verifying_key)
        data = unhex(data)
        try:
            return arkworks.verifying_key(data)
        except InvalidInput as no_arkworks:
            try:
                return gnark.verifying_key(data)
            except InvalidInput as no_gnark:
                raise InvalidInput(f"no verifying key: {no_gnark}; {no_arkworks}") from None
    except InvalidInput as error:
        raise JobError(f"{name}: {error}") from None


def find_claims(source: str, names: list[str]) -> Iterator[Found]:
    """The claims of the files, in their order. Raises JobError for a file that cannot be read."""
    if source == "snarkjs":
        yield from _snarkjs(names)
    elif source == "evm":
        yield from _evm(names)
    else:
        module: Any = gnark if source == "gnark" else arkworks
        yield from _pairs(names, module.proof, gnark.public_witness if source == "gnark" else arkworks.public_inputs)


def whole_file(name: str) -> bytes:
    """A file of at most MAX_LINE bytes. Raises JobError."""
    try:
        with ByteStream(inspect(name)) as stream:
            pieces, size = [], 0
            while (piece := stream.read1(1 << 20)) and size <= MAX_LINE:
                pieces.append(piece)
                size += len(piece)
    except READ_ERRORS as error:
        raise JobError(f"{name}: cannot be read: {error}") from None
    if size > MAX_LINE:
        raise JobError(f"{name}: more than {MAX_LINE:,} bytes")
    return b"".join(pieces)


def unhex(data: bytes) -> bytes:
    """Hexadecimal text, with or without 0x, as bytes; anything else as it is."""
    text = data.strip().removeprefix(b"0x")
    try:
        return bytes.fromhex(text.decode("ascii")) if text and len(text) % 2 == 0 else data
    except ValueError:
        return data


def json_value(data: bytes) -> Any:
    """Raises InvalidInput."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"not JSON: {error}") from None


def _object(value: Any, read: Callable[[dict[str, Any]], T]) -> T:
    if not isinstance(value, dict):
        raise InvalidInput("not a JSON object")
    return read(value)


def _documents(name: str) -> Iterator[tuple[str, bytes | TooLong]]:
    """(where, text): the lines of a file whose first line is whole by itself, else the file; an empty file is one empty text."""
    first: tuple[str, bytes | TooLong] | None = None  # held back until it is known whether it is the only one
    several = False
    number = 0
    try:
        with ByteStream(inspect(name)) as stream:
            for line in (line for block in line_blocks(stream) for line in block):
                number += 1
                if number == 1 and not _stands_alone(line):
                    first = name, whole_file(name)
                    break
                if isinstance(line, bytes) and (not line or line.isspace()):
                    continue
                if first is not None:
                    if not several:
                        yield first
                    several = True
                    yield f"{name}:{number}", line
                else:
                    first = f"{name}:{number}", line
    except READ_ERRORS as error:
        raise JobError(f"{name}:{number + 1}: cannot be read on: {error}") from None
    if not several:
        yield name, first[1] if first is not None else b""


def _stands_alone(line: bytes | TooLong) -> bool:
    if isinstance(line, TooLong):
        return True
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return not line.strip() or unhex(line) is not line
    return True


@dataclass
class _Pairing:
    """A proof waits for its inputs, or inputs for their proof."""

    proof: tuple[str, Proof] | None = None
    inputs: list[int] | None = None
    key: VerifyingKey | None = field(default=None)

    def claim(self, name: str | None = None) -> FoundClaim | None:
        if self.proof is None or self.inputs is None:
            return None
        (where, proof), inputs = self.proof, self.inputs
        self.proof = self.inputs = None
        return FoundClaim(where, name or where, proof, inputs, self.key)


def _snarkjs(names: list[str]) -> Iterator[Found]:
    pairing = _Pairing()
    for name in names:
        for where, text in _documents(name):
            try:
                if isinstance(text, TooLong):
                    raise InvalidInput(f"a line of more than {MAX_LINE:,} bytes")
                claim = _snarkjs_document(pairing, where, text)
            except InvalidInput as error:
                pairing.proof = pairing.inputs = None
                yield BadLine(where, str(error))
                continue
            if claim is not None:
                yield claim
    if pairing.proof is not None:
        yield BadLine(pairing.proof[0], "a proof without its public inputs: give public.json behind it")
    if pairing.inputs is not None:
        yield BadLine(names[-1], "public inputs without their proof")


def _snarkjs_document(pairing: _Pairing, where: str, text: bytes) -> FoundClaim | None:
    """One document: a key, a proof, inputs, all in one, or Solidity's call. A claim once it is complete."""
    if text.lstrip()[:1] == b"[" and b"," in text:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            proof, inputs = snarkjs.solidity_call(text.decode(errors="replace"))
            return FoundClaim(where, where, proof, inputs, pairing.key)
    else:
        value = json_value(text)
    if isinstance(value, list):
        if pairing.inputs is not None:
            raise InvalidInput("public inputs twice for one proof")
        pairing.inputs = snarkjs.public_inputs(value)
        return pairing.claim()
    if not isinstance(value, dict):
        raise InvalidInput("neither a proof, nor public inputs, nor a verification key of snarkjs")
    if "IC" in value or "vk_alpha_1" in value:
        pairing.key = snarkjs.verifying_key(value)
        return None
    if "proof" in value:
        return _snarkjs_bundle(pairing, where, value)
    if pairing.proof is not None:
        raise InvalidInput(f"a second proof before the public inputs of {pairing.proof[0]}")
    pairing.proof = where, snarkjs.proof(value)
    return pairing.claim()


def _snarkjs_bundle(pairing: _Pairing, where: str, value: dict[str, Any]) -> FoundClaim:
    """`{"proof": ..., "publicSignals": [...]}`, with `"vk"` and `"id"` where they are given."""
    inputs = next((value[n] for n in ("publicSignals", "public", "pub_signals", "publicInputs", "public_inputs") if n in value), None)
    key = next((value[n] for n in ("vk", "verification_key", "vkey") if isinstance(value.get(n), dict)), None)
    id = value.get("id")
    return FoundClaim(
        where,
        id if isinstance(id, str) else where,
        _object(value["proof"], snarkjs.proof),
        snarkjs.public_inputs(inputs),
        snarkjs.verifying_key(key) if key is not None else pairing.key,
    )


def _pairs(
    names: list[str], read_proof: Callable[[bytes], Proof], read_inputs: Callable[[bytes], list[int]]
) -> Iterator[Found]:  # fmt: skip
    for i in range(0, len(names), 2):
        where = names[i]
        try:
            proof = read_proof(unhex(whole_file(where)))
            if i + 1 == len(names):
                raise InvalidInput("a proof without its public inputs: files come in pairs, PROOF INPUTS")
            where = names[i + 1]
            inputs = read_inputs(unhex(whole_file(where)))
        except JobError:
            raise
        except InvalidInput as error:
            yield BadLine(where, str(error))
        else:
            yield FoundClaim(names[i], names[i], proof, inputs)


def _evm(names: list[str]) -> Iterator[Found]:
    waiting: FoundClaim | None = None
    for name in names:
        for where, text in _documents(name):
            try:
                if isinstance(text, TooLong):
                    raise InvalidInput(f"a line of more than {MAX_LINE:,} bytes")
                inputs = _inputs_alone(text)
                if inputs is not None:
                    if waiting is None or waiting.inputs:
                        raise InvalidInput("public inputs without their proof")
                    waiting = FoundClaim(waiting.where, waiting.id, waiting.proof, inputs)
                    continue
                if waiting is not None:
                    yield waiting
                    waiting = None
                if text.lstrip()[:1] == b"[":
                    proof, values = snarkjs.solidity_call(text.decode(errors="replace"))
                else:
                    proof, values = evm.calldata(unhex(text))
                waiting = FoundClaim(where, where, proof, values)
            except InvalidInput as error:
                yield BadLine(where, str(error))
    if waiting is not None:
        yield waiting


def _inputs_alone(text: bytes) -> list[int] | None:
    """Public inputs as a JSON array, None for anything else."""
    if text.lstrip()[:1] != b"[":
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return snarkjs.public_inputs(value) if not any(isinstance(v, list) for v in value) else None
