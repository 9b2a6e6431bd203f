"""A deterministic simulation of batcher and journal: a virtual clock, clients of every kind, faulty workers, a faulty disk.

One thread, one seed: what went wrong once goes wrong again (`python -m benches.soak.simulation --seed N --hours H`).
"""
