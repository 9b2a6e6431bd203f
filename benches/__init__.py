"""Measurements of coproc: primitives of the C ABI and whole operations, beside the libraries they are compared with."""
