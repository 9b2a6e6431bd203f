"""Small programs, one for each way in which control moves; `spent` is stored where it matters.

`control.wat` holds the module around them, with P for the pointer's type, and the bodies of its function `f`, each after a line `;; name`.
Every gas limit up to a little over the cost is tried.
"""

from __future__ import annotations

from pathlib import Path

_MODULE, *_BODIES = (Path(__file__).parent / "control.wat").read_text().split("\n;; ")
BODIES = dict(body.split("\n", 1) for body in _BODIES)
ARGUMENTS = (b"", b"\0", b"\0\0")  # the parameter is the argument's length: 0, 1, 2


def text(body: str, *, is_64: bool) -> str:
    """The module's text for a body."""
    p = "i64" if is_64 else "i32"
    whole = _MODULE.replace("%BODY%", body).replace("%INDEX%", "i64" if is_64 else "")
    return whole.replace("(P.const", f"({p}.const").replace("(param P ", f"(param {p} ").replace('"A") P ', f'"A") {p} ')
