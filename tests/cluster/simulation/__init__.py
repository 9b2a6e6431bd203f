"""A deterministic simulation of the batcher: a virtual clock, clients of every kind, pools whose workers die, stall, fail and lie late.

One thread, one seed: what went wrong once goes wrong again (`python -m benches.soak.simulation --seed N --hours H`).
"""
