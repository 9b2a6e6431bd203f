"""Argument buffers: what the archive check accepts."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coproc.spec import rkyv
from coproc.spec.rkyv import Inline, Layout
from tests.spec.archive import archive

LAYOUTS = {
    "bytes": rkyv.BYTES,
    "scalars": rkyv.SCALARS,
    "plonk": rkyv.PLONK,
    "groth16": rkyv.GROTH16,
    "schnorr": rkyv.SCHNORR,
    "bls": rkyv.BLS,
    "multisig": rkyv.MULTISIG,
    "kzg": rkyv.KZG,
    "recover": rkyv.RECOVER,
}
layouts = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())


def sample(layout: Layout, counts: int = 3) -> tuple[bytes, ...]:
    """Fields of distinct bytes; Vecs of that many elements."""
    return tuple(bytes([i + 1]) * (f.size if isinstance(f, Inline) else f.size * counts) for i, f in enumerate(layout.fields))


@layouts
def test_an_archive_decodes_to_what_was_archived(layout: Layout) -> None:
    for counts in (0, 1, 3):
        fields = sample(layout, counts)
        assert rkyv.parse(layout, archive(layout, *fields)) == fields


@layouts
def test_bytes_in_front_matter_only_to_alignment(layout: Layout) -> None:
    data, fields = archive(layout, *sample(layout)), sample(layout)
    strictest = max([layout.align, *(f.align for f in layout.fields if isinstance(f, rkyv.Vec))])
    for front in range(17):
        expected = fields if front % strictest == 0 else None
        assert rkyv.parse(layout, bytes(front) + data) == expected


@layouts
def test_a_base_that_is_less_aligned_than_a_type_decodes_nothing(layout: Layout) -> None:
    data, fields = archive(layout, *sample(layout)), sample(layout)
    strictest = max([layout.align, *(f.align for f in layout.fields if isinstance(f, rkyv.Vec))])
    for align in (1, 2, 4, 8):
        assert rkyv.parse(layout, data, align) == (fields if align >= strictest else None)


@layouts
def test_a_buffer_that_is_shorter_than_the_root_is_refused(layout: Layout) -> None:
    for size in (0, 1, layout.size - 1):
        assert rkyv.parse(layout, bytes(size)) is None


def test_a_lone_empty_vec_is_eight_zero_bytes() -> None:
    assert rkyv.parse(rkyv.BYTES, bytes(8)) == (b"",)
    assert archive(rkyv.BYTES, b"") == bytes(8)


@pytest.mark.parametrize(
    ("offset", "count"), [(-9, 1), (0, 1), (-8, 9), (1, 1), (-8, 1 << 31), (2**31 - 1, 0), (-(2**31), 0), (1, 0), (-9, 0)]
)
def test_vecs_that_leave_the_buffer_in_front_of_the_root_are_refused(offset: int, count: int) -> None:
    assert rkyv.parse(rkyv.BYTES, bytes(8) + struct.pack("<iI", offset, count)) is None


def test_vecs_must_lie_in_the_encoder_s_order_without_overlap() -> None:
    """Groth16: three byte vectors; the last field comes first."""

    def buffer(*spans: tuple[int, int]) -> bytes:
        root = 32
        return bytes(range(root)) + b"".join(struct.pack("<iI", start - (root + 8 * i), size) for i, (start, size) in enumerate(spans))

    assert rkyv.parse(rkyv.GROTH16, buffer((20, 4), (10, 4), (0, 4))) == (bytes(range(20, 24)), bytes(range(10, 14)), bytes(range(4)))
    assert rkyv.parse(rkyv.GROTH16, buffer((20, 12), (10, 10), (0, 10))) is not None
    assert rkyv.parse(rkyv.GROTH16, buffer((20, 4), (10, 11), (0, 4))) is None
    assert rkyv.parse(rkyv.GROTH16, buffer((0, 4), (10, 4), (20, 4))) is None
    assert rkyv.parse(rkyv.GROTH16, buffer((20, 0), (20, 0), (20, 0))) == (b"", b"", b"")
    assert rkyv.parse(rkyv.GROTH16, buffer((19, 0), (20, 0), (20, 0))) is None


@given(st.binary(max_size=160), st.sampled_from(sorted(LAYOUTS)), st.sampled_from([1, 2, 4, 8]))
def test_fields_lie_inside_the_buffer(data: bytes, name: str, align: int) -> None:
    places = rkyv.locate(LAYOUTS[name], data, align)
    if places is not None:
        for (start, size), field in zip(places, LAYOUTS[name].fields, strict=True):
            assert 0 <= start <= start + size <= len(data)
            assert size % field.size == 0
