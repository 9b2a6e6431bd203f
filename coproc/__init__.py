"""coproc: a proof-verification co-processor, Dusk's host functions answered bit for bit in batches."""
