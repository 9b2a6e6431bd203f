"""Formats: argument buffers (rkyv), typed arguments, names of keys, and the encodings that other provers write."""

from coproc.wire.arguments import KeySource, encode, join, scalar
from coproc.wire.key_digest import KIND_OF, KINDS, canonical, key_digest

__all__ = ["KINDS", "KIND_OF", "KeySource", "canonical", "encode", "join", "key_digest", "scalar"]
