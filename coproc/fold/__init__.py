"""Folding: claims of a batch over one curve, weighted with secret coefficients, settled by one product of pairings; and who is to blame."""
