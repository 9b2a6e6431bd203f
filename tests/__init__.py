"""Tests, named like theorems."""
