"""Merlin transcripts over STROBE-128, as far as a verifier needs them: meta-AD, AD and PRF. [merlin] v1.0, [STROBE] v1.0.2"""

from __future__ import annotations

from typing import Final

from coproc.params import bls12_381
from coproc.spec.hashes import keccak_f1600

RATE: Final = 166
FLAG_I, FLAG_A, FLAG_C, FLAG_T, FLAG_M, FLAG_K = (1 << i for i in range(6))


class Strobe:
    """STROBE-128 on a state of 200 bytes."""

    def __init__(self, label: bytes) -> None:
        self.state = bytearray(bytes([1, RATE + 2, 1, 0, 1, 96]) + b"STROBEv1.0.2" + bytes(182))
        self._permute()
        self.position = 0
        self.begun = 0  # one more than the position at which the running operation began; 0: in an earlier block
        self.meta_ad(label)

    def _permute(self) -> None:
        lanes = keccak_f1600(tuple(int.from_bytes(self.state[i : i + 8], "little") for i in range(0, 200, 8)))
        self.state = bytearray(b"".join(lane.to_bytes(8, "little") for lane in lanes))

    def _run_f(self) -> None:
        self.state[self.position] ^= self.begun
        self.state[self.position + 1] ^= 0x04
        self.state[RATE + 1] ^= 0x80
        self._permute()
        self.position = self.begun = 0

    def _absorb(self, data: bytes) -> None:
        for byte in data:
            self.state[self.position] ^= byte
            self.position += 1
            if self.position == RATE:
                self._run_f()

    def _begin(self, flags: int) -> None:
        begun, self.begun = self.begun, self.position + 1
        self._absorb(bytes([begun, flags]))
        if flags & (FLAG_C | FLAG_K) and self.position:
            self._run_f()

    def meta_ad(self, *parts: bytes) -> None:
        """Absorb framing data; the parts are one operation, continued."""
        self._begin(FLAG_M | FLAG_A)
        for part in parts:
            self._absorb(part)

    def ad(self, data: bytes) -> None:
        """Absorb associated data."""
        self._begin(FLAG_A)
        self._absorb(data)

    def prf(self, size: int) -> bytes:
        """Squeeze, zeroing what was read."""
        self._begin(FLAG_I | FLAG_A | FLAG_C)
        out = bytearray()
        for _ in range(size):
            out.append(self.state[self.position])
            self.state[self.position] = 0
            self.position += 1
            if self.position == RATE:
                self._run_f()
        return bytes(out)


class Transcript:
    """A Merlin transcript with challenges in Fr of BLS12-381."""

    def __init__(self, label: bytes) -> None:
        self.strobe = Strobe(b"Merlin v1.0")
        self.append(b"dom-sep", label)

    def append(self, label: bytes, message: bytes) -> None:
        self.strobe.meta_ad(label, len(message).to_bytes(4, "little"))
        self.strobe.ad(message)

    def append_u64(self, label: bytes, x: int) -> None:
        self.append(label, x.to_bytes(8, "little"))

    def append_scalar(self, label: bytes, x: int) -> None:
        """x as 32 canonical little-endian bytes."""
        self.append(label, x.to_bytes(32, "little"))

    def challenge_bytes(self, label: bytes, size: int) -> bytes:
        self.strobe.meta_ad(label, size.to_bytes(4, "little"))
        return self.strobe.prf(size)

    def challenge(self, label: bytes) -> int:
        """64 bytes as a little-endian integer mod r."""
        return int.from_bytes(self.challenge_bytes(label, 64), "little") % bls12_381.R
