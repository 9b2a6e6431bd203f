"""Measuring: distinct true requests without a prover, throughput and latency, primitives beside other libraries, and what work should cost.

`requests` makes them, `throughput` times batches, `primitives` and `peers` stand side by side, `calibration` and `search` price.
"""
