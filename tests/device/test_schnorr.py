"""Signatures on JubJub on PoCL: accepted exactly where the CPU engine accepts, and nothing that the device got wrong."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from coproc.codegen.device import jubjub as costs
from coproc.engine.cpu import CpuEngine
from coproc.engine.device import schnorr
from coproc.engine.device.jubjub import Secrets
from coproc.engine.device.opencl import OpenClDevice
from coproc.engine.device.trust import Mismatch
from coproc.engine.protocol import U64, Field
from coproc.params import jubjub
from tests.engine import kit
from tests.engine.test_schnorr import Secret, Signature, answers, mixture, secret, signed
from tests.fuzz.points import jubjub_raw, small_jubjub

CPU = CpuEngine()


@pytest.fixture(scope="module")
def device() -> OpenClDevice:
    return OpenClDevice()


@pytest.fixture(scope="module")
def blinds() -> Secrets:
    return Secrets(CPU)


@pytest.fixture(scope="module")
def good() -> list[Signature]:
    rng = random.Random(1)
    return signed(CPU, [secret(rng) for _ in range(6)], rng)


def rows_of(signatures: Sequence[Signature]) -> tuple[U64, list[bool]]:
    columns = [kit.addresses_of_bytes([s[k] for s in signatures]) for k in range(3)]
    rows, fit = schnorr.requests(*(where for where, _ in columns))
    return rows, fit.tolist()


def verdicts(device: OpenClDevice, blinds: Secrets, signatures: Sequence[Signature], block: int) -> list[bool]:
    """Of signatures that are all the device's part."""
    rows, fit = rows_of(signatures)
    assert all(fit)
    with device.stream() as stream:
        found: list[bool] = schnorr.accepted(stream, CPU, blinds, rows, block).tolist()
    return found


def test_secret_points_are_multiples_of_the_generator(blinds: Secrets) -> None:
    before: set[int] = set()
    for _ in range(2):
        scalars, us, vs = blinds.take()
        values = [int.from_bytes(s.tobytes(), "little") * pow(1 << 256, -1, jubjub.R) % jubjub.R for s in scalars]
        points = list(zip(kit.plain(Field.BLS12_381_FR, us), kit.plain(Field.BLS12_381_FR, vs), strict=True))
        assert points[::21] == [jubjub.mul(s, jubjub.GENERATOR) for s in values[::21]]
        assert len({*values} | before) == len(values) + len(before)
        before = {*values}


def test_secrets_do_not_become_fewer_however_many_are_taken(blinds: Secrets) -> None:
    """Adding to each of 64 one of the same 64, turned, would: a turn by 32 leaves 32 of them, and in the end one is left."""
    for _ in range(300):
        scalars, us, _ = blinds.take()
        assert len({row.tobytes() for row in scalars}) == len({row.tobytes() for row in us}) == Secrets.SIZE


@pytest.mark.parametrize(("block", "n"), [(16, 0), (16, 1), (16, 15), (16, 16), (16, 17), (128, 40)])
def test_signatures_are_accepted_and_damaged_ones_are_not(
    device: OpenClDevice, blinds: Secrets, good: list[Signature], block: int, n: int
) -> None:
    pool = [s for s in mixture(CPU, random.Random(3), 2) if rows_of([s])[1] == [True]]
    batch = [(good + pool)[i % (len(good) + len(pool))] for i in range(n)]
    assert verdicts(device, blinds, batch, block) == [a == (1, 0) for a in answers(CPU, batch)] if n else True


def test_what_only_the_exact_path_answers_is_the_hosts(good: list[Signature]) -> None:
    """Unreduced limbs in any place, and z = 0."""
    p, order, top = kit.BLS_R, kit.JUBJUB_R, 1 << 256
    for part, offset, modulus in [(0, 0, p), *((1, 32 * k, p) for k in range(5)), *((2, 32 + 32 * k, p) for k in range(5)), (2, 0, order)]:
        data = good[0][part]
        for value, expected in ((modulus - 1, True), (modulus, False), (modulus + 1, False), (top - 1, False)):
            changed = data[:offset] + value.to_bytes(32, "little") + data[offset + 32 :]
            assert rows_of([good[1], good[0]._replace(**{Signature._fields[part]: changed})])[1] == [True, expected]
    no_z = good[0].key[:64] + bytes(32) + good[0].key[96:]
    assert rows_of([good[0]._replace(key=no_z)])[1] == [False]


def test_no_shift_by_torsion_is_accepted(device: OpenClDevice, blinds: Secrets) -> None:
    """All 8 x 8 shifts of key and R; among them those whose equation holds on the curve."""
    rng, small = random.Random(4), small_jubjub()
    shifts = [(i, j) for i in range(8) for j in range(8)]
    batch = signed(CPU, [secret(rng, small[i], small[j]) for i, j in shifts], rng)
    assert verdicts(device, blinds, batch, 16) == [shift == (0, 0) for shift in shifts]


def test_small_points_and_points_off_the_curve_are_refused(device: OpenClDevice, blinds: Secrets, good: list[Signature]) -> None:
    """Keys and R of order dividing 8, the identity with the u that fits it, swapped coordinates, and t1 t2 that is not u v / z."""
    small = [jubjub_raw(p) for p in small_jubjub()]
    s = good[0]
    crafted = [Signature(s.message, key, u + r) for key, r in [*((k, s.signature[32:]) for k in small), *((s.key, k) for k in small)]
               for u in (bytes(32), s.signature[:32])]  # fmt: skip
    crafted += [Signature(s.message, k, bytes(32) + k) for k in small]
    swapped = s.key[32:64] + s.key[:32] + s.key[64:]
    doubled = s.key[:96] + s.key[128:] + s.key[128:]
    crafted += [s._replace(key=swapped), s._replace(key=doubled), s._replace(signature=s.signature[:32] + swapped)]
    assert verdicts(device, blinds, [*crafted, s], 16) == [False] * len(crafted) + [True]
    assert answers(CPU, crafted) == [(0, 0)] * len(crafted)


def test_a_key_of_its_own_equation_is_refused_only_for_its_order(device: OpenClDevice, blinds: Secrets, good: list[Signature]) -> None:
    """R = [u] G + [c] key on the curve for a key of order 2 r_j and even c: every other condition holds."""
    rng, two = random.Random(9), jubjub.mul(4, jubjub.TORSION)
    batch = signed(CPU, [secret(rng, two) for _ in range(8)], rng)
    assert verdicts(device, blinds, [*batch, good[0]], 16) == [False] * 8 + [True]


def test_the_identity_is_neither_key_nor_commitment(device: OpenClDevice, blinds: Secrets, good: list[Signature]) -> None:
    """R = 0 with u = -c key, and the key 0 with u = nonce: every other condition but the key's order holds."""
    batch = signed(CPU, [Secret(7, 0, 5), Secret(0, 7, 5), Secret(0, 0, 5)], random.Random(2))
    assert verdicts(device, blinds, [*batch, good[0]], 16) == [False] * 3 + [True]


class Faulty:
    """A stream that changes what is uploaded, or what comes back."""

    def __init__(self, stream: object, *, upload: object = None, download: object = None) -> None:
        self._stream, self._upload, self._download = stream, upload, download
        self.seen: list[np.ndarray[tuple[int, ...], np.dtype[np.uint64]]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def upload(self, array: U64) -> object:
        return self._stream.upload(self._upload(array) if self._upload else array)  # type: ignore[attr-defined, operator]

    def download(self, buffer: object, array: U64) -> U64:
        self.seen.append(self._stream.download(buffer, array).copy())  # type: ignore[attr-defined]
        return self._download(self.seen[-1]) if self._download else self.seen[-1]  # type: ignore[operator]


def test_a_flipped_bit_of_a_request_is_noticed_though_it_repairs_it(device: OpenClDevice, blinds: Secrets, good: list[Signature]) -> None:
    """A message with one bit changed, which the fault changes back on its way to the device."""
    broken = good[0]._replace(message=bytes([good[0].message[0] ^ 1]) + good[0].message[1:])
    rows, _ = rows_of([broken, good[1]])

    def repair(array: U64) -> U64:
        if array.shape == rows.shape:
            array = array.copy()
            array[0, 0, 0] ^= np.uint64(1)
        return array

    with device.stream() as stream, pytest.raises(Mismatch):
        schnorr.accepted(Faulty(stream, upload=repair), CPU, blinds, rows, 16)  # type: ignore[arg-type]


def test_results_of_before_zeros_and_results_from_elsewhere_are_not_accepted(
    device: OpenClDevice, blinds: Secrets, good: list[Signature]
) -> None:
    rows, _ = rows_of(good)
    with device.stream() as stream:
        honest = Faulty(stream)
        assert schnorr.accepted(honest, CPU, blinds, rows, 16).all()  # type: ignore[arg-type]
        old = honest.seen[0]

        def kept_sums(change: object) -> object:
            """The change in the points, with the right sums: what is left of the check without them."""
            return lambda out: np.concatenate((change(out)[:, :12], out[:, 12:]), axis=1)  # type: ignore[operator]

        for change in (lambda out: old, np.zeros_like, lambda out: np.full_like(out, 0xFFFFFFFFFFFFFFFF)):
            with pytest.raises(Mismatch):
                schnorr.accepted(Faulty(stream, download=change), CPU, blinds, rows, 16)  # type: ignore[arg-type]
            found = schnorr.accepted(Faulty(stream, download=kept_sums(change)), CPU, blinds, rows, 16)  # type: ignore[arg-type]
            assert not found.any()


def test_a_signature_costs_what_the_model_is_told() -> None:
    calls = costs.schnorr_operations()
    assert all(n > 0 for n in calls.values())
    assert calls["fp_mul"] + calls["fp_sqr"] < 4000
    assert calls["hades_mix"] == 2 * 68
