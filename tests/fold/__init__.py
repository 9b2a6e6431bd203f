"""Folds: coefficients, products, the search for false claims, and verdicts that never differ from the single call's."""
