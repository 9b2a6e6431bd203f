"""`CostModel`: how long a batch takes, base + slope × units for each operation, measured in processor time while batches run.

Units are seconds by a table, from the number of requests and their bytes; the table only says how one request compares with another.
Base and slope are the weighted least squares over recent batches, the newest counting most, held near the table by a little weight.
Requests of tenants that are mostly refused have a line of their own: finding the false ones among many costs more.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Price(NamedTuple):
    """Seconds of a batch by itself, of each request, and of each of its bytes, on one core; they are only where measuring starts."""

    batch: float
    request: float
    byte: float = 0.0


TABLE: Final = {
    "hash": Price(50e-6, 0.5e-6, 2e-9),
    "poseidon_hash": Price(100e-6, 2e-6, 70e-9),
    "verify_plonk": Price(1e-3, 1.1e-3),
    "verify_groth16_bn254": Price(1e-3, 0.4e-3),
    "verify_schnorr": Price(0.2e-3, 50e-6),
    "verify_bls": Price(1e-3, 0.5e-3),
    "verify_bls_multisig": Price(1e-3, 0.5e-3, 130e-9),
    "keccak256": Price(50e-6, 0.5e-6, 3e-9),
    "sha256": Price(50e-6, 0.4e-6, 1e-9),
    "verify_kzg_proof": Price(1e-3, 0.5e-3),
    "secp256k1_recover": Price(0.2e-3, 35e-6),
}
_UNKNOWN: Final = Price(1e-3, 0.5e-3)

_KEEP: Final = 0.95  # weight of a batch, from one batch to the next
_ANCHOR: Final = 0.05  # weight of the table: two points on its line
_ANCHOR_UNITS: Final = 0.05
_SLOPES: Final = (1 / 256, 256.0)
_MOST_BASE: Final = 1.0

Line = tuple[str, bool]
"""Operation, and whether the tenants are mostly refused."""


def units(op: str, requests: int, nbytes: int) -> float:
    """Seconds by the table, without those of a batch by itself."""
    price = TABLE.get(op, _UNKNOWN)
    return requests * price.request + nbytes * price.byte


class _Fit:
    """Seconds as a line over units."""

    def __init__(self, base: float) -> None:
        self.base, self.slope = base, 1.0
        # sums of weight, u, u², t and u t; the anchors are the table's batches of no units and of some
        u = _ANCHOR_UNITS
        self._anchor: tuple[float, ...] = tuple(_ANCHOR * x for x in (2.0, u, u * u, 2 * base + u, u * (base + u)))
        self._sums: tuple[float, ...] = (0.0,) * 5

    def learn(self, u: float, t: float) -> None:
        new = (1.0, u, u * u, t, u * t)
        self._sums = tuple(_KEEP * old + x for old, x in zip(self._sums, new, strict=True))
        w, su, suu, st, sut = (a + x for a, x in zip(self._anchor, self._sums, strict=True))
        slope = (w * sut - su * st) / (w * suu - su * su)  # positive: the anchors alone are two points
        self.slope = min(max(slope, _SLOPES[0]), _SLOPES[1])
        self.base = min(max((st - self.slope * su) / w, 0.0), _MOST_BASE)


class CostModel:
    """Estimates, one line an operation. For one thread at a time."""

    def __init__(self) -> None:
        self._fits: dict[Line, _Fit] = {}

    def _fit(self, line: Line) -> _Fit:
        fit = self._fits.get(line)
        if fit is None:
            fit = self._fits[line] = _Fit(TABLE.get(line[0], _UNKNOWN).batch)
        return fit

    def seconds(self, line: Line, some_units: float) -> float:
        """Of a batch of so many units."""
        fit = self._fit(line)
        return fit.base + fit.slope * some_units

    def slope(self, line: Line) -> float:
        """Seconds a unit."""
        return self._fit(line).slope

    def most(self, line: Line, seconds: float) -> float:
        """Units of a batch that takes so long, or whose requests take as long as the batch by itself, where that is more."""
        fit = self._fit(line)
        return max(fit.base, seconds - fit.base) / fit.slope

    def learn(self, line: Line, some_units: float, seconds: float) -> None:
        """A batch of so many units took so long."""
        self._fit(line).learn(some_units, seconds)

    def lines(self) -> dict[Line, tuple[float, float]]:
        """Base in seconds and slope of each line that was used."""
        return {line: (fit.base, fit.slope) for line, fit in self._fits.items()}
