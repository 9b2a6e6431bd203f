"""A deterministic simulation of the server: a virtual clock, clients of every kind, faulty workers, a faulty disk, a faulty network.

One thread, one seed: what went wrong once goes wrong again (`python -m benches.soak.simulation --seed N --hours H`).
"""
