"""Test vectors and their loader."""
