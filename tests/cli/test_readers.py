"""Whatever a file of another system holds, its reader gives points or says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coproc.engine.protocol import ENCODED_BYTES
from coproc.errors import InvalidInput
from coproc.wire import arkworks, evm, gnark, snarkjs
from coproc.wire.groth16 import EncodedPoint
from tests.cli.groth16 import POSITIVE, calldata
from tests.vectors.load import public

GROTH16 = {name: bytes.fromhex(text) for name, text in public("zk/gnark_binary")[0]["in"].items()}
READERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "gnark proof": (gnark.proof, GROTH16["proof"]),
    "gnark key": (gnark.verifying_key, GROTH16["vk"]),
    "gnark witness": (gnark.public_witness, GROTH16["public_witness"]),
    "arkworks proof": (arkworks.proof, bytes(range(1, 32)) * 4 + bytes(4)),
    "arkworks key": (arkworks.verifying_key, bytes(224) + (2).to_bytes(8, "little") + bytes(64)),
    "arkworks inputs": (arkworks.public_inputs, bytes(64)),
    "calldata": (evm.calldata, calldata(POSITIVE)),
}


def points(value: Any) -> list[EncodedPoint]:
    """Every point inside a proof or a key."""
    if isinstance(value, EncodedPoint):
        return [value]
    parts = vars(value).values() if hasattr(value, "__dict__") else value if isinstance(value, tuple) else ()
    return [point for part in parts for point in points(part)]


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_mutated_files_are_points_or_an_error(name: str, data: st.DataObject) -> None:
    read, good = READERS[name]
    made = bytearray(good)
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(made)))
        what = data.draw(st.sampled_from(["flip", "cut", "insert", "fill"]))
        if what == "flip" and at < len(made):
            made[at] ^= data.draw(st.integers(1, 255))
        elif what == "cut":
            del made[at : at + data.draw(st.integers(0, 40))]
        elif what == "insert":
            made[at:at] = data.draw(st.binary(max_size=40))
        else:
            made[at : at + 4] = data.draw(st.sampled_from([b"\xff" * 4, bytes(4)]))
    with suppress(InvalidInput):
        for point in points(read(bytes(made))):
            assert len(point.data) == ENCODED_BYTES[point.group, point.encoding]


@pytest.mark.parametrize("name", READERS)
@given(st.binary(max_size=600))
def test_any_bytes_are_points_or_an_error(name: str, data: bytes) -> None:
    with suppress(InvalidInput):
        READERS[name][0](data)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just("1"), st.just("0"), st.floats())
JSON = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)))


@given(path=st.lists(st.integers(0, 9), max_size=5), value=JSON)
def test_any_json_in_a_snarkjs_file_is_points_or_an_error(path: list[int], value: Any) -> None:
    whole = {"proof": json.loads(json.dumps(POSITIVE["proof"])), "vk": json.loads(json.dumps(POSITIVE["vk"]))}
    at: Any = whole
    last: Any = None
    for step in path:
        if not isinstance(at, (dict, list)) or not at:
            break
        last = at, list(at)[step % len(at)] if isinstance(at, dict) else step % len(at)
        at = at[last[1]]
    if last is not None:
        last[0][last[1]] = value
    for read, part in ((snarkjs.proof, whole["proof"]), (snarkjs.verifying_key, whole["vk"])):
        if isinstance(part, dict):
            with suppress(InvalidInput):
                for point in points(read(part)):
                    assert len(point.data) == ENCODED_BYTES[point.group, point.encoding]


@given(JSON)
def test_any_json_is_public_inputs_or_an_error(value: Any) -> None:
    with suppress(InvalidInput):
        assert all(isinstance(x, int) and x >= 0 for x in snarkjs.public_inputs(value))


@given(st.one_of(st.text(max_size=60), JSON.map(json.dumps), st.lists(JSON, min_size=4, max_size=4).map(lambda v: json.dumps(v)[1:-1])))
def test_any_text_is_a_call_or_an_error(text: str) -> None:
    with suppress(InvalidInput):
        snarkjs.solidity_call(text)
