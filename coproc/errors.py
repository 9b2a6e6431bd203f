"""The exceptions of coproc.

::

    CoprocError
    ├─ InvalidInput          the caller's own mistake: an unknown operation, a bad rule, a wrong file or line
    ├─ MalformedRequest      the arguments are no request        → the operation's fallback bytes; same on every node
    ├─ UpstreamPanic         Dusk's own host function panics here → a status of its own, never true or false
    ├─ EngineError           never an answer, never seen by a contract
    │  ├─ EngineUnavailable  an engine was asked for and there is none; says why
    │  ├─ EngineLost         a device or a worker died            → the batch is retried elsewhere
    │  └─ EngineBug          two engines disagree                 → that engine is stopped, the batch kept for replay
    └─ Unserved              nothing could run the request        → the node falls back to its own code

A batch reports per element by `Status`, not by exceptions; `MalformedRequest`, `UpstreamPanic` and `Unserved` are raised by
`Answer.unwrap` for callers who prefer exceptions.
"""


class CoprocError(Exception):
    """Any error that coproc raises on purpose."""


class InvalidInput(CoprocError, ValueError):
    """The caller's own mistake: an unknown operation, a rule that does not exist, a file or line that is wrong."""


class MalformedRequest(CoprocError):
    """The argument buffer does not pass the rkyv check of its operation."""


class UpstreamPanic(CoprocError):
    """Dusk's own host function panics on these arguments: no answer exists."""


class EngineError(CoprocError):
    """Something is wrong with an engine; never an answer."""


class EngineUnavailable(EngineError):
    """The engine asked for cannot be used here; the message says why."""


class EngineLost(EngineError):
    """A device or a worker died while it held a batch."""


class EngineBug(EngineError):
    """Two engines answered differently."""


class Unserved(CoprocError):
    """Nothing could run the request; it has no answer."""
