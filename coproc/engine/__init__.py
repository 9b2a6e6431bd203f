"""Engines: the devices that run batched primitives."""
