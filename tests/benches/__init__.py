"""The benches run; their figures are looked at elsewhere."""
