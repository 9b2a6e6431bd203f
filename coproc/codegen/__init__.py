"""Prints the constants of ``coproc.params`` for a compiler; nothing printed is ever checked in."""
