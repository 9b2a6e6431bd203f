"""Mutants: each takes one check away, and a test with a name must notice."""
