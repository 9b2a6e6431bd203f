"""Primitives, engine by engine, against published vectors and against their own laws."""
