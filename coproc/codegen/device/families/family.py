"""What a family of kernels is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Part = str | Callable[[str], str]


@dataclass(frozen=True)
class Family:
    """One module for each curve in ``curves``.

    ``base`` "fp" or "fr" says what the module's ``fp`` is; ``tower`` adds Fp2. ``parts`` follow the leaf: a name is a text file
    of ``kernels_cuda``, a function prints constants or programs for a curve. ``blocks`` are the group sizes that the engine uses,
    the first by default; ``slots`` the most slots of a work-item that a kernel of the family takes.
    """

    name: str
    parts: tuple[Part, ...]
    slots: int
    curves: tuple[str, ...] = ("bls12_381", "bn254")
    base: str = "fp"
    tower: bool = False
    blocks: tuple[int, ...] = (64,)
