"""Curves and permutations as data: one file each, standard library only, every claim asserted when the file is imported."""
