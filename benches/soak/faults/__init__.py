"""Faults of an accelerator, one a batch, over all stages: no wrong answer (R8). See `__main__`."""
