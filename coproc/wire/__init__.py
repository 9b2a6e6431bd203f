"""Formats: argument buffers (rkyv), typed arguments, and the encodings that other provers write."""

from coproc.wire.arguments import encode, join, scalar

__all__ = ["encode", "join", "scalar"]
