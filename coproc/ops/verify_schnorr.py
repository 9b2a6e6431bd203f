"""verify_schnorr: Schnorr signatures on JubJub; points arrive as extended coordinates, unreduced ones too."""

from __future__ import annotations

from coproc.engine.protocol import Engine, Layout, Parsed
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Pending
from coproc.ops.shape import column
from coproc.ops.verification import Verification


class VerifySchnorr(Verification):
    name = "verify_schnorr"
    layout = Layout.SCHNORR
    flat = 1_000_000

    def pending(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        at = parsed.fields
        verdict, status = engine.schnorr(column(at, 0), column(at, 1), column(at, 2))
        return Pending(status, verdict.reshape(-1, 1))
