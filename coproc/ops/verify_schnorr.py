"""verify_schnorr: Schnorr signatures on JubJub; points arrive as extended coordinates, unreduced ones too."""

from __future__ import annotations

from coproc.engine.protocol import U8, Engine, Layout, Parsed
from coproc.keys import KeyRegistry
from coproc.operation import Batch
from coproc.ops.shape import column
from coproc.ops.verification import Verification


class VerifySchnorr(Verification):
    name = "verify_schnorr"
    layout = Layout.SCHNORR
    flat = 1_000_000

    def check(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> tuple[U8, U8]:
        at = parsed.fields
        verdict, status = engine.schnorr(column(at, 0), column(at, 1), column(at, 2))
        return status, verdict
