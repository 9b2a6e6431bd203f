"""Kept batches: their file, their folder, and running them again."""
